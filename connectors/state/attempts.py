"""Counts how often work is begun, so that what brings the process down is given up and nothing else is."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

from connectors.state import rows
from connectors.state.port import ATTEMPTS, Journey, Work
from connectors.state.transactions import Database


@dataclass
class Attempts:
    """The counts in the database, one for each row that has work."""

    database: Database
    _suspects: asyncio.Lock = field(default_factory=asyncio.Lock)

    def counted(self, work: Work) -> Journey:
        """The work's journey; in its place, after ATTEMPTS, what gives it up."""

        async def run(row_id: str) -> None:
            # What was cut off before runs one at a time: should it happen again, only the culprit is to blame.
            again = await self.database.read(partial(rows.begun, row_id=row_id))
            async with self._suspects if again else nullcontext():
                times = await self.database.write(partial(rows.count_begun, row_id=row_id, by=1))
                try:
                    await (work.journey if times <= ATTEMPTS else work.give_up)(row_id)
                except asyncio.CancelledError:
                    # We are told to stop, which is nobody's fault.
                    await self.database.write(partial(rows.count_begun, row_id=row_id, by=-1))
                    raise

        return run
