"""The twin's queue: work runs as tasks of the running loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from connectors.state.port import ATTEMPTS, StateUnavailable, Work

T = TypeVar("T", bound=BaseModel)

log = logging.getLogger(__name__)


@dataclass
class MemoryWork:
    """Work of each kind, from the start on."""

    _works: Mapping[str, Work] = field(default_factory=dict, kw_only=True)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, kw_only=True)

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        # Through JSON and back, as on a database: what cannot make that trip must not pass here either.
        return shape.model_validate_json((await work()).model_dump_json())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, kind: str, row_id: str) -> None:
        if work := self._works.get(kind):
            task = asyncio.create_task(self._run(work, row_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Work, row_id: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                return await work.journey(row_id)
            except StateUnavailable as failed:
                log.warning("work on %s is begun again: %s", row_id, failed)
        return await work.give_up(row_id)
