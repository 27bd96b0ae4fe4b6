"""An OpenAI-compatible endpoint on loopback that answers as it is told, and keeps what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Turn:
    """What happens to one request."""

    text: str = '{"query": "disk full"}'
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    cuts: bool = False
    """A stream ends after half of the text, without a last word."""
    usage: bool = True


@dataclass
class FakeOpenAI:
    """Serves ``turns`` in order, then the last one for ever."""

    turns: list[Turn] = field(default_factory=lambda: [Turn()])
    unknown_fields: frozenset[str] = frozenset()
    """Request fields, or kinds of response_format, that it refuses with 400."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    address: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has come."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client closed its connection before it had the whole answer."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        sent = dict(line.split(": ", 1) for line in head[1:] if line)
        request = json.loads(await reader.readexactly(int(sent["content-length"])))
        self.keys.append(sent["authorization"].removeprefix("bearer "))
        self.requests.append(request)
        self.asked.set()
        try:
            await self._answer(request, reader, writer)
        finally:
            writer.close()

    async def _answer(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        asked = set(request) | {request.get("response_format", {}).get("type", "")}
        if self.unknown_fields & asked:
            return write(writer, Turn(status=400), error("unknown field"))
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if turn.status != 200:
            return write(writer, turn, error("no"))
        if request.get("stream"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            for chunk in chunks(turn, reports="stream_options" in request):
                writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            await writer.drain()
        if turn.hangs:
            await reader.read()
            return self.closed.set()
        if not request.get("stream"):
            return write(writer, turn, completion(turn))
        return writer.write(b"" if turn.cuts else b"data: [DONE]\n\n")


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def write(writer: asyncio.StreamWriter, turn: Turn, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(payload)), "connection": "close"}
    lines = [f"HTTP/1.1 {turn.status} As told", *(f"{k}: {v}" for k, v in {**headers, **turn.headers}.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)


USAGE = {"prompt_tokens": 120, "completion_tokens": 8, "total_tokens": 128}


def completion(turn: Turn) -> dict[str, Any]:
    message = {"role": "assistant", "content": turn.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    said = {"id": "1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [choice]}
    return {**said, "usage": USAGE} if turn.usage else said


def chunks(turn: Turn, *, reports: bool) -> list[dict[str, Any]]:
    half = len(turn.text) // 2
    texts = [turn.text[:half]] if turn.cuts or turn.hangs else [turn.text[:half], turn.text[half:]]
    deltas: list[dict[str, Any]] = [{"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts]
    if not (turn.cuts or turn.hangs):
        deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    shell = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    said: list[dict[str, Any]] = [{**shell, "choices": [delta]} for delta in deltas]
    if reports and turn.usage and not (turn.cuts or turn.hangs):
        said.append({**shell, "choices": [], "usage": USAGE})
    return said


@asynccontextmanager
async def fake_openai(*turns: Turn, unknown_fields: frozenset[str] = frozenset()) -> AsyncIterator[FakeOpenAI]:
    """The endpoint, listening at ``address``."""
    fake = FakeOpenAI(list(turns) or [Turn()], unknown_fields)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    async with server:
        fake.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield fake
