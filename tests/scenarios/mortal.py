"""A process that answers three questions and kills itself at a given point, once; started again, it finishes."""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.assistant import Assistant, give_up, take_up
from bot.ladder import Ladder
from bot.ports import Limits, Ports
from bot.rules.terms import content_terms
from bot.standing import Standing
from connectors.chat.port import Attachment, IncomingMessage
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import Work
from knowledge.service_graph import Service, ServiceGraph
from tests.pictures import png
from tests.shelf import shelf

SHOT = png("the second question's")
QUESTIONS = ("how big is the payments pool?", "what do I do when the payments pool is exhausted?", "支付连接池多大？")
GRAPH = ServiceGraph([Service(name="payments", aliases={"zh": ["支付"]})])
POINTS = (
    "keep:after", "accept:before", "accept:after", "read:before", "read:after",
    "rewrite:before", "rewrite:after", "look:before", "look:after", "judge:after",
    "append:3", "answer:after", "settle:before", "settle:after", "record_delivery:after", "deliver:after",
)  # fmt: skip


class Mortal:
    """A state that kills its process before or after a named call, for the second question, unless it did so before."""

    def __init__(self, state: Any, point: str, marker: Path) -> None:
        self._state, self._marker = state, marker
        self._name, self._when = point.split(":")
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._state, name)
        return partial(self._call, name, found) if name in (self._name, "step") and name != "follow" else found

    async def _call(self, name: str, call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        point = arguments[0] if name == "step" else name
        if point == self._name and self._when == "before":
            self._die()
        if point == self._name and self._when.isdigit():
            self._calls += 1
            if self._calls == int(self._when):
                self._die()
        result = await call(*arguments)
        if point == self._name and self._when == "after":
            self._die()
        return result

    def _die(self) -> None:
        if not self._marker.exists():
            self._marker.write_text("died")
            os.kill(os.getpid(), signal.SIGKILL)


async def run(home: Path, point: str) -> None:
    roots = Roots(home=home, models=home)
    texts = {hashlib.sha256(SHOT).hexdigest(): "payments: pool exhausted"}
    async with (
        load("state", "sql", {}, roots) as real,
        load("ocr", "memory", {"texts": texts}, roots) as ocr,
        shelf() as library,
    ):
        state = Mortal(real, point, home / "died")
        ports = Ports(
            state=state,  # type: ignore[arg-type]  # it passes every call on
            library=library,
            ladder=Ladder([]),
            plugins=(),
            chats={},
            services=GRAPH.mentioned,
            terms=content_terms,
            limits=Limits(2, 60, 2000, 900, 500, 200, 5),
            clock=time.monotonic,
            standing=Standing(real, time.monotonic),
            ocr=ocr,
        )
        await real.start({"answer": Work(partial(take_up, ports=ports), partial(give_up, ports=ports))})
        assistant = Assistant(state=state, library=library)  # type: ignore[arg-type]  # as above
        cards = [await asked(assistant, number, text) for number, text in enumerate(QUESTIONS)]
        print(json.dumps(cards))  # noqa: T201  # the report to the test


async def asked(assistant: Assistant, number: int, text: str) -> dict[str, Any]:
    sent_at = datetime(2026, 3, 4, tzinfo=UTC)
    digests = [await assistant.keep_picture("ann", SHOT, sent_at)] if number == 1 else []
    message = IncomingMessage(
        event_id=f"e{number}",
        channel="web",
        thread_id="t",
        author="ann",
        text=text,
        sent_at=sent_at,
        attachments=tuple(Attachment(name="shot.png", digest=digest) for digest in digests),
    )
    question_id, _ = await assistant.on_message(message)
    frames = [frame async for frame in assistant.follow(question_id)]
    return {"id": question_id, "cards": sum(f.kind == "card" for f in frames), "last": json.loads(frames[-1].data)}


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
