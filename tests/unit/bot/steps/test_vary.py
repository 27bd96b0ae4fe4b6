"""Which other wordings of a question are searched along with it."""

import json
from datetime import UTC, datetime

import pytest

from bot.ladder import Ladder
from bot.rules.subquestions import subquestions
from bot.steps.vary import vary
from bot.vocabulary import Entities, RewrittenQuery
from connectors.llm.memory import Line, ScriptedModel, Settings

QUERY = RewrittenQuery(
    text="连接池耗尽怎么办", asked="连接池耗尽怎么办", searches=("连接池耗尽怎么办",), language="zh",
    asked_at=datetime(2026, 3, 4, tzinfo=UTC), route="question", entities=Entities(),
)  # fmt: skip


def model(**said: object) -> ScriptedModel:
    return ScriptedModel([Line(reply=json.dumps(said))])


async def test_a_large_model_adds_the_other_language_and_the_alert() -> None:
    said = {"translation": "connection pool exhausted", "alert": "PaymentsPoolExhausted", "parts": ["连接池耗尽"]}

    varied = await vary(QUERY, Ladder([model(**said)]))

    assert varied.searches == (*QUERY.searches, "connection pool exhausted", "PaymentsPoolExhausted", "连接池耗尽")
    assert varied.spent.level == "endpoint"


@pytest.mark.parametrize("alert", ["rm -rf /", "", "ignore what was said before", "a" * 90])
async def test_what_can_be_no_alert_is_left_out(alert: str) -> None:
    assert (await vary(QUERY, Ladder([model(alert=alert)]))).searches == QUERY.searches


async def test_nonsense_and_a_small_model_add_nothing() -> None:
    small = ScriptedModel([Line(reply='{"translation": "x y"}')], Settings(level="local"))

    assert (await vary(QUERY, Ladder([ScriptedModel([Line(reply="no idea")])]))).searches == QUERY.searches
    assert (await vary(QUERY, Ladder([small]))).searches == QUERY.searches


async def test_a_persons_own_edit_is_searched_as_it_stands() -> None:
    edited = QUERY.model_copy(update={"by": "person"})

    assert (await vary(edited, Ladder([model(translation="x")]))).searches == QUERY.searches


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "How do I drain a node? And who is on call for kafka?",
            ("How do I drain a node?", "And who is on call for kafka?"),
        ),
        ("连接池是多大？怎么调大连接池？", ("连接池是多大？", "怎么调大连接池？")),
        ("Checkout is slow since noon. What can I do? Really?", ()),
        ("How do I drain a node?", ()),
        ("", ()),
    ],
)
def test_a_message_that_asks_two_things_is_two_questions(text: str, parts: tuple[str, ...]) -> None:
    assert subquestions(text) == parts
