"""The sources' HTTP client against a real server on this machine: bodies that break off, crawl, or come packed."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connectors.sources.polite import Client, Failing, Limits, Network, NoAnswer, Site, open_client


async def no_wait(seconds: float) -> None:
    del seconds


@asynccontextmanager
async def asking(*chunks: bytes, hang: bool = False, **limits: float) -> AsyncIterator[Client]:
    """A client of a server that gives this raw answer to every call, and then ends the connection or stays silent."""
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for chunk in chunks:
            writer.write(chunk)
        await writer.drain()
        if hang:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    site = Site("Tickets", f"http://127.0.0.1:{port}", Limits.model_validate(limits))
    try:
        async with server, open_client(site, Network(sleep=no_wait)) as client:
            yield client
            over.set()
    finally:
        over.set()


async def test_a_body_that_breaks_off_is_not_taken_for_whole() -> None:
    async with asking(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2]") as client:
        with pytest.raises(Failing, match="does not answer"):
            await client.get("/a")


async def test_a_body_that_never_ends_is_given_up_in_time() -> None:
    async with asking(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1", hang=True, timeout_seconds=0.05) as client:
        with pytest.raises(Failing, match="does not answer"):
            await client.get("/a")


async def test_a_packed_body_is_unpacked_and_its_size_is_the_unpacked_one() -> None:
    raw = gzip.compress(b"[" + b"1," * 50_000 + b"1]")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(raw)

    async with asking(head, raw) as client:
        assert len((await client.get("/a")).of(list[int])) == 50_001
    async with asking(head, raw, max_bytes=50_000) as client:
        with pytest.raises(NoAnswer, match="larger than"):
            await client.get("/a")


async def test_damaged_packing_is_a_failure_in_plain_words() -> None:
    async with asking(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope") as client:
        with pytest.raises(Failing, match="DecodingError"):
            await client.get("/a")


async def test_a_server_that_is_not_there_is_named() -> None:
    site = Site("Tickets", "http://127.0.0.1:9", Limits())

    async with open_client(site, Network(sleep=no_wait)) as client:
        with pytest.raises(Failing, match=r"Tickets does not answer .*check url and network"):
            await client.get("/a")
