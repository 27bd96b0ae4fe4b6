"""Transactions of the state database: one that writes at a time, any number that read."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from connectors.state.port import StateUnavailable

R = TypeVar("R")

ANSWER_SECONDS = 30.0


@dataclass
class Database:
    """One SQLAlchemy engine; writes go through one thread, because SQLite has one writer."""

    engine: sa.Engine
    _writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "state-writer"), kw_only=True)

    async def write(self, work: Callable[[sa.Connection], R]) -> R:
        return await _within(asyncio.get_running_loop().run_in_executor(self._writer, self._transaction, work))

    def _transaction(self, work: Callable[[sa.Connection], R]) -> R:
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise StateUnavailable(f"the state database refused to write: {error.orig}") from error

    async def read(self, work: Callable[[sa.Connection], R]) -> R:
        def run() -> R:
            try:
                with self.engine.connect().execution_options(read_only=True) as connection:
                    return work(connection)
            except DBAPIError as error:
                raise StateUnavailable(f"the state database cannot be read: {error.orig}") from error

        return await _within(asyncio.to_thread(run))


async def _within(reply: Awaitable[R]) -> R:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await reply
    except TimeoutError:
        raise StateUnavailable(f"the state database did not answer within {ANSWER_SECONDS:g} s") from None
