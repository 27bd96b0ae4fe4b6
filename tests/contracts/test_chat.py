"""What every chat promises: one arrival per question, a receipt, and an error instead of silence."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.chat.port import Card, Chat, Undeliverable
from connectors.configuration import Roots
from connectors.load import load


def card(text: str) -> Card:
    return Card(question_id="q1", kind="answer", language="en", text=text)


@pytest.fixture(params=["memory"])
async def chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chat]:
    async with load("chat", request.param, {}, Roots(home=tmp_path, models=tmp_path)) as opened:
        yield opened


async def test_posting_again_arrives_once_with_the_same_receipt(chat: Chat) -> None:
    first = await chat.post("t1", card("The pool is full."))
    second = await chat.post("t1", card("The pool is full."))

    assert first == second
    assert first.rung == "card"


async def test_what_does_not_fit_a_card_arrives_another_way(chat: Chat) -> None:
    assert (await chat.post("t1", card("x" * 20_000))).rung != "card"


async def test_what_cannot_arrive_is_an_error(chat: Chat) -> None:
    with pytest.raises(Undeliverable, match="accepted"):
        await chat.post("t1", card("x" * 100_000))
