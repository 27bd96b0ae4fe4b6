"""Answers that their platform could not take when they were ready are delivered later."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import structlog

from bot.assistant import deliver_again
from bot.ports import Ports
from connectors.state.port import StateUnavailable

log = structlog.get_logger()

SECONDS = 60.0
MOST_TRIES = 12
"""The waits double: the twelfth try comes after almost three days."""


@dataclass
class Redelivery:
    """Looks every minute for answers without a receipt, and delivers those again that were there the last time too."""

    ports: Ports
    _seen: Counter[str] = field(default_factory=Counter)
    _tries: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            try:
                await self.sweep()
            except StateUnavailable as down:
                log.warning("redelivery put off", reason=str(down))

    async def sweep(self) -> None:
        """One look."""
        found = [await self.ports.state.question(id) for id in await self.ports.state.undelivered()]
        # Only from its answer on: one that was answered this minute is being delivered now.
        waiting = {one.id: one for one in found if one and one.card}
        self._seen = Counter({id: self._seen[id] + 1 for id in waiting})
        self._tries = Counter({id: self._tries[id] for id in waiting})
        for id, question in waiting.items():
            due = self._seen[id] >= 2 ** (self._tries[id] + 1) and self._tries[id] < MOST_TRIES
            # Another process may have been first while others were delivered here.
            if due and id in await self.ports.state.undelivered():
                self._tries[id] += 1
                await deliver_again(question, self.ports)
