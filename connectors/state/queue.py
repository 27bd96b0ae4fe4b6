"""The durable queue: DBOS, kept behind five verbs, without its pickles."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, run_dbos_database_migrations
from dbos import _serialization as dbos_serialization
from pydantic import BaseModel

from connectors.state.port import Journey

T = TypeVar("T", bound=BaseModel)

# Raised by hand when a journey's steps change in a way that a half-finished one cannot go on with.
PROTOCOL = "1"
QUEUE = "journeys"
ATTEMPTS = 5


def _refuse_pickle(*_: object) -> NoReturn:
    raise TypeError("pickle refused: a row of the state database must never be able to run code")


# A row may name its own serialization, and DBOS would unpickle it whatever serializer is configured.
dbos_serialization.DBOSDefaultSerializer.deserialize = _refuse_pickle  # type: ignore[assignment]  # closing a hole


@dataclass
class Queue:
    """Journeys that survive a crash. One per process, because DBOS is."""

    url: str
    engine: sa.Engine
    executor: str
    workers: int
    polling_seconds: float
    grace_seconds: float
    _running: set[asyncio.Task[object]] = field(default_factory=set, init=False)
    _stopping: bool = field(default=False, init=False)
    _client: DBOSClient | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Create or update the queue's own tables."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        run_dbos_database_migrations(self.url)
        self._client = DBOSClient(system_database_engine=self.engine, serializer=DBOSPortableJSONSerializer())

    def enqueue(self, connection: sa.Connection, journey: str, row_id: str) -> None:
        """Add work inside the caller's transaction; the row's id is the work's id, so it is added once."""
        if self._client is None:
            raise RuntimeError("the queue is not prepared")
        options = {"workflow_name": journey, "queue_name": QUEUE, "workflow_id": row_id}
        self._client.enqueue_in_transaction(connection, options, row_id)  # type: ignore[arg-type]  # a TypedDict

    async def start(self, journeys: Mapping[str, Journey]) -> None:
        """Register the journeys, take up what a crash interrupted, then what waits."""
        DBOS(
            config=DBOSConfig(
                name="nightshift",
                system_database_url=self.url,
                application_version=PROTOCOL,
                executor_id=self.executor,
                serializer=DBOSPortableJSONSerializer(),
                log_level="WARNING",
                max_executor_threads=16,
            )
        )
        for name, journey in journeys.items():
            DBOS.workflow(name=name, max_recovery_attempts=ATTEMPTS)(self._tracked(journey))
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self.workers,
            polling_interval_sec=self.polling_seconds,
            on_conflict="always_update",
        )

    async def abandoned(self, row_ids: Sequence[str]) -> list[str]:
        """Of these, the ones that crashed the process too often. What only failed is set going again."""
        found = await DBOS.list_workflows_async(workflow_ids=list(row_ids)) if row_ids else []
        failed = [one.workflow_id for one in found if one.status in ("ERROR", "CANCELLED")]
        if failed:
            await DBOS.resume_workflows_async(failed)
        return [one.workflow_id for one in found if one.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Run the work, or return what it returned before a crash."""

        async def checkpoint() -> str:
            return (await work()).model_dump_json()

        return shape.model_validate_json(await DBOS.run_step_async({"name": name}, checkpoint))

    async def stop(self) -> None:
        """Let what runs finish for a moment, then stop; what is unfinished is taken up at the next start."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=self.grace_seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)

    def _tracked(self, journey: Journey) -> Callable[[str], Awaitable[None]]:
        async def run(row_id: str) -> None:
            task = asyncio.current_task()
            if task is None or self._stopping:
                # Left as it is in the database, it belongs to the next start.
                raise asyncio.CancelledError
            self._running.add(task)
            try:
                await journey(row_id)
            finally:
                self._running.discard(task)

        return run

    def close(self) -> None:
        """Give back what enqueueing needed."""
        if self._client is not None:
            self._client.destroy()
