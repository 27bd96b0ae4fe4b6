"""Arguments that a model wrote, against the schema of the tool."""

import pytest
from pydantic import JsonValue

from bot.guards.arguments import admit
from connectors.tools.port import BadArguments, Tool

PROPERTIES: dict[str, JsonValue] = {
    "query": {"type": "string", "minLength": 1},
    "limit": {"type": "integer", "maximum": 100},
    "ratio": {"type": "number"},
    "quiet": {"type": "boolean"},
}


def tool(**schema: JsonValue) -> Tool:
    base: dict[str, JsonValue] = {"type": "object", "properties": PROPERTIES, "required": ["query"]}
    return Tool("logs", "Logs", "Lines of logs.", {**base, "additionalProperties": False, **schema})


def test_what_follows_the_schema_passes() -> None:
    assert admit(tool(), {"query": "x", "limit": 5}) == {"query": "x", "limit": 5}


def test_null_counts_as_left_out() -> None:
    assert admit(tool(), {"query": "x", "limit": None}) == {"query": "x"}


def test_numbers_and_booleans_may_be_spelt_as_text() -> None:
    spelt: dict[str, JsonValue] = {"query": "x", "limit": "5", "ratio": "-0.5", "quiet": "True"}

    assert admit(tool(), spelt) == {"query": "x", "limit": 5, "ratio": -0.5, "quiet": True}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, "'query' is a required property.*It takes: query, limit", id="missing"),
        pytest.param({"query": "x", "limit": 500}, "limit: 500 is greater than the maximum", id="too-much"),
        pytest.param({"query": "x", "limit": "many"}, "limit: 'many' is not of type 'integer'", id="other-type"),
        pytest.param({"query": "x", "shell": "rm"}, "'shell' was unexpected", id="unknown"),
        pytest.param({"query": ["x"]}, "query: .* is not of type 'string'", id="list-for-text"),
    ],
)
def test_what_does_not_is_refused_with_the_place(given: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        admit(tool(), given)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"properties": {"query": {"$ref": "http://127.0.0.1:9/schema.json"}}}, id="somebody-else-s"),
        pytest.param({"properties": {"query": {"type": "sentence"}}}, id="no-schema"),
    ],
)
def test_a_schema_that_refers_elsewhere_or_is_none_is_refused(schema: dict[str, JsonValue]) -> None:
    with pytest.raises(BadArguments, match="unusable"):
        admit(tool(**schema), {"query": "x"})
