"""A process that answers on a chat platform, to be killed: `python -m tests.scenarios.chatting HOME VENDOR SETTINGS`.

It prints a line when it listens. ``SETTINGS`` is the JSON table of the vendor, with ``model_seconds`` beside it: how
long its scripted model takes for each answer.
"""

import asyncio
import json
import sys
import time
from functools import partial
from pathlib import Path

from bot.assistant import Assistant, give_up, take_up
from bot.inbox import ChatInbox
from bot.ladder import Ladder
from bot.logs import set_up_logs
from bot.ports import Limits, Ports
from bot.redelivery import Redelivery
from bot.rules.terms import content_terms
from bot.standing import Standing
from connectors.configuration import Roots
from connectors.llm.memory import Line, ScriptedModel
from connectors.load import load
from connectors.state.port import Work
from knowledge.service_graph import ServiceGraph
from tests.shelf import shelf

ANSWER = "The payments pool holds 40 connections in production and 10 in staging [1]."


async def serve(home: Path, vendor: str, table: dict[str, object]) -> None:
    """Until the process is ended."""
    roots = Roots(home=home, models=home)
    seconds = float(str(table.pop("model_seconds", 0)))
    async with (
        shelf() as library,
        load("chat", vendor, table, roots) as chat,
        load("state", "sql", {"workers": 20}, roots) as state,
    ):
        # What no line fits is left to rules: only the answer is the model's, and takes its time.
        model = ScriptedModel([Line(match="EVIDENCE", reply=ANSWER, seconds=seconds)] if seconds else [])
        ports = Ports(
            state=state,
            library=library,
            ladder=Ladder([model] if seconds else []),
            plugins=(),
            chats={vendor: chat},
            services=ServiceGraph().mentioned,
            terms=content_terms,
            limits=Limits(2, 60, 2000, 900, 500, 200, 5),
            clock=time.monotonic,
            standing=Standing(state, time.monotonic),
        )
        await state.start({"answer": Work(partial(take_up, ports=ports), partial(give_up, ports=ports))})
        inbox = ChatInbox(Assistant(state, library, chats=ports.chats), ports.chats)
        again = asyncio.create_task(Redelivery(ports).run())
        await chat.listen(inbox)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
        again.cancel()


if __name__ == "__main__":
    set_up_logs()
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
