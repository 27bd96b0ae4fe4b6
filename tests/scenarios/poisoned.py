"""A process that answers two questions, and dies whenever it works on the first; started often enough, it lives."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import Received, Work


async def run(home: Path) -> None:
    async with load("state", "sql", {}, Roots(home=home, models=home)) as state:

        async def answer(question_id: str) -> None:
            question = await state.question(question_id)
            await asyncio.sleep(0.05)
            if question and question.text == "poison":
                os._exit(9)
            await asyncio.sleep(0.2)  # longer than the process lives, when both run together
            await deliver(question_id, "answered")

        async def give_up(question_id: str) -> None:
            await deliver(question_id, "given up")

        async def deliver(question_id: str, card: str) -> None:
            await state.settle(question_id, card)
            await state.record_delivery(question_id, "web", "card", question_id)

        ids = [
            (await state.accept(Received(text, "web", "t", "ann", text, "{}", datetime(2026, 3, 1, tzinfo=UTC))))[0]
            for text in ("poison", "innocent")
        ]
        await state.start({"answer": Work(answer, give_up)})
        print(json.dumps([[frame.data async for frame in state.follow(one, after=0)] for one in ids]))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
