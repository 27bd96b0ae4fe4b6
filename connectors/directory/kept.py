"""People of a chat platform, kept for some minutes: questions do not wait for it, and rights do not outlive it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, Field

from connectors.directory.port import DirectoryUnavailable, Duty, Person

_DEADLINE_SECONDS = 300.0
_PAUSE_SECONDS = 15.0


class Keeping(BaseModel):
    """How long what a platform said is believed, and which of its groups count."""

    minutes: float = Field(default=5, gt=0)
    """How long people and groups are kept before the platform is asked again."""

    stale_minutes: float = Field(default=60, ge=0)
    """How much longer they count while the platform does not answer; after that nobody is in any group."""

    groups: Mapping[str, str] = Field(default_factory=dict)
    """Your names for the platform's groups, by their id there or their name. With any, only these count; without, all
    count under the names they have there."""

    def named(self, id: str, name: str) -> str:
        """What a group of the platform is called here; empty when it does not count."""
        return self.groups.get(id) or self.groups.get(name, "") if self.groups else name


@dataclass
class KeptPeople:
    """A directory of what ``fetch`` gives, which raises DirectoryUnavailable; ``clock`` counts seconds from anywhere.

    Nobody is on call by it. Who can do with what is known already waits ``patience_seconds`` for news and no longer.
    """

    fetch: Callable[[], Awaitable[tuple[Person, ...]]]
    keeping: Keeping
    clock: Callable[[], float]
    patience_seconds: float = 2.0
    _people: tuple[Person, ...] = field(default=(), init=False)
    _fetched_at: float = field(default=-math.inf, init=False)
    _failed_at: float = field(default=-math.inf, init=False)
    _failure: str = field(default="", init=False)
    _asking: asyncio.Task[None] | None = field(default=None, init=False)

    async def people(self) -> Sequence[Person]:
        """Everybody, as they were some minutes ago at the most; longer ago only while the platform is away."""
        if self._age > self.keeping.minutes * 60:
            await self._ask()
        if self._age > self._longest:
            raise DirectoryUnavailable(self._failure)
        return self._people

    async def on_call(self, team: str, now: datetime) -> Duty | None:
        """None: a chat platform does not know."""
        return None

    def begin(self) -> None:
        """Ask already, so that the first question does not have to wait."""
        self._asking = asyncio.create_task(self._fetched())

    async def close(self) -> None:
        """Ask no more."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    @property
    def _age(self) -> float:
        return self.clock() - self._fetched_at

    @property
    def _longest(self) -> float:
        return (self.keeping.minutes + self.keeping.stale_minutes) * 60

    async def _ask(self) -> None:
        """Fetch once, however many want it."""
        if self._asking is None:
            if self.clock() - self._failed_at < _PAUSE_SECONDS:
                return
            self._asking = asyncio.create_task(self._fetched())
        asking = self._asking
        await asyncio.wait({asking}, timeout=self.patience_seconds if self._age <= self._longest else None)
        if asking.done():
            self._asking = None
            asking.result()

    async def _fetched(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                self._people = await self.fetch()
        except TimeoutError:
            self._fails(f"Reading all people took longer than {_DEADLINE_SECONDS:.0f} s.")
        except DirectoryUnavailable as away:
            self._fails(str(away))
        else:
            self._fetched_at = self.clock()

    def _fails(self, why: str) -> None:
        self._failure, self._failed_at = why, self.clock()
