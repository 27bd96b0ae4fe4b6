"""A message that shows how far an answer is: the latest state, at the platform's pace."""

import asyncio
import json

import pytest

from bot.living import Living, living
from connectors.chat.memory import MemoryChat, Settings
from connectors.chat.port import Progress, Recipient
from connectors.state.memory import MemoryState
from connectors.state.port import Received
from tests.unit.bot.stage import NOON

TO = Recipient(thread_id="t1", author="ann")


async def turns() -> None:
    """Let what is ready run."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_the_draft_grows_and_is_replaced_as_it_is_checked() -> None:
    state, chat = MemoryState(), MemoryChat(Settings())
    question_id, _ = await state.accept(Received("e1", "slack", "t1", "ann", "hi", "{}", NOON))

    async with living(state, question_id, Living(chat, TO, "m1")):
        for kind, text in (
            ("status", "Searching"),
            ("append", "The pool"),
            ("append", " lies"),
            ("replace", "The pool"),
        ):
            await state.append(question_id, kind, json.dumps({"text": text}))
        await turns()

    assert chat.shown[-1] == ("m1", Progress(doing="Searching", draft="The pool"))


async def test_a_platform_is_not_asked_more_often_than_it_allows() -> None:
    chat = MemoryChat(Settings(), seconds_between_updates=3600)
    state = MemoryState()
    question_id, _ = await state.accept(Received("e1", "slack", "t1", "ann", "hi", "{}", NOON))

    async with living(state, question_id, Living(chat, TO, "m1")):
        await state.append(question_id, "status", json.dumps({"text": "one"}))
        await turns()
        await state.append(question_id, "status", json.dumps({"text": "two"}))
        await turns()

    assert [progress.doing for _, progress in chat.shown] == ["one"]


async def test_what_is_shown_already_is_not_shown_again() -> None:
    state, chat = MemoryState(), MemoryChat(Settings())
    question_id, _ = await state.accept(Received("e1", "slack", "t1", "ann", "hi", "{}", NOON))

    async with living(state, question_id, Living(chat, TO, "m1")):
        for _ in range(2):
            await state.append(question_id, "status", json.dumps({"text": "Searching"}))
            await turns()

    assert chat.shown == [("m1", Progress(doing="Searching"))]


class SlowChat(MemoryChat):
    """Takes what was sent to it to its end, as platforms do, and shows it only when it is told to."""

    def __init__(self) -> None:
        super().__init__(Settings())
        self.shows = asyncio.Event()

    async def update(self, to: Recipient, message_id: str, progress: Progress) -> None:
        try:
            await self.shows.wait()
            await super().update(to, message_id, progress)
        except asyncio.CancelledError:
            self.shown.append(("lost", progress))
            raise


async def test_a_draft_that_is_on_its_way_arrives_before_the_answer_can() -> None:
    state, chat = MemoryState(), SlowChat()
    question_id, _ = await state.accept(Received("e1", "slack", "t1", "ann", "hi", "{}", NOON))

    async with living(state, question_id, Living(chat, TO, "m1")):
        await state.append(question_id, "status", json.dumps({"text": "Searching"}))
        await turns()
        asyncio.get_running_loop().call_later(0.01, chat.shows.set)

    assert chat.shown == [("m1", Progress(doing="Searching"))]


async def test_a_draft_that_does_not_arrive_holds_no_answer_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.living.PATIENCE_SECONDS", 0.01)
    state, chat = MemoryState(), SlowChat()
    question_id, _ = await state.accept(Received("e1", "slack", "t1", "ann", "hi", "{}", NOON))

    async with living(state, question_id, Living(chat, TO, "m1")):
        await state.append(question_id, "status", json.dumps({"text": "Searching"}))
        await turns()

    assert chat.shown == [("lost", Progress(doing="Searching"))]
