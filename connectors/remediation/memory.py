"""An executor that keeps what it was told to do, and can fail in every way: the twin of all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, JsonValue

from connectors.remediation.port import (
    Action,
    ApprovedAction,
    BadSpec,
    Rehearsal,
    RemediationUnavailable,
    Result,
    Spec,
    Uncertain,
)
from connectors.remediation.specs import filled, require_rehearsal, require_time


class Settings(BaseModel):
    """Nothing to set."""


@dataclass
class MemoryExecutor:
    """Its specifications have a text under ``do``, which may name parameters in braces.

    ``done`` are the approvals that were carried out, in order; ``effect`` is what they change. ``away`` is why nothing
    can be done, ``failing`` what an execution fails with, ``lost`` why its answer does not come although it was done.
    """

    name: str = "memory"
    done: list[ApprovedAction] = field(default_factory=list)
    rehearsed: list[Action] = field(default_factory=list)
    effect: Callable[[ApprovedAction], Awaitable[None]] | None = None
    away: str = ""
    failing: str = ""
    lost: str = ""

    def check(self, spec: Spec, parameters: Sequence[str]) -> None:
        self.fill(spec, dict.fromkeys(parameters, "x"))

    def fill(self, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        unknown = spec.keys() - {"do"}
        if unknown or not isinstance(spec.get("do"), str):
            raise BadSpec(f"do: write one text; {', '.join(sorted(unknown)) or 'nothing'} is known besides.")
        return {"do": filled(str(spec["do"]), parameters, "do")}

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        require_rehearsal(action)
        if self.away:
            raise RemediationUnavailable(self.away)
        self.rehearsed.append(action)
        return Rehearsal(ok=not self.failing, text=self.failing or f"would {action.rehearsal['do']}")

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        require_time(approved, now)
        if self.away:
            raise RemediationUnavailable(self.away)
        self.done.append(approved)
        if self.failing:
            return Result(status="failed", text=self.failing)
        if self.effect:
            await self.effect(approved)
        if self.lost:
            raise Uncertain(self.lost)
        return Result(status="done", text=f"did {approved.action.run['do']}")


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryExecutor]:
    """Ready at once."""
    del settings
    yield MemoryExecutor()
