"""The state in one database: SQLite on one machine, PostgreSQL for a fleet, the same code."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr
from sqlalchemy.exc import DBAPIError, IntegrityError

from connectors.configuration import HomePath
from connectors.state import rows
from connectors.state.database import migrate, open_engine, revision, shown, sole_owner
from connectors.state.port import Feedback, Frame, Journey, Question, Received, StateUnavailable, ThreadSummary
from connectors.state.pulses import Pulses, heard
from connectors.state.queue import Queue

T = TypeVar("T", bound=BaseModel)
R = TypeVar("R")


class Settings(BaseModel):
    """Where the state lives."""

    path: HomePath = Path("state.db")
    """The SQLite file, used when no `url` is given."""
    url: SecretStr | None = None
    """A PostgreSQL URL, such as postgresql+psycopg://user:password@host/database."""
    executor: str = "local"
    """This process's name in a fleet; unique, and the same after a restart, so that it takes up its own work."""
    workers: int = 4
    """How many questions are worked on at the same time."""
    polling_seconds: float = 0.05
    """How often the queue is looked at for new work."""
    grace_seconds: float = 5.0
    """How long work that has begun may go on when the process is told to stop; later it resumes at the next start."""
    follow_seconds: float = 1.0
    """How often a follower looks for progress made by another process."""


@dataclass
class SqlState:
    """All of the state port on one SQLAlchemy engine; writes go through one thread, because SQLite has one writer."""

    settings: Settings
    engine: sa.Engine
    queue: Queue
    _pulses: Pulses = field(default_factory=Pulses)
    _writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "state-writer"))
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def accept(self, received: Received) -> tuple[str, bool]:
        question_id = str(uuid.uuid4())

        def commit(connection: sa.Connection) -> tuple[str, bool]:
            known = rows.question_id_of(connection, received)
            if known:
                return known, False
            rows.insert_question(connection, question_id, received)
            self.queue.enqueue(connection, "answer", question_id)
            return question_id, True

        try:
            return await self._write(commit)
        except IntegrityError:
            # Another process committed the same delivery between our look and our insert.
            return await self._write(lambda c: (rows.question_id_of(c, received) or question_id, False))

    async def question(self, question_id: str) -> Question | None:
        return await self._read(lambda c: rows.question(c, question_id))

    async def thread(self, thread_id: str, limit: int = 20) -> tuple[Question, ...]:
        return await self._read(lambda c: rows.thread(c, thread_id, limit))

    async def threads(self, author: str | None, limit: int = 50) -> tuple[ThreadSummary, ...]:
        return await self._read(lambda c: rows.threads(c, author, limit))

    async def append(self, question_id: str, kind: str, data: str) -> None:
        await self._write(lambda c: rows.append_frame(c, question_id, kind, data))
        self._pulses.beat(question_id)

    async def follow(self, question_id: str, after: int) -> AsyncIterator[Frame]:
        while True:
            pulse = self._pulses.listen(question_id)
            seen = after
            for frame in await self._read(partial(rows.frames, question_id=question_id, after=seen)):
                yield frame
                after = frame.sequence
                if frame.kind == "card":
                    return
            if after == seen:
                await heard(pulse, self.settings.follow_seconds)

    async def settle(self, question_id: str, card: str) -> bool:
        first = await self._write(lambda c: rows.settle(c, question_id, card))
        self._pulses.beat(question_id)
        return first

    async def record_delivery(self, question_id: str, channel: str, rung: str, message_id: str) -> bool:
        return await self._write(lambda c: rows.record_delivery(c, question_id, channel, rung, message_id))

    async def undelivered(self) -> tuple[str, ...]:
        return await self._read(rows.undelivered)

    async def record_feedback(self, feedback: Feedback) -> bool:
        return await self._write(lambda c: rows.record_feedback(c, feedback))

    async def start(self, journeys: Mapping[str, Journey], give_up: Journey) -> None:
        if self.engine.dialect.name == "sqlite":
            self._open.enter_context(sole_owner(self.settings.path.with_suffix(".lock")))
        await self._write(rows.forget_old_frames)
        await self.queue.start(journeys)
        self._open.push_async_callback(self.queue.stop)
        for question_id in await self.queue.abandoned(await self.undelivered()):
            await give_up(question_id)

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        return await self.queue.step(name, shape, work)

    async def check(self) -> Mapping[str, str]:
        open_work = await self.undelivered()
        facts = {
            "database": shown(self.engine.url),
            "revision": await asyncio.to_thread(revision, self.engine),
            "open questions": str(len(open_work)),
        }
        if self.engine.dialect.name == "sqlite":
            mode = await self._read(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar_one())
            facts["journal mode"] = str(mode)
        return facts

    async def close(self) -> None:
        await self._open.aclose()
        self._writer.shutdown()
        self.queue.close()
        self.engine.dispose()

    async def _write(self, work: Callable[[sa.Connection], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._transaction, work)

    def _transaction(self, work: Callable[[sa.Connection], R]) -> R:
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise StateUnavailable(f"the state database refused to write: {error.orig}") from error

    async def _read(self, work: Callable[[sa.Connection], R]) -> R:
        def run() -> R:
            try:
                with self.engine.connect().execution_options(read_only=True) as connection:
                    return work(connection)
            except DBAPIError as error:
                raise StateUnavailable(f"the state database cannot be read: {error.orig}") from error

        return await asyncio.to_thread(run)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[SqlState]:
    """Open the database and bring its schema up to date; work starts with ``start``."""
    url = settings.url.get_secret_value() if settings.url else f"sqlite:///{settings.path}"
    engine = open_engine(url)
    queue = Queue(url, engine, settings.executor, settings.workers, settings.polling_seconds, settings.grace_seconds)

    def prepare() -> None:
        migrate(engine)
        queue.prepare()

    await asyncio.to_thread(prepare)
    state = SqlState(settings, engine, queue)
    try:
        yield state
    finally:
        await state.close()
