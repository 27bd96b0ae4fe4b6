"""A reranking endpoint on loopback that answers as it is told, and keeps what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.rerank.memory import MemoryReranker


@dataclass(frozen=True)
class Turn:
    """What happens to one request; without a body, its passages are scored."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    hangs: bool = False


@dataclass
class FakeEndpoint:
    """Serves ``turns`` in order, then the last one for ever. It has both dialects, each with its own names."""

    turns: list[Turn] = field(default_factory=lambda: [Turn()])
    requests: list[dict[str, Any]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        sent = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        request = json.loads(await reader.readexactly(int(sent["content-length"])))
        self.targets.append(head[0].split()[1])
        self.keys.append(sent.get("authorization", ""))
        self.requests.append(request)
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if turn.hangs:
            await reader.read()
        else:
            body = (turn.body or json.dumps(await ranked(request))).encode()
            headers = {"content-length": str(len(body)), "connection": "close", **turn.headers}
            lines = [f"HTTP/1.1 {turn.status} As told", *(f"{name}: {value}" for name, value in headers.items())]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        writer.close()


async def ranked(request: Mapping[str, Any]) -> object:
    """The best first, as every such endpoint has them."""
    passages = request.get("documents") or request["texts"]
    scores = await MemoryReranker().score(request["query"], passages)
    order = sorted(range(len(passages)), key=lambda index: -scores[index])
    if "texts" in request:
        return [{"index": index, "score": scores[index]} for index in order]
    return {"id": "1", "results": [{"index": index, "relevance_score": scores[index]} for index in order]}


@asynccontextmanager
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    """Serve until the block ends."""
    fake = FakeEndpoint()
    async with await asyncio.start_server(fake.serve, "127.0.0.1", 0) as server:
        fake.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        yield fake
