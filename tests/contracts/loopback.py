"""A web server on this machine that answers, breaks off, or stays silent, and keeps what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pydantic import JsonValue


@dataclass(frozen=True)
class Asked:
    """One request as it came; ``path`` as it stood on the line."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.path)

    @property
    def json(self) -> JsonValue:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """One answer; None for a status closes the connection instead, and a negative one never answers."""

    status: int | None = 200
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """Where it listens, what it says to a request, and what it was asked."""

    answer: Callable[[Asked], Said] = lambda asked: Said()
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _request(reader)
            self.asked.append(asked)
            said = self.answer(asked)
            if said.status is not None and said.status < 0:
                await reader.read()
            elif said.status is not None:
                raw = json.dumps(said.body).encode()
                head = [f"HTTP/1.1 {said.status} X", f"Content-Length: {len(raw)}", "Connection: close"]
                head += [f"{name}: {value}" for name, value in said.headers.items()]
                writer.write("\r\n".join([*head, "", ""]).encode() + raw)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def listening() -> AsyncIterator[Server]:
    """A server until the block ends."""
    told = Server()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        server.close()
        await server.wait_closed()
