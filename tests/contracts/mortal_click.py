"""A process that approves a proposal and kills itself at a given point, once; started again, it finishes."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.audit_port import first_broken
from connectors.state.port import Work
from connectors.state.remedy_port import Ruling, Standing
from tests.contracts.remedies import clicked, entry, execution, go, proposal, vote
from tests.contracts.states import idle


def reached(now: str) -> None:
    """Die here, unless that has happened before."""
    home, point = Path(sys.argv[1]), sys.argv[3]
    if now == point and not (home / "died").exists():
        (home / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)


async def execute(state: Any, home: Path, proposal_id: str) -> None:
    """Carry out what is approved, once; what was cut off is not known."""
    if await state.claim_execution(execution(proposal_id), go):
        reached("claimed")
        with (home / "effects").open("a") as effects:
            effects.write(f"{proposal_id}\n")
        reached("carried out")
        await state.settle_execution(execution(proposal_id, status="done"), [entry("done")])
        reached("settled")
    elif [one.proposal_id for one in await state.unsettled()] == [proposal_id]:
        await state.settle_execution(execution(proposal_id, status="unknown"), [entry("unknown")])


async def run(home: Path, url: str) -> None:
    """Click as the platform does, again after a crash, and say what there is."""

    def rule(standing: Standing) -> Ruling:
        ruling = clicked(vote(), needed=1)(standing)
        reached("ruling")
        return ruling

    table = {"url": url} if url else {}
    done = asyncio.Event()
    async with load("state", "sql", table, Roots(home, home)) as state:

        async def journey(proposal_id: str) -> None:
            await execute(state, home, proposal_id)
            done.set()

        def enqueue(*work: object) -> None:
            enqueued(*work)
            reached("enqueued")

        enqueued, state.queue.enqueue = state.queue.enqueue, enqueue
        await state.propose(proposal(), [entry()])
        await state.rule("p1", "e1", rule)
        reached("committed")
        await state.start({"answer": Work(idle, idle), "execute": Work(journey, idle)})
        await asyncio.wait_for(done.wait(), 20)
        events = [one.event for one in await state.audited()]
        effects = (home / "effects").read_text().split() if (home / "effects").exists() else []
        said = {"events": events, "votes": len(await state.votes("p1")), "effects": len(effects)}
        print(json.dumps({**said, "broken": await first_broken(state)}))  # noqa: T201  # the report to the test


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
