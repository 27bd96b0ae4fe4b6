"""Arguments as models: their schema, their check, spans and steps."""

import datetime as dt

import pytest

from connectors.tools.port import BadArguments, Result
from connectors.tools.questions import Question, Questions, Span, checked, seconds, step_for


class Find(Span):
    """Find
    something.
    """

    query: str
    """What to look for."""

    title: str = ""
    """A field may be called so."""


async def answer(asked: Find) -> Result:
    return Result(asked.query, asked.query)


QUESTIONS = Questions(Question("find", "Find", "logs", Find, answer))
NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


async def test_docstrings_become_descriptions() -> None:
    (tool,) = await QUESTIONS.list()

    properties = tool.arguments["properties"]
    assert isinstance(properties, dict)
    assert tool.description == "Find something."
    assert properties["query"] == {"type": "string", "description": "What to look for."}
    assert "title" in properties
    assert tool.arguments["additionalProperties"] is False


async def test_a_wrong_argument_names_itself_and_the_right_ones() -> None:
    with pytest.raises(BadArguments, match=r"find: query: Field required.* It takes: start, end, last, query, title"):
        await QUESTIONS.call("find", {"last": "1h"})


async def test_null_is_left_out() -> None:
    assert (await QUESTIONS.call("find", {"query": "x", "start": None})).text == "x"


def test_a_span_ends_now_and_begins_as_far_back_as_asked() -> None:
    assert Span(last="30m").within(NOW.timestamp()) == (NOW.timestamp() - 1800, NOW.timestamp())


def test_a_span_counts_back_from_its_end() -> None:
    end = NOW - dt.timedelta(days=1)

    assert Span(end=end, last="1h").within(NOW.timestamp()) == (end.timestamp() - 3600, end.timestamp())


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadArguments, match="before end"):
        Span(start=NOW, end=NOW).within(NOW.timestamp())


@pytest.mark.parametrize("arguments", [{"start": "2026-03-02T09:00:00"}, {"last": "soon"}, {"last": "0h"}])
def test_times_without_an_offset_and_odd_durations_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(BadArguments):
        checked(Span, dict(arguments), "x")


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (900, 15),
        (3600, 30),
        (4 * 3600, 120),
        (86400, 600),
        (7 * 86400, 3600),
        (90 * 86400, 43200),
        (900 * 86400, 432000),
    ],
)
def test_the_step_keeps_points_below_two_hundred(span: int, step: int) -> None:
    assert step_for(0, span) == step
    assert span / step <= 200


@pytest.mark.parametrize(
    ("written", "value"), [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604800), ("1w", 604800)]
)
def test_durations(written: str, value: int) -> None:
    assert seconds(written) == value
