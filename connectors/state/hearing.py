"""Reports that come at the same time share a transaction: a disk can flush some hundred times a second, no more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from connectors.state.incident_port import Heard
from connectors.state.port import StateUnavailable

Waiting: TypeAlias = tuple[Sequence[Heard], asyncio.Future[None]]

MOST_TOGETHER = 1000
"""How many reports share a transaction; one call's reports are never parted."""


@dataclass
class Hearing:
    """Keeps reports; while one transaction runs, those that come meanwhile gather for the next."""

    write: Callable[[Sequence[Heard]], Awaitable[None]]
    _waiting: list[Waiting] = field(default_factory=list, init=False)
    _written: list[Waiting] = field(default_factory=list, init=False)
    writing: asyncio.Task[None] | None = field(default=None, init=False)

    async def hear(self, reports: Sequence[Heard]) -> None:
        """Return when the reports are committed. Raises StateUnavailable."""
        if not reports:
            return
        committed = asyncio.get_running_loop().create_future()
        self._waiting.append((reports, committed))
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self._write_all())
        await committed

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                self._written = self._next()
                try:
                    await self.write([one for reports, _ in self._written for one in reports])
                except StateUnavailable as failed:
                    _tell(self._written, failed)
                else:
                    _tell(self._written, None)
        finally:
            # After a mistake of ours, or at the end of the program, nobody must wait for what will not come.
            _tell([*self._written, *self._waiting], StateUnavailable("the reports could not be kept"))
            self._waiting.clear()

    def _next(self) -> list[Waiting]:
        together, size = list[Waiting](), 0
        while self._waiting and (not together or size + len(self._waiting[0][0]) <= MOST_TOGETHER):
            together.append(self._waiting.pop(0))
            size += len(together[-1][0])
        return together


def _tell(waiting: Sequence[Waiting], failed: StateUnavailable | None) -> None:
    for _, committed in waiting:
        if not committed.done():
            committed.set_exception(failed) if failed else committed.set_result(None)
