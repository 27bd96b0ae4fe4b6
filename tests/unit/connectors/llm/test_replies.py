"""How replies are asked for and read."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from connectors.llm.port import ModelNonsense, Prompt, Usage
from connectors.llm.replies import read, response_format, wording

USAGE = Usage(1, 1, 0.1)


class Part(BaseModel):
    text: Annotated[str, StringConstraints(max_length=5_000)]


class Shape(BaseModel):
    query: str
    kind: Annotated[str, Field(pattern="^a$")] = "a"
    parts: list[Part] = []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"query": "disk"}', id="bare"),
        pytest.param(' \n{"query": "disk"}\n', id="blanks"),
        pytest.param('```json\n{"query": "disk"}\n```', id="fenced"),
        pytest.param('Sure!\n\n```\n{"query": "disk"}\n```\nAnything else?', id="fenced-between-words"),
        pytest.param('```json\n{"query": "disk"}', id="fence-left-open"),
        pytest.param('<think>{hm}</think>\n```json\n{"query": "disk"}\n```', id="after-thinking-aloud"),
        pytest.param('The query is {"query": "disk"}.', id="between-words"),
    ],
)
def test_a_value_is_found(text: str) -> None:
    assert read(text, Shape, USAGE).query == "disk"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "json_invalid", id="empty"),
        pytest.param("}{", "json_invalid", id="braces"),
        pytest.param('{"query": "disk', "json_invalid", id="cut-off"),
        pytest.param('{"question": "disk"}', "missing", id="other-names"),
        pytest.param('Well: {"query": 3}', "string_type", id="other-types-between-words"),
    ],
)
def test_nonsense_carries_its_text_its_cost_and_the_best_reason(text: str, why: str) -> None:
    with pytest.raises(ModelNonsense) as nonsense:
        read(text, Shape, USAGE)

    assert (str(nonsense.value), nonsense.value.usage) == (text, USAGE)
    assert isinstance(nonsense.value.__cause__, ValidationError)
    assert nonsense.value.__cause__.errors()[0]["type"] == why


def test_texts_are_bounded_for_a_small_model_and_nothing_else_is() -> None:
    asked: Any = response_format(Shape, "json_schema", 600)
    schema = asked["response_format"]["json_schema"]["schema"]

    assert schema["properties"]["query"]["maxLength"] == 600
    assert schema["$defs"]["Part"]["properties"]["text"]["maxLength"] == 600
    assert "maxLength" not in schema["properties"]["kind"]


def test_without_a_bound_the_schema_is_the_shape_itself() -> None:
    asked: Any = response_format(Shape, "json_schema", None)

    assert asked["response_format"]["json_schema"]["schema"] == Shape.model_json_schema()


def test_a_schema_that_is_enforced_leaves_the_prompt_alone() -> None:
    prompt = Prompt("Rewrite.", "disk")

    assert wording(prompt, Shape, "json_schema") == prompt
    assert wording(prompt, Shape, "prompt").material == "disk"
    assert '"query"' in wording(prompt, Shape, "json_object").instruction
