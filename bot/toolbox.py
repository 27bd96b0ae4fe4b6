"""The tools that a question may use: found by its route, asked safely, several at a time."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import stamina
import structlog

from bot.guards.arguments import admit
from bot.guards.redaction import redact
from bot.observations import Observation, Shelf, ToolCall
from bot.vocabulary import Route
from connectors.breaker import Breaker
from connectors.tools.port import Arguments, BadArguments, Kind, Recorder, Result, Tool, Tools, ToolUnavailable

log = structlog.get_logger()

_EVERYTHING: frozenset[Kind] = frozenset(("metrics", "logs", "cluster", "alerts", "changes", "network", "other"))
KINDS: Mapping[Route, frozenset[Kind]] = {
    "question": _EVERYTHING,
    "incident": _EVERYTHING,
    "data": frozenset(("metrics", "logs", "alerts", "other")),
    "action": frozenset(("cluster", "alerts", "changes")),
    "chat": frozenset(),
}
"""Which kinds of tools a route has a use for."""


@dataclass(frozen=True)
class ToolLimits:
    """How far one call may go. ``characters`` is the longest text that is kept at hand; the rest goes to disk."""

    seconds: float = 20.0
    attempts: int = 2
    at_once: int = 4
    characters: int = 8000
    rows: int = 200
    failures_to_rest: int = 3
    rest_seconds: float = 30.0
    listed_for_seconds: float = 60.0


@dataclass(frozen=True)
class _Known:
    tool: Tool
    owner: Tools
    breaker: Breaker
    system: str


@dataclass
class Toolbox:
    """All tools behind one door. ``folder`` keeps long results; ``recorder`` gets every result when there is one.

    ``clock`` counts seconds from anywhere.
    """

    owners: Mapping[str, Tools]
    folder: Path
    clock: Callable[[], float]
    limits: ToolLimits = ToolLimits()
    recorder: Recorder | None = None
    _known: dict[str, _Known] = field(default_factory=dict, init=False)
    _away: dict[str, str] = field(default_factory=dict, init=False)
    _listed_at: float = field(default=-math.inf, init=False)
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder, self.limits.characters, self.limits.rows)
        self._room = asyncio.Semaphore(self.limits.at_once)

    async def tools(self, route: Route) -> Sequence[Tool]:
        """The tools that fit a route, in the order of their systems."""
        await self._list()
        return [one.tool for one in self._known.values() if one.tool.kind in KINDS[route]]

    async def owner(self, name: str) -> str:
        """The system that a tool belongs to; empty for an unknown tool."""
        await self._list()
        return self._known[name].system if name in self._known else ""

    async def away(self) -> Mapping[str, str]:
        """Why the tools of a system are missing, by the system's name."""
        await self._list()
        return dict(self._away)

    async def call_all(self, calls: Sequence[ToolCall], route: Route, now: datetime) -> tuple[Observation, ...]:
        """What came of each call, in their order; they run at the same time. It never raises: a failure is told."""
        done = await asyncio.gather(*(self.call(one, route, now) for one in calls), return_exceptions=True)
        found = []
        for call, one in zip(calls, done, strict=True):
            if isinstance(one, Exception):
                # A vendor is anybody's code over anybody's system: its mistake must not cost the other answers.
                log.warning("tool failed", tool=call.tool, error=repr(one))
                said = f"{call.tool} failed: {type(one).__name__}: {one}"
                found.append(self.shelf.told(call, "unavailable", said, now))
            elif isinstance(one, BaseException):
                raise one
            else:
                found.append(one)
        return tuple(found)

    async def call(self, call: ToolCall, route: Route, now: datetime) -> Observation:
        """What came of one call; a refusal and an outage are told, not raised."""
        await self._list()
        known = self._known.get(call.tool)
        if known is None or known.tool.kind not in KINDS[route]:
            names = ", ".join(tool.name for tool in await self.tools(route)) or "none"
            said = f"There is no tool {call.tool[:80]!r} here; there are {names}."
            return self.shelf.told(call, "refused", said, now)
        try:
            arguments = admit(known.tool, call.arguments)
            async with self._room:
                began = self.clock()
                result = await self._asked(known, arguments)
                seconds = self.clock() - began
        except BadArguments as wrong:
            return self.shelf.told(call, "refused", str(wrong), now, title=known.tool.title)
        except ToolUnavailable as away:
            return self.shelf.told(call, "unavailable", str(away), now, title=known.tool.title)
        # Looking for secrets in a megabyte takes a third of a second, in which others want an answer.
        seen = await asyncio.to_thread(self.shelf.seen, known.tool, arguments, result, now)
        await self._record(known.tool, seen.arguments, self.shelf.as_result(seen, result))
        return seen.model_copy(update={"seconds": round(seconds, 3)})

    async def _asked(self, known: _Known, arguments: Arguments) -> Result:
        limits = self.limits
        caller = stamina.AsyncRetryingCaller(attempts=limits.attempts, timeout=None, wait_initial=0.2, wait_max=2.0)
        with known.breaker.watching():
            try:
                async with asyncio.timeout(limits.seconds):
                    return await caller(_passing, known.owner.call, known.tool.name, arguments)
            except TimeoutError:
                raise ToolUnavailable(f"{known.tool.name} did not answer within {limits.seconds:g} s.") from None

    async def _record(self, tool: Tool, arguments: Arguments, result: Result) -> None:
        """Keep a result; that it cannot be kept costs nobody the answer."""
        if self.recorder is None:
            return
        try:
            await self.recorder.save(tool, arguments, result)
        except ToolUnavailable as full:
            log.warning("recording failed", tool=tool.name, error=str(full))

    async def _list(self) -> None:
        async with self._listing:
            if self.clock() - self._listed_at < self.limits.listed_for_seconds:
                return
            found = await asyncio.gather(*(self._listed(name, owner) for name, owner in self.owners.items()))
            before, self._known, self._away = self._known, {}, {}
            for (name, owner), tools in zip(self.owners.items(), found, strict=True):
                if isinstance(tools, str):
                    self._away[name] = tools
                    continue
                for tool in tools:
                    breaker = before[tool.name].breaker if tool.name in before else self._breaker(tool.name)
                    # The first that has a name keeps it: a server of other people must not take another's place.
                    self._known.setdefault(tool.name, _Known(tool, owner, breaker, name))
            self._listed_at = self.clock()

    async def _listed(self, name: str, owner: Tools) -> Sequence[Tool] | str:
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await owner.list()
        except TimeoutError:
            return f"{name} did not list its tools within {self.limits.seconds:g} s."
        except ToolUnavailable as away:
            return redact(str(away)).text

    def _breaker(self, name: str) -> Breaker:
        failures, rest = self.limits.failures_to_rest, self.limits.rest_seconds
        return Breaker(name, failures, rest, self.clock, ToolUnavailable, (BadArguments,))


def _passing(error: Exception) -> bool:
    return isinstance(error, ToolUnavailable) and error.passing
