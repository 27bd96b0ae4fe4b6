"""The durable queue: DBOS, kept behind five verbs, without its pickles."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, run_dbos_database_migrations
from dbos import _serialization as dbos_serialization
from dbos import error as dbos_error
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError

from connectors.state.port import Journey, StateUnavailable

T = TypeVar("T", bound=BaseModel)

# Always the same: DBOS takes up work of its own version only, and would leave all that an older program had begun.
VERSION = "1"
# Each kind of work has a queue of its own: many diagnoses that take minutes must not keep a question waiting.
QUEUES = {"answer": "journeys", "diagnose": "diagnoses", "execute": "remedies"}
# Looking costs an idle laptop some of its battery, and what is not a question may begin a quarter of a second later.
_UNHURRIED = 5
SILENT_SECONDS = 60
UNFINISHED = ("ENQUEUED", "DELAYED", "PENDING")
log = logging.getLogger(__name__)


class _Unrecorded(BaseException):
    """Carries a failure out of a step. DBOS keeps every `Exception` as the step's result, for ever."""

    def __init__(self, failed: StateUnavailable) -> None:
        super().__init__(failed)
        self.failed = failed


class Seldom(logging.Filter):
    """Lets through one message a minute from each place: the queue is looked at many times a second, also in vain."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the last one is long enough ago."""
        place = (record.pathname, record.lineno)
        # A clock that was set back must not silence anything for long.
        due = abs(record.created - self._last.get(place, 0)) >= SILENT_SECONDS
        if due:
            self._last[place] = record.created
        return due


@dataclass(frozen=True)
class Pace:
    """How much of each kind of work is done at once, and what is waited for."""

    workers: Mapping[str, int]
    polling_seconds: float
    grace_seconds: float
    retry_seconds: float


def _refuse_pickle(*_: object) -> NoReturn:
    raise TypeError("pickle refused: a row of the state database must never be able to run code")


# A row may name its own serialization, and DBOS would unpickle it whatever serializer is configured.
dbos_serialization.DBOSDefaultSerializer.deserialize = _refuse_pickle  # type: ignore[assignment]  # closing a hole


@dataclass
class Queue:
    """Journeys that survive a crash. One per process, because DBOS is."""

    url: str = field(repr=False)
    engine: sa.Engine
    executor: str
    pace: Pace
    _running: set[asyncio.Task[object]] = field(default_factory=set, init=False)
    _failed: dict[str, str] = field(default_factory=dict, init=False)
    _mending: asyncio.Task[None] | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)
    _client: DBOSClient | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Create or update the queue's own tables."""
        logger = logging.getLogger("dbos")
        logger.setLevel(logging.WARNING)
        if not any(isinstance(one, Seldom) for one in logger.filters):
            logger.addFilter(Seldom())
        run_dbos_database_migrations(self.url)
        self._client = DBOSClient(system_database_engine=self.engine, serializer=DBOSPortableJSONSerializer())

    def enqueue(self, connection: sa.Connection, journey: str, row_id: str) -> None:
        """Add work inside the caller's transaction; the row's id is the work's id, so it is added once."""
        if self._client is None:
            raise RuntimeError("the queue is not prepared")
        options = {"workflow_name": journey, "queue_name": QUEUES[journey], "workflow_id": row_id}
        self._client.enqueue_in_transaction(connection, options, row_id)  # type: ignore[arg-type]  # a TypedDict

    async def start(self, journeys: Mapping[str, Journey]) -> None:
        """Register the journeys, take up what a crash interrupted, then what waits."""
        DBOS(
            config=DBOSConfig(
                name="nightshift",
                system_database_url=self.url,
                application_version=VERSION,
                executor_id=self.executor,
                serializer=DBOSPortableJSONSerializer(),
                log_level="WARNING",
                max_executor_threads=16,
            )
        )
        for name, journey in journeys.items():
            DBOS.workflow(name=name, max_recovery_attempts=None)(self._tracked(name, journey))
        # Others stay untouched for a process that has their journeys.
        DBOS.listen_queues([QUEUES[name] for name in journeys])
        DBOS.launch()
        for name in journeys:
            await DBOS.register_queue_async(
                QUEUES[name],
                worker_concurrency=self.pace.workers[name],
                polling_interval_sec=self.pace.polling_seconds * (1 if name == "answer" else _UNHURRIED),
                on_conflict="always_update",
            )
        self._mending = asyncio.create_task(self._mend())

    async def ended(self, row_ids: Sequence[str]) -> list[str]:
        """Of these, the ones whose work has ended, however it did."""
        found = await DBOS.list_workflows_async(workflow_ids=list(row_ids)) if row_ids else []
        return [one.workflow_id for one in found if one.status not in UNFINISHED]

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Run the work, or return what it returned before a crash.

        Where an older program has kept the result of another step, or one that cannot be read now, it is run again.
        """

        async def checkpoint() -> str:
            try:
                return (await work()).model_dump_json()
            except StateUnavailable as failed:
                raise _Unrecorded(failed) from failed

        try:
            kept = await DBOS.run_step_async({"name": name}, checkpoint)
        except _Unrecorded as carried:
            raise carried.failed from carried
        except dbos_error.DBOSUnexpectedStepError:
            return await work()
        try:
            return shape.model_validate_json(kept)
        except ValidationError:
            return await work()

    async def stop(self) -> None:
        """Let what runs finish for a moment, then stop; what is unfinished is taken up at the next start."""
        self._stopping = True
        if self._mending:
            self._mending.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=self.pace.grace_seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS made its own threads the event loop's, and has ended them; whoever closes after us needs some.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    def _tracked(self, name: str, journey: Journey) -> Callable[[str], Awaitable[None]]:
        async def run(row_id: str) -> None:
            task = asyncio.current_task()
            if task is None or self._stopping:
                # Left as it is in the database, it belongs to the next start.
                raise asyncio.CancelledError
            self._running.add(task)
            try:
                await journey(row_id)
            # Kept as failed, work would never run again; a cancelled run stays as it is, and is taken up later.
            except StateUnavailable as failed:
                log.warning("work on %s goes on in %g s: %s", row_id, self.pace.retry_seconds, failed)
                self._failed[row_id] = QUEUES[name]
                raise asyncio.CancelledError from failed
            finally:
                self._running.discard(task)

        return run

    async def _mend(self) -> None:
        """Set going again what failed, as soon as the database can be written."""
        while True:
            await asyncio.sleep(self.pace.retry_seconds)
            for queue in sorted(set(self._failed.values())):
                waiting = {row_id: its for row_id, its in self._failed.items() if its == queue}
                # Taken out before, because what is set going can have failed again by the time that we are told.
                self._failed = {row_id: its for row_id, its in self._failed.items() if row_id not in waiting}
                try:
                    await DBOS.resume_workflows_async(list(waiting), queue_name=queue)
                except DBAPIError as error:
                    log.warning("the queue cannot be written: %s", error.orig)
                    self._failed |= waiting

    def close(self) -> None:
        """Give back what enqueueing needed."""
        if self._client is not None:
            self._client.destroy()
