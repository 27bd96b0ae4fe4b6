"""Nights on which something breaks for real: the demo's shop and its monitoring, with Nightshift beside them."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.fakes.slack_workspace import Message
from deploy.demo.shop.faults import everyday, heal, inject
from deploy.demo.shop.monitoring import Monitoring, watching
from deploy.demo.shop.nightshift import Door, settings_for
from deploy.demo.shop.processes import free_ports, wait_for
from deploy.demo.shop.shop import open_shop

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
TOKEN = "for-alertmanager-alone"
CALM_SECONDS, DIAGNOSED_WITHIN_SECONDS = 6.0, 75.0
_API_SECONDS = 30.0


@dataclass(frozen=True)
class Night:
    """What came of a fault: incidents that were open before it, and after it each with its latest diagnosis.

    ``posts`` are the messages in the channel itself, not in a thread.
    """

    before: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]
    posts: Sequence[Message]


async def nights(folder: Path, faults: Sequence[str]) -> Mapping[str, Night]:
    """One night for each fault, all at the same time, each with a shop and a Nightshift of its own."""
    library = await asyncio.to_thread(_library, folder / "library")
    came = await asyncio.gather(*(_night(folder / fault, library, fault) for fault in faults))
    return dict(zip(faults, came, strict=True))


def _library(home: Path) -> Path:
    """A home of Nightshift with the demo's runbooks in it."""
    command = [sys.executable, "-m", "ingest", str(ROOT / "deploy/demo/runbooks")]
    environment = {**os.environ, "NIGHTSHIFT_HOME": str(home), "NIGHTSHIFT_PORTS__EMBEDDING": "memory"}  # noqa: TID251  # handed on
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    return home


async def _night(folder: Path, library: Path, fault: str) -> Night:
    home = folder / "home"
    await asyncio.to_thread(shutil.copytree, library, home)
    (port,) = free_ports(1)
    door = Door(port, TOKEN)
    async with AsyncExitStack() as opened, FakeSlack().running() as slack:
        shop = await _entered(opened, open_shop(folder / "shop"))
        watched = Monitoring.somewhere()
        channel = slack.channel("incidents", [slack.person("ann")])
        chosen = settings_for(shop, watched, door, home)
        own = {
            "home": str(home),
            "ports": {"llm": [], "embedding": "memory", "chat": ["slack"]},
            "incidents": {"channels": {"slack": [channel.id]}},
            "connectors": {
                "chat": {
                    "slack": {"bot_token": slack.bot_token, "app_token": slack.app_token, "base_url": slack.api_url}
                }
            },
        }
        # It is started first: that takes a machine's whole attention, which is nothing usual.
        await opened.enter_async_context(_nightshift(home, [*_lines(chosen), *_lines(own)], door))
        shop.report_to(door.url)
        await asyncio.to_thread(everyday, shop)
        await _entered(opened, watching(shop, door.webhook, watched, with_past=True))
        await asyncio.sleep(CALM_SECONDS)
        async with httpx.AsyncClient(base_url=door.url, timeout=_API_SECONDS) as client:
            before = await _stories(client)
            await asyncio.to_thread(inject, shop, fault)
            incidents = await _diagnosed(client, lambda: len(_posts(slack.messages(channel))))
        await asyncio.to_thread(heal, shop, fault)
        return Night(before, incidents, _posts(slack.messages(channel)))


async def _entered(stack: AsyncExitStack, manager: AbstractContextManager[T]) -> T:
    """What a context manager gives that takes its time to begin and to end; the stack ends it."""
    given = await asyncio.to_thread(manager.__enter__)
    stack.push_async_callback(asyncio.to_thread, manager.__exit__, None, None, None)
    return given


@asynccontextmanager
async def _nightshift(home: Path, lines: Sequence[str], door: Door) -> AsyncIterator[None]:
    """A process of its own that serves, with these lines as its settings."""
    file = home / "nightshift.toml"
    # A line that comes later holds: TOML allows each name once.
    file.write_text("\n".join({line.partition(" = ")[0]: line for line in lines}.values()), "utf-8")
    with (home / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "--config", str(file), "serve", cwd=ROOT, stdout=log, stderr=log
        )
    try:
        await asyncio.to_thread(wait_for, f"{door.url}/ready")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _lines(settings: Mapping[str, Any], under: str = "") -> Iterator[str]:
    """Settings as lines of TOML."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{under}{name}.")
        else:
            yield f"{under}{name} = {json.dumps(value, default=str)}"


async def _diagnosed(client: httpx.AsyncClient, posts: Callable[[], int]) -> Sequence[Mapping[str, Any]]:
    """The incidents, once each has a diagnosis and one is shown in the channel, or when time is up."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + DIAGNOSED_WITHIN_SECONDS
    while True:
        found = await _stories(client)
        if (found and all(one["diagnosis"] for one in found) and posts()) or loop.time() > ends:
            return found
        await asyncio.sleep(0.5)


async def _stories(client: httpx.AsyncClient) -> Sequence[Mapping[str, Any]]:
    listed = (await client.get("/api/incidents")).raise_for_status().json()["incidents"]
    asked = [client.get(f"/api/incidents/{one['id']}") for one in listed]
    return [one.raise_for_status().json() for one in await asyncio.gather(*asked)]


def _posts(messages: Sequence[Message]) -> Sequence[Message]:
    return [one for one in messages if one.bot and one.thread_ts in ("", one.ts)]
