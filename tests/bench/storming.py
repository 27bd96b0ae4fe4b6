"""An alert storm: what is taken, lost, sorted and diagnosed while ten thousand alerts come in a minute."""

import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from connectors.configuration import Roots
from connectors.load import load
from tests.bench.report import Figure, processor_seconds, resident_megabytes, spread
from tests.bench.serving import ready
from tests.bench.storm_server import BEGAN, services

ALERTS, SECONDS = 10_000, 60.0
RULES = ("HighLatency", "ErrorRate", "PodNotReady", "QueueGrowing", "Saturation")
PATIENCE_SECONDS = 300.0
TOKEN = {"Authorization": "Bearer long-enough"}


def bodies() -> Iterator[bytes]:
    """Calls of Alertmanager with one alert each, of pods of services that call each other; no two are the same."""
    chance = random.Random(11)  # noqa: S311  # the same storm every time
    names = sorted(services().services)
    for number in range(ALERTS):
        service, rule = chance.choice(names), chance.choice(RULES)
        pod = f"{service}-{number:05x}b7c9-{chance.choice('bcdfg')}x2x{number % 10}"
        labels = {"alertname": rule, "service": service, "pod": pod, "severity": chance.choice(("warning", "critical"))}
        began = datetime.now(UTC).isoformat()
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": f"{rule} of {pod}"}}
        alert |= {"startsAt": began, "endsAt": "0001-01-01T00:00:00Z", "fingerprint": f"{number:016x}"}
        group = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "nightshift", "groupLabels": {}}
        group |= {"commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am", "alerts": [alert]}
        yield json.dumps(group).encode()


@asynccontextmanager
async def server(home: Path) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    """The server in a process of its own, killed in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.storm_server", str(home), str(port)])
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=1)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:
            await ready(client, process, time.perf_counter())
            yield process, client
    finally:
        process.kill()
        process.wait()


async def called(client: httpx.AsyncClient, body: bytes) -> float:
    """Seconds until a call was acknowledged; negative where it was not."""
    started = time.perf_counter()
    reply = await client.post("/alerts/alertmanager", content=body, headers=TOKEN)
    seconds = time.perf_counter() - started
    return seconds if reply.status_code == 200 else -seconds


async def storm(client: httpx.AsyncClient) -> tuple[list[float], float]:
    """Acknowledgement times of calls at an even rate, and how long all of them took."""
    sent, begun = [], time.perf_counter()
    for number, body in enumerate(bodies()):
        await asyncio.sleep(max(0.0, begun + number * SECONDS / ALERTS - time.perf_counter()))
        sent.append(asyncio.create_task(called(client, body)))
    taken = list(await asyncio.gather(*sent))
    return taken, time.perf_counter() - begun


async def sorted_out(client: httpx.AsyncClient) -> float:
    """Seconds until the last report is sorted."""
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE_SECONDS:
        told = (await client.get("/metrics")).text.splitlines()
        count = next((float(line.split()[1]) for line in told if line.startswith("nightshift_alerts_sorted_total")), 0)
        if count >= ALERTS:
            break
        await asyncio.sleep(0.1)
    return time.perf_counter() - started


async def kept(home: Path) -> tuple[int, int, int]:
    """How many alerts are known, how many reports still wait, and how many incidents stand."""
    async with load("state", "sql", {}, Roots(home, home)) as state:
        alerts = await state.recent_alerts(datetime.now(UTC) - timedelta(hours=1))
        waiting, incidents = await state.unsorted(ALERTS), await state.incidents(limit=ALERTS)
    return len(alerts), len(waiting), sum(one.status != "merged" for one in incidents)


async def measure(home: Path) -> list[Figure]:
    """One storm."""
    async with server(home) as (process, client):
        before, used = resident_megabytes(process.pid, "VmRSS"), processor_seconds(process.pid)
        begun = time.time()
        taken, seconds = await storm(client)
        behind = await sorted_out(client)
        grown, used = resident_megabytes(process.pid) - before, processor_seconds(process.pid) - used
    known, waiting, incidents = await kept(home)
    accepted = [one for one in taken if one >= 0]
    began = [float(line) - begun for line in (home / BEGAN).read_text("utf-8").splitlines()]
    name = f"storm of {ALERTS:,} alerts"
    return [
        Figure(f"{name}: accepted", len(accepted) / seconds, "/s", len(taken)),
        *spread(f"{name}: call acknowledged", accepted, (0.5, 0.99)),
        Figure(f"{name}: lost", ALERTS - known - waiting, "", ALERTS),
        Figure(f"{name}: first diagnosis began after", min(began), "s", len(began)),
        Figure(f"{name}: last one sorted after its end", behind, "s"),
        Figure(f"{name}: incidents", incidents, ""),
        Figure(f"{name}: peak memory grew by", grown, "MiB"),
        Figure(f"{name}: processor time of one", used / ALERTS * 1000, "ms", ALERTS),
    ]
