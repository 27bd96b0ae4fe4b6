"""The stores and states that the contracts of several files are tried on."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.configuration import Roots
from connectors.load import load
from connectors.state.database import open_engine
from connectors.state.port import State
from connectors.vectors.port import VectorStore
from tests.contracts import postgres
from tests.contracts.states import Opening
from tests.contracts.vector_stores import LAYOUT, POINTS, cleared, connected

SERVER = os.environ.get("NIGHTSHIFT_QDRANT_URL", "")  # noqa: TID251 - where the suite's own server is, if any
NO_INDEXES = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


@pytest.fixture(
    params=["memory", "edge", "edge-shared", pytest.param("server-in-memory", marks=NO_INDEXES), "server"],
)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    """Every vector store, with an empty collection."""
    async with AsyncExitStack() as stack:
        if request.param == "server" and not SERVER:
            pytest.skip("no Qdrant server: set NIGHTSHIFT_QDRANT_URL to the address of one that may be written to")
        if request.param == "edge-shared":
            owner = await connected(stack, "edge", {}, tmp_path)
            assert await owner.collections() == ()
        tables = {"server": {"url": SERVER}, "server-in-memory": {"location": ":memory:"}}
        vendor = request.param.split("-")[0]
        found = await connected(stack, vendor, tables.get(request.param, {}), tmp_path)
        await cleared(found)
        await found.ensure("runbooks", LAYOUT)
        yield found
        await cleared(found)


@pytest.fixture
async def filled(store: VectorStore) -> VectorStore:
    """Every vector store, with points in its collection."""
    await store.upsert("runbooks", POINTS)
    return store


@pytest.fixture(scope="session")
def state_server() -> Iterator[str]:
    """A PostgreSQL server for states."""
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    """Every state, empty."""
    vendor = "memory" if request.param == "memory" else "sql"
    table: dict[str, object] = {} if vendor == "memory" else {"retry_seconds": 0.05}
    if request.param == "postgres":
        table["url"] = postgres.database(request.getfixturevalue("state_server"))
    async with load("state", vendor, table, Roots(home=tmp_path, models=tmp_path)) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return postgres.database(request.getfixturevalue("state_server"))


@pytest.fixture
def engine(state_url: str) -> Iterator[sa.Engine]:
    """The same database, seen from outside."""
    opened = open_engine(state_url)
    yield opened
    opened.dispose()


@pytest.fixture
def process(state_url: str, tmp_path: Path) -> Opening:
    """Opens the state as a process of this name does; all of them share one database."""
    table = {} if state_url.startswith("sqlite") else {"url": state_url}

    def opening(executor: str) -> AbstractAsyncContextManager[Any]:
        return load("state", "sql", {**table, "executor": executor}, Roots(home=tmp_path, models=tmp_path))

    return opening
