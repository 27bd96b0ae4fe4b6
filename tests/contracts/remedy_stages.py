"""Every executor with something to change: what its catalogue entry says, what was changed, and how it breaks."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from connectors.configuration import Roots
from connectors.load import load
from connectors.remediation.memory import MemoryExecutor
from connectors.remediation.port import Action, ApprovedAction, Executor
from tests.contracts.fake_cluster import CHECKOUT, FakeCluster
from tests.contracts.loopback import Asked, Said, listening

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RUN_AS = "root" if os.geteuid() == 0 else ""
# What the program does is the second word; the first is a file that gets a line for everything done.
PROGRAM = """
import os, signal, sys, time
file, way = sys.argv[1], sys.argv[2]
if way == "refuses":
    sys.exit("the service is not known")
open(file, "a").write(os.environ["NIGHTSHIFT_KEY"] + "\\n") if way != "dry" else None
if way == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
print("restarted" if way != "dry" else "would restart")
"""


@dataclass
class Stage:
    """An executor, the parts of its entry, and what was done so far. A way to break is a function without arguments."""

    executor: Executor
    run: dict[str, JsonValue]
    dry: dict[str, JsonValue]
    count: Callable[[], int]
    away: Callable[[], None]
    failing: Callable[[], None]
    lost: Callable[[], None]
    ways: dict[str, str] = field(default_factory=dict)

    def action(self, **parameters: JsonValue) -> Action:
        given: dict[str, JsonValue] = {"service": "checkout", **self.ways, **parameters}
        filled = self.executor.fill(self.run, given)
        dry = self.executor.fill(self.dry, given)
        return action(self.executor.name, filled, dry)


def action(executor: str, run: dict[str, JsonValue], dry: dict[str, JsonValue] | None = None) -> Action:
    return Action(remedy="restart", entry="e1", executor=executor, target="checkout", run=run, rehearsal=dry or {})


def approved(what: Action, key: str = "k1") -> ApprovedAction:
    return ApprovedAction(
        action=what,
        proposal_id="p1",
        key=key,
        approved_by=("bob",),
        approved_at=NOON,
        until=NOON + timedelta(minutes=10),
    )


@asynccontextmanager
async def opened(name: str, folder: Path, **table: Any) -> AsyncIterator[Any]:
    async with load("remediation", name, table, Roots(folder, folder)) as executor:
        yield executor


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[Stage]:
    async with opened("memory", folder) as found:
        executor: MemoryExecutor = found

        def breaks(**how: str) -> Callable[[], None]:
            return lambda: [setattr(executor, name, value) for name, value in how.items()] and None

        spec: dict[str, JsonValue] = {"do": "restart {service}"}
        yield Stage(
            executor,
            spec,
            spec,
            lambda: 0 if executor.failing else len(executor.done),
            breaks(away="no way"),
            breaks(failing="no"),
            breaks(lost="?"),
        )


@asynccontextmanager
async def command(folder: Path) -> AsyncIterator[Stage]:
    done, program = folder / "done", folder / "restart.py"
    program.write_text(PROGRAM, encoding="utf-8")
    python = folder / "python"
    python.symlink_to(sys.executable)

    async with opened("command", folder, programs=[str(python)], user=RUN_AS) as executor:
        spec: dict[str, JsonValue] = {"argv": [str(python), str(program), str(done), "{way}"]}
        dry: dict[str, JsonValue] = {"argv": [str(python), str(program), str(done), "dry"]}
        ways = {"way": "restarts"}
        yield Stage(
            executor,
            spec,
            dry,
            lambda: len(done.read_text().splitlines()) if done.exists() else 0,
            python.unlink,
            lambda: ways.update(way="refuses"),
            lambda: ways.update(way="dies"),
            ways,
        )


@asynccontextmanager
async def http(folder: Path) -> AsyncIterator[Stage]:
    async with listening() as server:
        done: list[Asked] = []
        status: dict[str, int | None] = {"now": 200}

        def answer(asked: Asked) -> Said:
            if asked.parts.path.endswith("/dry") or status["now"] == 409:
                return Said(status["now"], "would restart")
            done.append(asked)
            return Said(status["now"], {"id": 1})

        server.answer = answer
        targets = {"jobs": {"url": server.url, "token": "operator"}}
        async with opened("http", folder, targets=targets) as executor:
            spec: dict[str, JsonValue] = {"target": "jobs", "path": "/run/{service}"}
            yield Stage(
                executor,
                spec,
                {**spec, "path": "/run/{service}/dry"},
                lambda: len(done),
                lambda: _unplugged(executor, "jobs"),
                lambda: status.update(now=409),
                lambda: status.update(now=None),
            )


@asynccontextmanager
async def kubernetes(folder: Path) -> AsyncIterator[Stage]:
    async with listening() as server:
        cluster = FakeCluster()
        server.answer = cluster.answer
        table = {"url": server.url, "token": "operator", "namespaces": ["shop"], "timeout_seconds": 5}
        async with opened("kubernetes", folder, **table) as executor:
            spec: dict[str, JsonValue] = {"operation": "restart", "namespace": "shop", "name": "{service}"}
            yield Stage(
                executor,
                spec,
                spec,
                lambda: "annotations" in cluster.objects[CHECKOUT]["spec"]["template"]["metadata"],
                lambda: setattr(cluster, "token", "another"),
                lambda: setattr(cluster, "refusing", 422),
                lambda: setattr(cluster, "silent", True),
            )


def _unplugged(executor: Any, target: str) -> None:
    # Port 9 is for discarding, and nobody listens there.
    line = executor.lines[target]
    object.__setattr__(line, "url", "http://127.0.0.1:9")


STAGES = {"memory": memory, "command": command, "http": http, "kubernetes": kubernetes}
