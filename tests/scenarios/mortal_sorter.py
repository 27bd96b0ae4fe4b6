"""A process that sorts a storm in small batches and kills itself at a given point, once; started again, it finishes."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from bot import sorting
from bot.incident import Incident
from bot.rules.incident_modes import IncidentRules
from bot.rules.reports import heard
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.port import Work
from tests.scenarios.mortal import Mortal
from tests.unit.bot.watchtower import GRAPH, NOON, alert

POINTS = (
    "nowhere:before", "change:before", "change:after", "change:2", "change:3", "change:4", "known_alerts:2",
    "alerts_of:before", "alerts_of:after",
)  # fmt: skip
STORM = (
    ("Latency", "web", 0, "firing"),
    ("Slow", "postgres-payments", 1, "firing"),
    ("Latency", "elastic", 2, "firing"),
    ("Latency", "web", 0, "firing"),
    ("Latency", "checkout", 30, "firing"),
    ("Errors", "payments", 31, "firing"),
    ("Latency", "elastic", 2, "resolved"),
)


async def run(home: Path, point: str) -> None:
    """Hear everything at the first start, sort it, and say what there is."""
    sorting.BATCH = 2
    now = NOON + timedelta(minutes=1)
    async with load("state", "sql", {}, Roots(home, home)) as real:

        async def diagnose(id: str) -> None:
            run = await real.diagnosis(id)
            await real.record_diagnosis(replace(run, ended_at=now))

        await real.start({"answer": Work(diagnose, diagnose), "diagnose": Work(diagnose, diagnose)})
        if not (home / "heard").exists():
            await real.hear([heard(reported(*one), now) for one in STORM])
            (home / "heard").touch()
        ids = count(1)
        state = Mortal(real, point, home / "died")
        rules = IncidentRules(wait_seconds=0)
        sorter = sorting.Sorter(state, GRAPH, rules, lambda: now, new_id=lambda: f"{home.name}-{next(ids)}")  # type: ignore[arg-type]  # it passes every call on
        while await sorter.step() or await real.unsorted(1):
            pass
        rows = [Incident.model_validate_json(one.body) for one in await real.incidents()]
        told = [[one.title, one.status, one.alerts, one.firing, bool(one.merged_into)] for one in rows]
        known = await real.recent_alerts(NOON - timedelta(days=1))
        standing = {one.id for one in rows if one.status != "merged"}
        print(json.dumps({"incidents": sorted(told), "astray": sum(one.incident_id not in standing for one in known)}))  # noqa: T201  # the report to the test


def reported(name: str, service: str, seconds: float, status: str) -> object:
    """A report of the storm."""
    more = {"ended_at": NOON + timedelta(seconds=40)} if status == "resolved" else {}
    text = "waiting for postgres-payments" if service == "checkout" else ""
    began = NOON + timedelta(seconds=seconds)
    return alert(name, service, status=status, started_at=began, description=text, **more)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
