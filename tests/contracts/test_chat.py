"""What every chat promises: one arrival per question, a receipt, and an error instead of silence."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.chat.card_port import Card
from connectors.chat.port import CannotFetch, Chat, Recipient, Undeliverable, WebRequest
from connectors.configuration import Roots
from connectors.load import load


def card(text: str) -> Card:
    return Card(question_id="q1", kind="answer", language="en", text=text)


@pytest.fixture(params=["memory"])
async def chat(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chat]:
    async with load("chat", request.param, {}, Roots(home=tmp_path, models=tmp_path)) as opened:
        yield opened


TO = Recipient(thread_id="t1", author="ann")


async def test_posting_again_arrives_once_with_the_same_receipt(chat: Chat) -> None:
    first = await chat.post(TO, card("The pool is full."), {})
    second = await chat.post(TO, card("The pool is full."), {})

    assert first == second
    assert first.rung == "card"


async def test_beginning_again_shows_one_message(chat: Chat) -> None:
    assert await chat.begin(TO, "q1", "Looking into it") == await chat.begin(TO, "q1", "Looking into it")


async def test_what_does_not_fit_a_card_arrives_another_way(chat: Chat) -> None:
    assert (await chat.post(TO, card("x" * 20_000), {})).rung != "card"


async def test_what_cannot_arrive_is_an_error(chat: Chat) -> None:
    with pytest.raises(Undeliverable, match="accepted"):
        await chat.post(TO, card("x" * 100_000), {})


async def test_a_file_that_is_gone_is_an_error(chat: Chat) -> None:
    with pytest.raises(CannotFetch, match="no longer"):
        await chat.fetch("F404", 100)


async def test_strangers_are_not_answered(chat: Chat) -> None:
    assert (await chat.receive(WebRequest(headers={}, body=b"{}"))).status >= 400
