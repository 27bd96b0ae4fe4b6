"""The Qdrant server as a vector store: how it is addressed, and what happens when it is busy or gone."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import stamina

from connectors.configuration import BadSettings
from connectors.vectors.port import VectorStoreUnavailable
from tests.contracts.vector_stores import connected


@pytest.fixture
def impatient() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": "http://127.0.0.1:9", "timeout_seconds": 1}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match=r"127\.0\.0\.1:9 does not answer"):
            await store.collections()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param(["503 Busy", "503 Busy", "200 OK"], ("runbooks",), id="twice-busy-then-fine"),
        pytest.param(["429 Slower", "200 OK"], ("runbooks",), id="told-to-slow-down"),
        pytest.param(["503 Busy"] * 3, None, id="three-times-busy"),
        pytest.param(["401 No"], None, id="refused-for-good"),
    ],
)
async def test_a_busy_server_is_asked_three_times(
    statuses: list[str], expected: tuple[str, ...] | None, tmp_path: Path
) -> None:
    body = b'{"result": {"collections": [{"name": "runbooks"}]}, "status": "ok", "time": 0.0}'
    left = list(statuses)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {left.pop(0)}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": url}, tmp_path)
        try:
            found = await store.collections()
        except VectorStoreUnavailable:
            found = None

    assert (found, left) == (expected, [])


async def test_a_server_switches_an_alias_in_one_request(tmp_path: Path) -> None:
    results = {
        "/aliases": {"aliases": [{"alias_name": "library", "collection_name": "runbooks"}]},
        "/collections": {"collections": [{"name": "runbooks"}, {"name": "runbooks-2"}]},
    }
    sent: list[object] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        if length:
            sent.append(json.loads(await reader.readexactly(int(length[1]))))
        body = json.dumps({"result": results.get(head.split()[1], True), "status": "ok", "time": 0.0})
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n".encode())
        writer.write(f"connection: close\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": url}, tmp_path)
        await store.point_alias("library", "runbooks-2")
        with pytest.raises(VectorStoreUnavailable, match="in use as library"):
            await store.drop("library")

    drop = {"delete_alias": {"alias_name": "library"}}
    create = {"create_alias": {"collection_name": "runbooks-2", "alias_name": "library"}}
    assert sent == [{"actions": [drop, create]}]


@pytest.mark.parametrize("table", [{}, {"url": "http://qdrant:6333", "location": ":memory:"}], ids=["none", "both"])
async def test_a_server_needs_one_address(table: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="set url"):
        async with AsyncExitStack() as stack:
            await connected(stack, "server", table, tmp_path)
