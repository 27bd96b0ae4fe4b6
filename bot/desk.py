"""What an expert works with: read-only questions to live systems within a budget, and a record of what it did."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from bot.incident import Step, Trouble
from bot.observations import Observation, ToolCall, evidence_of, signature
from bot.rules.live import Known
from bot.toolbox import Toolbox
from bot.vocabulary import Evidence
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import ServiceGraph

_LONGEST_STEP = 300


@dataclass
class Purse:
    """What all experts of one diagnosis may spend together: calls, and time until a moment of ``clock``."""

    calls: int
    until: float
    clock: Callable[[], float]

    @property
    def empty(self) -> bool:
        """Whether nothing more may be asked."""
        return self.calls <= 0 or self.clock() >= self.until

    @property
    def seconds(self) -> float:
        """How much time is left."""
        return max(0.0, self.until - self.clock())


@dataclass(frozen=True)
class Around:
    """What is known around a trouble before anything is asked: services, how logs are asked for, what is recalled."""

    graph: ServiceGraph
    known: Known
    recalled: tuple[Evidence, ...] = ()


@dataclass
class Seen:
    """What any expert of one diagnosis has asked: the same question is asked once, and answered to all."""

    answers: dict[str, asyncio.Future[Observation]] = field(default_factory=dict)


@dataclass
class Desk:
    """The desk of one expert. ``kinds`` are the kinds of tools that it may use, within the scope of the trouble.

    ``evidence`` holds all that was answered, by id, ``gaps`` what could not be asked, and ``steps`` both in order.
    """

    expert: str
    trouble: Trouble
    toolbox: Toolbox
    kinds: frozenset[Kind]
    purse: Purse
    seen: Seen = field(default_factory=Seen)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)

    async def tools(self) -> Sequence[Tool]:
        """What may be asked, in the order of the systems."""
        allowed = self.trouble.scope.tools
        found = await self.toolbox.tools("incident")
        return [one for one in found if one.kind in self.kinds and (allowed is None or one.kind in allowed)]

    async def ask(self, calls: Sequence[ToolCall], does: str) -> tuple[Observation, ...]:
        """What came of each call, in their order, until the purse is empty; the rest is a gap. It never raises.

        What an expert asked before is not asked again; it comes back as it was, and costs nothing.
        """
        return tuple(await asyncio.gather(*(self._one(call, does) for call in calls)))

    async def _one(self, call: ToolCall, does: str) -> Observation:
        key = call_key(call.tool, call.arguments)
        known = self.seen.answers.get(key)
        if known is None:
            known = self.seen.answers[key] = asyncio.ensure_future(self._asked(call))
            one = await known
        else:
            one = await asyncio.shield(known)
            if any(before.id == one.id for before in self.observations):
                return one
        self._record(one, does)
        return one

    async def _asked(self, call: ToolCall) -> Observation:
        if self.purse.empty:
            said = "The budget of this diagnosis was used up before this was asked."
            return self.toolbox.shelf.told(call, "unavailable", said, self.trouble.at)
        self.purse.calls -= 1
        [one] = await self.toolbox.call_all([call], "incident", self.trouble.at)
        return one

    def _record(self, one: Observation, does: str) -> None:
        self.observations.append(one)
        evidence = evidence_of(one)
        if evidence and evidence.kind != "failure":
            self.evidence[evidence.id] = evidence
        elif one.outcome in ("failed", "unavailable"):
            self.gaps.setdefault(one.tool, one.text[:_LONGEST_STEP])
        self.steps.append(
            Step(
                by=self.expert,
                does=does,
                tool=signature(one)[:_LONGEST_STEP],
                outcome=one.outcome,
                evidence=evidence.id if evidence and evidence.kind != "failure" else "",
                at=one.asked_at,
                seconds=one.seconds,
            )
        )


def call_key(tool: str, arguments: Mapping[str, JsonValue]) -> str:
    """What is the same for the same question; arguments that say nothing do not count."""
    given = {key: value for key, value in arguments.items() if value not in (None, "")}
    return json.dumps([tool, given], sort_keys=True, ensure_ascii=False)
