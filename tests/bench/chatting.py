"""What chat platforms cost: acknowledgement while questions are worked on, a burst across a kill -9, memory.

The platforms are our own fakes, with their limits on; the product answers in a process of its own. Of Slack's events
only those count that are handed in: what is left out at once would flatter the figures.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.chat.fakes.feishu import serve
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.fakes.slack import FakeSlack
from tests.bench.report import Figure, resident_megabytes, spread
from tests.scenarios.answering import answering, until

INVESTIGATIONS, ASKED_MEANWHILE, MODEL_SECONDS = 20, 100, 20.0
BURST, BURST_SECONDS, ROOMS = 500, 60.0, 50
EVENTS = 10_000
QUESTION = "how big is the payments pool in production?"
ANSWERED = "40 connections"
PATIENCE_SECONDS = 900.0


@dataclass
class Platform:
    """A platform with people on it, the same for both vendors."""

    vendor: str
    table: dict[str, object]
    mention: Callable[[int, str], Awaitable[object]]
    chatter: Callable[[int, str], Awaitable[object]]
    answers: Callable[[object], int]
    acknowledged: Callable[[], list[float]]


@asynccontextmanager
async def slack() -> AsyncIterator[Platform]:
    """Slack over Socket Mode."""
    async with FakeSlack(retry_seconds=(0, 5, 30)).running() as fake:
        ann = fake.person("ann")
        rooms = [fake.channel(f"room-{number}", [ann]) for number in range(ROOMS)]

        def acknowledged() -> list[float]:
            handed_in = (one for one in fake.deliveries if one.payload.get("event", {}).get("type") == "app_mention")
            return [one.seconds for one in handed_in if one.state == "acknowledged"]

        yield Platform(
            "slack",
            {"bot_token": fake.bot_token, "app_token": fake.app_token, "base_url": fake.api_url},
            lambda room, text: fake.mention(ann, rooms[room], text),
            lambda room, text: fake.say(ann, rooms[room], text),
            lambda message: sum(ANSWERED in one.readable for one in fake.answers(message, ann)),  # type: ignore[arg-type]  # its own
            acknowledged,
        )


@asynccontextmanager
async def feishu() -> AsyncIterator[Platform]:
    """Feishu over the long connection."""
    async with serve() as fake:
        ann = fake.person("Ann")
        rooms = [fake.chat(f"room-{number}", members=(ann,)) for number in range(ROOMS)]

        def answers(message: object) -> int:
            cards = [one.card() for one in fake.thread(message) if one.msg_type == "interactive"]  # type: ignore[arg-type]  # its own
            return sum(ANSWERED in json.dumps(card) for card in cards)

        def acknowledged() -> list[float]:
            return [
                one.acknowledged_at - one.sent_at
                for one in fake.deliveries.log
                if one.acknowledged_at and one.code == 200
            ]

        async def redeliver() -> None:
            """Feishu sends again what was not acknowledged; its fake does so when it is told that time has passed."""
            while True:
                await fake.advance(0)
                await asyncio.sleep(1)

        again = asyncio.create_task(redeliver())
        yield Platform(
            "feishu",
            {"app_id": fake.console.app_id, "app_secret": fake.console.app_secret, "domain": fake.url},
            lambda room, text: fake.say(ann, rooms[room], text, Said(mention=True)),
            lambda room, text: fake.say(ann, rooms[room], text),
            answers,
            acknowledged,
        )
        again.cancel()


PLATFORMS = {"slack": slack, "feishu": feishu}


async def acknowledgement(home: Path, vendor: str) -> list[Figure]:
    """How soon a message is acknowledged while every worker waits for a slow model."""
    async with PLATFORMS[vendor]() as platform:
        table = {**platform.table, "model_seconds": MODEL_SECONDS}
        async with answering(home, vendor, table):
            for number in range(INVESTIGATIONS):
                await platform.mention(number, QUESTION)
            await until(lambda: len(platform.acknowledged()) >= INVESTIGATIONS)
            await asyncio.sleep(2)
            before = len(platform.acknowledged())
            for number in range(ASKED_MEANWHILE):
                await platform.mention(number % ROOMS, QUESTION)
                await asyncio.sleep(0.05)
            await until(lambda: len(platform.acknowledged()) >= before + ASKED_MEANWHILE)
            seconds = platform.acknowledged()[before:]
    return spread(f"{vendor}: acknowledged, {INVESTIGATIONS} investigations running", seconds, (0.5, 0.99))


async def burst(home: Path, vendor: str) -> list[Figure]:
    """Mentions at an even pace, with a kill -9 in the middle: how many are answered once, and how long it takes."""
    asked: list[object] = []
    async with PLATFORMS[vendor]() as platform:
        table = {**platform.table, "model_seconds": 0.2}

        async def ask(first: int, last: int) -> None:
            for number in range(first, last):
                began = time.perf_counter()
                asked.append(await platform.mention(number % ROOMS, QUESTION))
                await asyncio.sleep(max(0.0, BURST_SECONDS / BURST - (time.perf_counter() - began)))

        def answers() -> list[int]:
            return [platform.answers(one) for one in asked]

        started = time.perf_counter()
        async with answering(home, vendor, table) as process:
            await ask(0, BURST // 2)
            process.kill()
            await process.wait()
        async with answering(home, vendor, table):
            await ask(BURST // 2, BURST)
            with suppress(TimeoutError):
                await until(lambda: min(answers()) > 0, PATIENCE_SECONDS)
            counts, seconds = answers(), time.perf_counter() - started
    return [
        Figure(
            f"{vendor}: {BURST} mentions in {BURST_SECONDS:.0f} s and a kill -9, answered once",
            counts.count(1),
            "",
            BURST,
        ),
        Figure(f"{vendor}: answered twice", sum(count > 1 for count in counts), "", BURST),
        Figure(f"{vendor}: lost", counts.count(0), "", BURST),
        Figure(f"{vendor}: until the last answer", seconds, "s"),
    ]


async def memory(home: Path, vendor: str) -> list[Figure]:
    """What a process holds after the first tenth of the events, and after all of them."""
    figures = []
    async with PLATFORMS[vendor]() as platform, answering(home, vendor, platform.table) as process:
        for number in range(1, EVENTS + 1):
            await platform.chatter(number % ROOMS, f"not for the assistant, {number}")
            if number in (EVENTS // 10, EVENTS):
                await asyncio.sleep(2)
                held = resident_megabytes(process.pid, "VmRSS")
                figures.append(Figure(f"{vendor}: memory after {number:,} events", held, "MB"))
    return figures


async def measure(home: Path) -> AsyncIterator[list[Figure]]:
    """Both platforms, group by group."""
    for vendor in PLATFORMS:
        for what in (acknowledgement, burst, memory):
            place = home / f"{vendor}-{what.__name__}"
            place.mkdir(parents=True)
            yield await what(place, vendor)
