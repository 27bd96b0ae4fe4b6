"""The durable queue: DBOS, kept behind five verbs, without its pickles."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
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
            DBOS.workflow(name=name)(_named(journey))
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self.workers,
            polling_interval_sec=self.polling_seconds,
            on_conflict="always_update",
        )

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Run the work, or return what it returned before a crash."""

        async def checkpoint() -> str:
            return (await work()).model_dump_json()

        return shape.model_validate_json(await DBOS.run_step_async({"name": name}, checkpoint))

    async def stop(self) -> None:
        """Stop working; what is unfinished is taken up at the next start."""
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)

    def close(self) -> None:
        """Give back what enqueueing needed."""
        if self._client is not None:
            self._client.destroy()


def _named(journey: Journey) -> Callable[[str], Awaitable[None]]:
    # DBOS registers plain functions; a bound method or partial is wrapped into one.
    async def run(row_id: str) -> None:
        await journey(row_id)

    return run
