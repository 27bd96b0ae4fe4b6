"""The state in one database: SQLite on one machine, PostgreSQL for a fleet, the same code."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr
from sqlalchemy.exc import DBAPIError, IntegrityError

from connectors.configuration import HomePath
from connectors.state import alert_rows, incident_rows, remedy_rows, rows
from connectors.state.attempts import Attempts
from connectors.state.database import migrate, open_engine, revision, shown, sole_owner
from connectors.state.port import (
    Feedback,
    Frame,
    KeptFile,
    Question,
    Rated,
    Received,
    StateUnavailable,
    ThreadSummary,
    Work,
)
from connectors.state.posting import Postings
from connectors.state.pulses import Pulses, heard
from connectors.state.queue import Pace, Queue
from connectors.state.sql_incidents import SqlIncidents
from connectors.state.sql_remedies import SqlRemedies

T = TypeVar("T", bound=BaseModel)

log = logging.getLogger(__name__)


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
    diagnosers: int = 2
    """How many incidents are diagnosed at the same time, beside the questions."""
    remediators: int = 2
    """How many remedies are carried out at the same time, beside the questions and the diagnoses."""
    polling_seconds: float = 0.05
    """How often the queue is looked at for new work."""
    grace_seconds: float = 3.0
    """How long work that has begun may go on when the process is told to stop; later it resumes at the next start."""
    retry_seconds: float = 10.0
    """How long work that failed, such as for a full disk, waits before it goes on."""
    follow_seconds: float = 1.0
    """How often a follower looks for progress made by another process."""


@dataclass
class SqlState(SqlIncidents, SqlRemedies):
    """All of the state port on one database."""

    settings: Settings
    _pulses: Pulses = field(default_factory=Pulses)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._postings = Postings(self.write, self.settings.executor)

    async def accept(self, received: Received) -> tuple[str, bool]:
        question_id = str(uuid.uuid4())

        def commit(connection: sa.Connection) -> tuple[str, bool]:
            known = rows.question_id_of(connection, received)
            if known:
                return known, False
            rows.claim_attachments(connection, received)
            rows.insert_question(connection, question_id, received)
            self.queue.enqueue(connection, "answer", question_id)
            return question_id, True

        try:
            return await self.write(commit)
        except IntegrityError as clash:
            # Another process committed the same delivery between our look and our insert.
            known = await self.read(partial(rows.question_id_of, received=received))
            if known is None:
                raise StateUnavailable(f"the state database refused the message: {clash.orig}") from clash
            return known, False

    async def keep(self, file: KeptFile, *, for_good: bool = False) -> None:
        # A clash means that the same file came twice at once, and is kept.
        with suppress(IntegrityError):
            await self.write(lambda c: rows.keep(c, file, for_good=for_good))

    async def attachment(self, author: str, digest: str) -> KeptFile | None:
        return await self.read(lambda c: rows.kept_file(c, author, digest))

    async def question(self, question_id: str) -> Question | None:
        return await self.read(lambda c: rows.question(c, question_id))

    async def asked_as(self, channel: str, event_id: str) -> Question | None:
        return await self.read(lambda c: rows.asked_as(c, channel, event_id))

    async def asked_by(self, author: str, limit: int = 10) -> tuple[Question, ...]:
        return await self.read(lambda c: rows.asked_by(c, author, limit))

    async def thread(self, thread_id: str, limit: int = 20) -> tuple[Question, ...]:
        return await self.read(lambda c: rows.thread(c, thread_id, limit))

    async def threads(self, author: str | None, limit: int = 50) -> tuple[ThreadSummary, ...]:
        return await self.read(lambda c: rows.threads(c, author, limit))

    async def append(self, question_id: str, kind: str, data: str) -> None:
        await self.write(lambda c: rows.append_frame(c, question_id, kind, data))
        self._pulses.beat(question_id)

    async def follow(self, question_id: str, after: int) -> AsyncIterator[Frame]:
        while True:
            pulse = self._pulses.listen(question_id)
            seen = after
            frames, last = await self.read(partial(rows.frames, question_id=question_id, after=seen))
            for frame in frames:
                yield frame
                after = frame.sequence
            if last:
                return
            if after == seen:
                await heard(pulse, self.settings.follow_seconds)

    async def settle(self, question_id: str, card: str) -> bool:
        first = await self.write(lambda c: rows.settle(c, question_id, card))
        self._pulses.beat(question_id)
        return first

    async def claim(self, question_id: str) -> bool:
        return await self._postings.claim(question_id)

    async def release(self, question_id: str) -> None:
        await self._postings.release(question_id)

    async def record_delivery(self, question_id: str, channel: str, rung: str, message_id: str) -> bool:
        return await self.write(lambda c: rows.record_delivery(c, question_id, channel, rung, message_id))

    async def undelivered(self) -> tuple[str, ...]:
        return await self.read(rows.undelivered)

    async def record_feedback(self, feedback: Feedback) -> bool:
        return await self.write(lambda c: rows.record_feedback(c, feedback))

    async def rated(self, limit: int = 1000) -> tuple[Rated, ...]:
        """See the port."""
        return await self.read(lambda c: rows.rated(c, limit))

    async def start(self, journeys: Mapping[str, Work]) -> None:
        if self.engine.dialect.name == "sqlite":
            self._open.enter_context(sole_owner(self.settings.path.with_suffix(".lock")))
        await self.write(rows.forget_old_frames)
        await self._postings.forget()
        attempts = Attempts(self)
        await self.queue.start({name: attempts.counted(work) for name, work in journeys.items()})
        self._open.push_async_callback(self.queue.stop)
        # Nobody waits for it: platforms that are away would keep everything else from starting.
        looks = {"answer": self.undelivered, "diagnose": self._unended, "execute": self._unexecuted}
        ended = [(work, await self._ended(looks[kind])) for kind, work in journeys.items()]
        self._open.push_async_callback(_cancelled, asyncio.create_task(_close(ended)))

    async def _ended(self, look: Callable[[], Awaitable[Sequence[str]]]) -> list[str]:
        ended = await self.queue.ended(await look())
        # Another process may have closed a row between the two looks.
        still = set(await look()) if ended else set()
        return [row_id for row_id in ended if row_id in still]

    async def stop(self) -> None:
        await self._open.aclose()

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self.queue.step(name, shape, work)
        except DBAPIError as error:
            raise StateUnavailable(f"the state database cannot keep a step: {error.orig}") from error

    async def check(self) -> Mapping[str, str]:
        open_work = await self.undelivered()
        facts = {
            "database": shown(self.engine.url),
            "revision": await self.read(revision),
            "open questions": str(len(open_work)),
            "open incidents": str(await self.read(incident_rows.opened)),
            "alerts waiting": str(await self.read(alert_rows.waiting)),
            "open proposals": str(await self.read(remedy_rows.pending)),
        }
        if self.engine.dialect.name == "sqlite":
            mode = await self.read(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar_one())
            facts["journal mode"] = str(mode)
        return facts

    async def close(self) -> None:
        await self.stop()
        self._writer.shutdown()
        self.queue.close()
        self.engine.dispose()


async def _close(ended: Sequence[tuple[Work, Sequence[str]]]) -> None:
    for work, row_id in [(work, row_id) for work, row_ids in ended for row_id in row_ids]:
        [failed] = await asyncio.gather(work.give_up(row_id), return_exceptions=True)
        # What is wrong with one row must not keep the others from being closed; it is tried at the next start.
        if isinstance(failed, Exception):
            log.error("work on %s cannot be given up", row_id, exc_info=failed)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[SqlState]:
    """Open the database and bring its schema up to date; work starts with ``start``."""
    url = settings.url.get_secret_value() if settings.url else f"sqlite:///{settings.path}"
    engine = open_engine(url)
    workers = {"answer": settings.workers, "diagnose": settings.diagnosers, "execute": settings.remediators}
    pace = Pace(workers, settings.polling_seconds, settings.grace_seconds, settings.retry_seconds)
    queue = Queue(url, engine, settings.executor, pace)

    def prepare() -> None:
        migrate(engine)
        queue.prepare()

    await asyncio.to_thread(prepare)
    state = SqlState(engine, queue, settings)
    try:
        yield state
    finally:
        await state.close()
