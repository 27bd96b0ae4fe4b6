"""Remedies from end to end on twins: one service that a restart mends, people, and a clock that is moved."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.catalogue import Catalogue
from bot.guards.approval import Approval, Asked, Click
from bot.guards.cases import Rules
from bot.incident import Diagnosis, Hypothesis, Incident, Trouble, Verdict
from bot.remediating import give_up, remediate
from bot.remedy import Outcome, Proposal, Remedy
from bot.remedy_clicks import RemedyClicks
from bot.remedy_ports import Announcement, RemedyPorts
from bot.toolbox import Toolbox, ToolLimits
from bot.vocabulary import Evidence
from connectors.chat.card_port import Card
from connectors.chat.port import Reply
from connectors.directory.port import Duty
from connectors.load import vendor
from connectors.remediation.port import Action
from connectors.state.port import Work
from connectors.state.remedy_port import Execution, StoredProposal
from connectors.tools.port import Recording, Result, Tool
from knowledge.service_graph import Service, ServiceGraph
from tests.unit.bot.guards.rulings import ANN, BOB, NOW, PEOPLE, POLICIES, TERMS

GRAPH = ServiceGraph([Service(name="checkout", team="payments")])
TEAMS = {"checkout": "payments"}
BROKEN, WELL = "3 requests fail", "0 requests fail"
FAILING = {"tool": "ask", "arguments": {"query": "failing"}, "because": {"en": "requests fail", "zh": "请求失败"}}
MENDED = {"tool": "ask", "arguments": {"query": "failing"}, "because": {"en": "no request fails", "zh": "没有请求失败"}}
RESTART: dict[str, Any] = {
    "id": "restart",
    "title": {"en": "Restart {service}", "zh": "重启 {service}"},
    "description": {"en": "Replaces its process.", "zh": "替换进程。"},
    "parameters": {"properties": {"service": {"type": "string", "enum": ["checkout"], "x-role": "service"}}},
    "executor": "memory",
    "run": {"do": "restart {service}"},
    "rehearsal": {"do": "restart {service}"},
    "risk": "low",
    "target": "{service}",
    "environment": "production",
    "causes": ("resource",),
    "preconditions": [{**FAILING, "above": 0}],
    "verification": {"checks": [{**MENDED, "below": 1}], "within_seconds": 60, "every_seconds": 10},
    "digest": "entry-1",
}
STOP: dict[str, Any] = {**RESTART, "id": "halt", "causes": (), "preconditions": [], "verification": None}
UNDO = {"remedy": "halt", "parameters": {"service": "{service}"}}


class Tools:
    """A system with one question and one answer, which is changed."""

    def __init__(self) -> None:
        self.says = BROKEN
        self.asked = 0

    async def list(self) -> Sequence[Tool]:
        twin = vendor("tools", "memory")
        recordings = (Recording("ask", {"query": "failing"}, Result("", "")),)
        found: Sequence[Tool] = await twin.MemoryTools(twin.Settings(recordings=recordings)).list()  # type: ignore[attr-defined]  # a vendor's own class
        return found

    async def call(self, name: str, arguments: Mapping[str, object]) -> Result:
        self.asked += 1
        return Result(self.says, "")


@dataclass
class Clock:
    """A time that passes when somebody sleeps."""

    at: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class Room:
    """Everything of it; ``shown`` counts how often cards were said to have changed, ``announced`` is what was."""

    ports: RemedyPorts
    clicks: RemedyClicks
    executor: Any
    state: Any
    tools: Tools
    clock: Clock
    shown: list[int] = field(default_factory=list)
    announced: list[Announcement] = field(default_factory=list)

    async def offered(self, of: Proposal | None = None) -> StoredProposal:
        """A proposal that waits, as a diagnosis would have made it."""
        one = of or offered()
        row = stored(one)
        await self.state.propose(row, [])
        return row

    async def click(self, author: str = "slack:U1", action: Asked = "approve", **more: Any) -> Reply:
        """Somebody clicks on the proposal."""
        said = await self.clicks.click(clicked(author, action, self.clock.at, **more))
        await self.clicks.settled()
        return said

    async def begun(self, status: str = "started", **outcome: Any) -> Execution:
        """An execution that was claimed by a process that is gone."""
        text = Outcome(status="done", **outcome).model_dump_json() if outcome else ""
        row = Execution("proposal-1", "checkout", "restart", status, self.clock.at, None, text)  # type: ignore[arg-type]  # one of them
        self.state.claimed["proposal-1"] = row
        return row

    async def approved(self) -> None:
        """A proposal that Ann approved, and that nobody has begun to carry out."""
        await self.offered()
        await self.click()

    async def outcome(self, id: str = "proposal-1") -> Outcome:
        kept = await self.state.execution(id)
        return Outcome.model_validate_json(kept.outcome)

    async def card(self, id: str = "proposal-1") -> Card:
        kept = await self.state.proposal(id)
        return Card.model_validate_json(kept.card)

    def events(self) -> list[str]:
        """What the audit holds, in order."""
        return [one.event for one in self.state.chain]


def remedies(changed: Mapping[str, Any] | None = None) -> dict[str, Remedy]:
    found = [Remedy.model_validate({**RESTART, **(changed or {})}), Remedy.model_validate(STOP)]
    return {one.id: one for one in found}


def action(of: Mapping[str, Any] = RESTART) -> Action:
    return Action(
        remedy=of["id"],
        entry=of["digest"],
        executor="memory",
        target="checkout",
        environment="production",
        parameters={"service": "checkout"},
        run={"do": "restart checkout"},
        rehearsal={"do": "restart checkout"},
    )


def offered(**more: Any) -> Proposal:
    given: dict[str, Any] = {
        "id": "proposal-1",
        "incident_id": "i1",
        "language": "en",
        "action": action(),
        "title": "Restart checkout",
        "risk": "low",
        "services": ("checkout",),
        "why": "The heap of checkout is full.",
        "approvers": ("ann", "bob"),
        "proposed_at": NOW,
        "expires_at": NOW + timedelta(minutes=30),
        **more,
    }
    return Proposal.model_validate(given)


def stored(one: Proposal) -> StoredProposal:
    return StoredProposal(
        one.id,
        one.incident_id,
        one.action.remedy,
        one.action.target,
        one.action.digest,
        "pending",
        one.proposed_at,
        one.expires_at,
        one.model_dump_json(),
    )


def clicked(author: str, asked: Asked, at: datetime, **more: Any) -> Click:
    one = Click(asked, f"{author}-{asked}-{at}", "slack", author, at, "proposal-1", action().digest)
    return replace(one, **more)


def incident(**more: Any) -> Incident:
    given = {"id": "i1", "title": "checkout fails", "opened_at": NOW, "began": NOW, "diagnosis_id": "d1", **more}
    return Incident.model_validate({"services": ("checkout",), **given})


def diagnosis(**more: Any) -> Diagnosis:
    trouble = Trouble(id="i1", text="checkout fails", language="en", at=NOW, began=NOW, services=("checkout",))
    leading = Hypothesis(id="h1", cause="resource", service="checkout", says="The heap of checkout is full.")
    seen = Evidence(id="tool:1", kind="tool", title="Heap", text="checkout uses 1.9 of 2 GB", query="heap")
    given = {"trouble": trouble, "verdict": Verdict(outcome="likely", hypotheses=(leading,)), "headline": "It fails"}
    return Diagnosis.model_validate({**given, "evidence": (seen,), **more})


@asynccontextmanager
async def room(folder: Path, working: bool = False, terms: Any = TERMS, **changed: Any) -> AsyncIterator[Room]:  # noqa: FBT001, FBT002 - a test's switch
    """A room whose restart is changed so; ``working``: what is approved is carried out by itself."""
    state = vendor("state", "memory").MemoryState()  # type: ignore[attr-defined]  # a vendor's own class
    executor = vendor("remediation", "memory").MemoryExecutor()  # type: ignore[attr-defined]  # as above
    tools, clock, shown, announced = Tools(), Clock(), list[int](), list[Announcement]()
    known = remedies(changed)

    async def mended(approved: object) -> None:
        tools.says = WELL

    async def announce(one: Announcement) -> None:
        announced.append(one)

    executor.effect = mended
    ports = RemedyPorts(
        state=state,
        catalogue=Catalogue(known, {"memory": executor}),
        approval=Approval(Rules(POLICIES, terms, known, TEAMS)),
        toolbox=Toolbox({"twin": tools}, folder, lambda: 0.0, ToolLimits(attempts=1)),  # type: ignore[dict-item]  # it answers as one
        graph=GRAPH,
        now=clock.now,
        directory=directory(),
        sleep=clock.sleep,
        changed=lambda: shown.append(1),
        announce=announce,
    )
    if working:
        await state.start({"execute": Work(lambda id: remediate(id, ports), lambda id: give_up(id, ports))})
    clicks = RemedyClicks(ports)
    try:
        yield Room(ports, clicks, executor, state, tools, clock, shown, announced)
    finally:
        await clicks.close()
        await state.stop()


def directory(*escalation: str) -> Any:
    duty = Duty("payments", ANN, BOB, NOW + timedelta(days=1), escalation)
    return vendor("directory", "memory").MemoryDirectory(PEOPLE, {"payments": duty})  # type: ignore[attr-defined]  # a vendor's own class
