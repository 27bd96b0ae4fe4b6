"""A process that offers remedies, is clicked on and carries them out, and kills itself at given calls."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.catalogue import Catalogue
from bot.guards.approval import Approval, Click
from bot.guards.cases import Rules
from bot.proposing import propose
from bot.remediating import give_up, remediate
from bot.remedy_clicks import RemedyClicks
from bot.remedy_ports import RemedyPorts
from bot.toolbox import Toolbox, ToolLimits
from connectors.configuration import Roots
from connectors.load import load, vendor
from connectors.remediation.port import Action, ApprovedAction, Rehearsal, Result, Uncertain
from connectors.state.audit_port import first_broken
from connectors.state.port import Work
from connectors.tools.port import Result as Answer
from knowledge.service_graph import ServiceGraph
from tests.unit.bot.guards.rulings import PEOPLE, POLICIES, TERMS
from tests.unit.bot.remedy_room import BROKEN, RESTART, WELL, Tools, diagnosis, incident, remedies

POINTS = (
    "propose:1:before", "propose:1:after", "rule:1:after", "rule:2:before", "rule:2:inside", "rule:2:after",
    "claim_execution:1:before", "claim_execution:1:inside", "claim_execution:1:after",
    "execute:1:before", "execute:1:after",
    "settle_execution:1:before", "settle_execution:1:after", "rule:3:before", "rule:3:after",
    "settle_execution:2:before", "settle_execution:2:after", "rule:4:before", "rule:4:inside", "rule:4:after",
)  # fmt: skip
"""The first ruling is on whether it runs by itself, the click is the second, reports are the third and the fourth."""
DOUBTFUL = frozenset(("claim_execution:1:after", "execute:1:before", "execute:1:after", "settle_execution:1:before"))
LOST = 17
"""Of every so many the answer is lost."""


@dataclass
class Death:
    """Comes at a call, ``name:number:when``, once."""

    home: Path
    point: str
    calls: Counter[str] = field(default_factory=Counter)

    def next(self, name: str) -> Callable[[str], None]:
        """For the next call of this name: told how far it is, it dies there if this is the moment."""
        self.calls[name] += 1
        number = self.calls[name]

        def reached(when: str) -> None:
            if f"{name}:{number}:{when}" == self.point and not (self.home / "died").exists():
                (self.home / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)

        return reached


class Mortal:
    """A state that death may come to before, inside and after the calls of a remedy's journey."""

    def __init__(self, state: Any, death: Death) -> None:
        self._state, self._death = state, death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._state, name)
        mortal = ("propose", "rule", "claim_execution", "settle_execution")
        return partial(self._call, name, found) if name in mortal else found

    async def _call(self, name: str, call: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        reached = self._death.next(name)
        reached("before")
        result = await call(*(_inside(one, reached) if callable(one) else one for one in given))
        reached("after")
        return result


def _inside(rule: Callable[[Any], Any], reached: Callable[[str], None]) -> Callable[[Any], Any]:
    def inside(standing: Any) -> Any:
        ruling = rule(standing)
        reached("inside")
        return ruling

    return inside


@dataclass
class Effects:
    """An executor whose deeds are lines of a file; of some of them the answer is lost."""

    home: Path
    death: Death
    name: str = "memory"

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        return Rehearsal(ok=True, text="it would")

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        reached = self.death.next("execute")
        reached("before")
        with (self.home / "effects").open("a") as effects:
            effects.write(f"{approved.proposal_id}\n")
            effects.flush()
            os.fsync(effects.fileno())
        reached("after")
        number = approved.action.target.partition("-")[2]
        if number and int(number) % LOST == 0:
            raise Uncertain("the answer was lost")
        return Result(status="done", text="did it")

    @property
    def done(self) -> list[str]:
        return (self.home / "effects").read_text().split() if (self.home / "effects").exists() else []


class World(Tools):
    """All is well as soon as anything was carried out, for whoever does not ask before it."""

    def __init__(self, effects: Effects, *, always_broken: bool) -> None:
        super().__init__()
        self.effects, self.always_broken = effects, always_broken

    async def call(self, name: str, arguments: Mapping[str, object]) -> Answer:
        return Answer(BROKEN if self.always_broken or not self.effects.done else WELL, "")


def ports_of(state: Any, effects: Effects, home: Path, many: int) -> RemedyPorts:
    """Remedies on this state; with ``many`` proposals each has its own target, and all may run together."""
    targets = [f"checkout-{number}" for number in range(many)] or ["checkout"]
    parameters = {"properties": {"service": {"type": "string", "enum": targets}}}
    verification = {"checks": RESTART["verification"]["checks"], "within_seconds": 30, "every_seconds": 1}
    many_at_once = {"blast": {"targets": 1000}, "verification": None} if many else {"verification": verification}
    known = remedies({"parameters": parameters, **many_at_once})
    directory = vendor("directory", "memory").MemoryDirectory(PEOPLE)  # type: ignore[attr-defined]  # a vendor's own class
    return RemedyPorts(
        state=state,
        catalogue=Catalogue(known, {"memory": effects}),  # type: ignore[dict-item]  # it does what is asked of it here
        approval=Approval(Rules(POLICIES, TERMS, known, dict.fromkeys(targets, "payments"))),
        toolbox=Toolbox({"twin": World(effects, always_broken=many > 0)}, home, lambda: 0.0, ToolLimits(attempts=1)),  # type: ignore[dict-item]  # as above
        graph=ServiceGraph(),
        now=lambda: datetime.now(UTC),  # noqa: TID251  # the process's own clock
        directory=directory,
    )


def action_at(target: str) -> Action:
    """A restart of this target."""
    return Action(
        remedy="restart",
        entry="entry-1",
        executor="memory",
        target=target,
        environment="production",
        parameters={"service": target},
        run={"do": f"restart {target}"},
        rehearsal={"do": f"restart {target}"},
    )


async def run(home: Path, url: str, point: str, many: int) -> None:
    """Offer, click as the platform does until it is answered, and say what there is when all is over."""
    death = Death(home, point)
    effects = Effects(home, death)
    async with load("state", "sql", {"url": url} if url else {}, Roots(home, home)) as real:
        ports = ports_of(Mortal(real, death), effects, home, many)
        idle = Work(_idle, _idle)
        work = Work(partial(remediate, ports=ports), partial(give_up, ports=ports))
        await real.start({"answer": idle, "execute": work})
        actions = [action_at(f"checkout-{number}" if many else "checkout") for number in range(many or 1)]
        offered = (await propose(diagnosis(), incident(), ports, actions)).proposals
        clicks = RemedyClicks(ports)
        for one in offered:
            at = datetime.now(UTC)  # noqa: TID251  # as above
            click = Click("approve", f"e-{one.id}", "slack", "slack:U1", at, one.id, one.action.digest)
            await clicks.click(click)
        await _over(real, len(offered))
        print(json.dumps(await _found(real, effects)))  # noqa: T201  # the report to the test


async def _idle(id: str) -> None:
    pass


async def _over(state: Any, many: int) -> None:
    """Wait until every card says how it ended."""
    until = datetime.now(UTC) + timedelta(seconds=150)  # noqa: TID251  # as above
    while datetime.now(UTC) < until:  # noqa: TID251  # what another part of the process does is waited for
        cards = [json.loads(one.card)["title"] for one in await state.proposals(limit=1000)]
        open_ = [one for one in cards if one.startswith(("Proposed", "Being"))]
        if len(cards) == many and not open_ and not await state.unsettled() and await _told(state):
            return
        await asyncio.sleep(0.1)


async def _told(state: Any) -> bool:
    return not any("is being looked at" in json.loads(one.card)["text"] for one in await state.proposals(limit=1000))


async def _found(state: Any, effects: Effects) -> dict[str, Any]:
    rows = []
    for one in await state.proposals(limit=1000):
        execution = await state.execution(one.id)
        card = json.loads(one.card)
        times = effects.done.count(one.id)
        rows.append([one.status, execution.status if execution else "", times, card["title"].split(":")[0]])
    events = Counter(one.event for one in await state.audited(limit=100_000))
    votes = [len(await state.votes(one.id)) for one in await state.proposals(limit=1000)]
    return {"rows": rows, "events": events, "votes": sum(votes), "broken": await first_broken(state)}


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
