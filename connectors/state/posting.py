"""Who is posting which answer: of all processes that share the database one, and in that one once at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connectors.state.tables import delivery, posting

R = TypeVar("R")


class Write(Protocol):
    """Does something in a transaction."""

    def __call__(self, work: Callable[[sa.Connection], R], /) -> Awaitable[R]:
        """What came of it. Raises StateUnavailable and IntegrityError."""


@dataclass
class Postings:
    """What this process, by the name of ``executor``, posts. What it posted when it died is free from its next start.

    A process that does not come back keeps what it had begun, as it keeps its other work.
    """

    write: Write
    executor: str
    _own: set[str] = field(default_factory=set)

    async def claim(self, question_id: str) -> bool:
        """Take it, unless somebody has it or it has arrived."""
        if question_id in self._own:
            return False
        self._own.add(question_id)
        taken = False
        try:
            taken = await self.write(lambda connection: _claimed(connection, question_id, self.executor))
        except IntegrityError:
            # Another process took it between our look and our insert.
            taken = False
        finally:
            if not taken:
                self._own.discard(question_id)
        return taken

    async def release(self, question_id: str) -> None:
        """Let it go."""
        self._own.discard(question_id)
        await self.write(lambda connection: connection.execute(posting.delete().where(_is(question_id))))

    async def forget(self) -> None:
        """Let go of all that a former process of this name had."""
        own = posting.c.executor == self.executor
        await self.write(lambda connection: connection.execute(posting.delete().where(own)))


def _claimed(connection: sa.Connection, question_id: str, executor: str) -> bool:
    arrived = sa.select(delivery.c.rung).where(delivery.c.question_id == question_id)
    holder = connection.execute(sa.select(posting.c.executor).where(_is(question_id))).scalar()
    if connection.execute(arrived).first() or holder not in (None, executor):
        return False
    if holder is None:
        connection.execute(posting.insert().values(question_id=question_id, executor=executor))
    return True


def _is(question_id: str) -> sa.ColumnElement[bool]:
    return posting.c.question_id == question_id
