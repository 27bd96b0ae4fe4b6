"""A server that takes alerts and sorts them over SQLite, and whose diagnoses only say when they began."""

import asyncio
import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import uvicorn

from bot.assistant import Assistant
from bot.evals.storms import graph
from bot.http import build_app, utc_now
from bot.rules.incident_modes import IncidentRules
from bot.settings import Web
from bot.sorting import Sorter
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import State, Work
from knowledge.service_graph import Service, ServiceGraph
from tests.shelf import shelf

SERVICES, CALLS = 40, 3.0
BEGAN = "began"


def services() -> ServiceGraph:
    """A graph of made services, the same every time."""
    calls = graph(SERVICES, CALLS, random.Random(7))  # noqa: S311  # not a secret
    names = sorted({name for call in calls for name in call})
    return ServiceGraph([Service(name=name, depends_on=[to for by, to in calls if by == name]) for name in names])


async def nothing(_id: str) -> None:
    """Answers are not asked for."""


async def main(home: Path, port: int) -> None:
    """Serve until killed."""
    roots = Roots(home, home)
    table = {"token": "long-enough"}
    async with load("state", "sql", {}, roots) as state, load("alerts", "alertmanager", table, roots) as receiver:

        async def begin(id: str) -> None:
            with (home / BEGAN).open("a") as file:
                file.write(json.dumps(time.time()) + "\n")
            await end(state, id)

        await state.start({"answer": Work(nothing, nothing), "diagnose": Work(begin, nothing)})
        sorter = Sorter(state, services(), IncidentRules(wait_seconds=0), utc_now)
        sorting = asyncio.create_task(sorter.run())
        async with shelf() as library:
            assistant = Assistant(state, library, receivers={"alertmanager": receiver})
            app = build_app(assistant, Web(port=port))
            await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")).serve()
        sorting.cancel()


async def end(state: State, id: str) -> None:
    """A diagnosis that found nothing out."""
    run = await state.diagnosis(id)
    if run:
        await state.record_diagnosis(replace(run, ended_at=utc_now()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
