"""Measures a server as a client sees it: start, acknowledgement under load, our own share of an answer, memory."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.evals.measures import percentile
from tests.bench.report import Figure, resident_megabytes, spread

QUESTIONS = (
    "payments connection pool size",
    "how do I roll back checkout",
    "kafka disk full what now",
    "redis cart evictions",
    "search indexer OOMKilled",
    "支付连接池耗尽怎么办",
    "结算 5xx 怎么回滚",
    "emails not sent 452",
)


@dataclass
class Server:
    """A running server and how long it took to become ready."""

    process: subprocess.Popen[bytes]
    client: httpx.AsyncClient
    seconds_to_ready: float


@asynccontextmanager
async def server(home: Path, **settings: str) -> AsyncIterator[Server]:
    """Serve from ``home`` on a free port; ended by its id afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_WEB__PORT": str(port), **settings}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        # A connection is given up before the server does so: it would break the request that is just being sent.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=1)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:
            yield Server(process, client, await ready(client, process, started))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


async def ready(client: httpx.AsyncClient, process: subprocess.Popen[bytes], started: float) -> float:
    """Seconds until the server answers that it is ready."""
    while process.poll() is None:
        try:
            if (await client.get("/ready")).status_code == 200:
                return time.perf_counter() - started
        except httpx.TransportError:
            await asyncio.sleep(0.02)
    raise RuntimeError(f"the server ended with code {process.returncode}")


async def asked(client: httpx.AsyncClient, text: str) -> tuple[str, float]:
    """The question's id, and the seconds until it was acknowledged."""
    started = time.perf_counter()
    reply = await client.post("/api/messages", json={"text": text, "event_id": str(uuid.uuid4())})
    reply.raise_for_status()
    return reply.json()["question_id"], time.perf_counter() - started


async def answered(client: httpx.AsyncClient, question_id: str) -> Mapping[str, object]:
    """The card of a question, from its stream."""
    async with client.stream("GET", f"/api/questions/{question_id}/stream", timeout=300) as stream:
        kind = ""
        async for line in stream.aiter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event:") else kind
            if line.startswith("data:") and kind == "card":
                card: Mapping[str, object] = json.loads(line.removeprefix("data:"))
                return card
    raise RuntimeError("the stream ended without a card")


async def burst(client: httpx.AsyncClient, texts: Sequence[str], per_second: int, seconds: int) -> list[float]:
    """Acknowledgement times of messages sent at an even rate, whatever became of the ones before."""
    begun = time.perf_counter()
    sent = []
    for number in range(per_second * seconds):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
        sent.append(asyncio.create_task(asked(client, texts[number % len(texts)])))
    return [waited for _, waited in await asyncio.gather(*sent)]


async def one_by_one(client: httpx.AsyncClient, count: int) -> list[float]:
    """Seconds from a question to its card, one at a time."""
    taken = []
    for number in range(count):
        started = time.perf_counter()
        question_id, _ = await asked(client, QUESTIONS[number % len(QUESTIONS)])
        await answered(client, question_id)
        taken.append(time.perf_counter() - started)
    return taken


async def without_model(home: Path) -> list[Figure]:
    """Start, acknowledgement, own overhead and memory with no model: all that is measured is ours."""
    async with server(home, NIGHTSHIFT_PORTS__LLM="[]") as running:
        await one_by_one(running.client, 3)
        overhead = await one_by_one(running.client, 60)
        acks = await burst(running.client, QUESTIONS, per_second=50, seconds=20)
        return [
            Figure("start to ready, index built", running.seconds_to_ready, "s"),
            *spread("question to card, no model (own overhead)", overhead, (0.5, 0.95)),
            *spread("ack at 50 questions/s, no model", acks, (0.5, 0.99)),
            Figure("serving process, peak memory, no model", resident_megabytes(running.process.pid), "MiB"),
        ]


async def with_local_model(home: Path) -> list[Figure]:
    """Acknowledgement while the local model writes, and how long its answers take."""
    async with server(home, NIGHTSHIFT_PORTS__LLM="local") as running:
        await one_by_one(running.client, 1)
        taken = await one_by_one(running.client, len(QUESTIONS))
        writing = [(await asked(running.client, text))[0] for text in QUESTIONS[:2]]
        # Greetings need no model: the one that writes keeps writing for the two questions.
        acks = await burst(running.client, ("hello",), per_second=50, seconds=10)
        await asyncio.gather(*(answered(running.client, question_id) for question_id in writing))
        return [
            Figure("question to card, local model p50", percentile(taken, 0.5), "s", len(taken)),
            Figure("question to card, local model p95", percentile(taken, 0.95), "s", len(taken)),
            *spread("ack at 50 questions/s, local model writing", acks, (0.5, 0.99)),
            Figure("serving process, peak memory, local model", resident_megabytes(running.process.pid), "MiB"),
        ]
