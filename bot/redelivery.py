"""Answers that their platform could not take when they were ready are delivered later."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import structlog

from bot.assistant import close
from bot.ports import Ports
from connectors.chat.port import Card
from connectors.state.port import StateUnavailable

log = structlog.get_logger()

SECONDS = 60.0
MOST_TRIES = 12
"""The waits double: the twelfth try comes after a day and a half."""


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
        waiting = await self.ports.state.undelivered()
        self._seen = Counter({id: self._seen[id] + 1 for id in waiting})
        self._tries = Counter({id: self._tries[id] for id in waiting})
        for id in waiting:
            question = await self.ports.state.question(id)
            # One that was answered this minute is being delivered now.
            due = self._seen[id] >= 2 ** (self._tries[id] + 1) and self._tries[id] < MOST_TRIES
            if question and question.card and due:
                self._tries[id] += 1
                await close(question, Card.model_validate_json(question.card), self.ports)
