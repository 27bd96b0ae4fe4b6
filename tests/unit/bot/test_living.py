"""A message that shows how far an answer is: the latest state, at the platform's pace."""

import asyncio
import json

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
