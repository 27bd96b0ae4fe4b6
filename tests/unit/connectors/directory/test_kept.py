"""People that are kept: news are not waited for when there is something to go by, and a fault is not hidden."""

import asyncio

import pytest

from connectors.directory.kept import Keeping, KeptPeople
from connectors.directory.port import DirectoryUnavailable, Person

ANN = Person("slack:U1", "Ann", "", "en")
TIMES = Keeping(minutes=5, stale_minutes=10)


class Platform:
    """Answers when it is let, or fails."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.failure: Exception | None = None
        self.asked = 0
        self.now = 0.0

    async def people(self) -> tuple[Person, ...]:
        self.asked += 1
        await self.free.wait()
        if self.failure:
            raise self.failure
        return (ANN,)

    def kept(self) -> KeptPeople:
        return KeptPeople(self.people, TIMES, lambda: self.now, patience_seconds=0)


async def test_a_slow_platform_keeps_nobody_waiting_while_what_is_known_may_count() -> None:
    platform = Platform()
    kept = platform.kept()
    await kept.people()
    platform.free.clear()
    platform.now = 6 * 60

    assert [await kept.people() for _ in range(3)] == [(ANN,)] * 3
    assert platform.asked == 2
    await kept.close()


async def test_a_platform_that_fails_is_left_alone_for_a_moment() -> None:
    platform = Platform()
    platform.failure = DirectoryUnavailable("away")
    kept = platform.kept()
    for _ in range(3):
        with pytest.raises(DirectoryUnavailable, match="away"):
            await kept.people()
    platform.failure = None
    platform.now += 15

    assert (await kept.people(), platform.asked) == ((ANN,), 2)


async def test_a_fault_of_ours_is_no_outage() -> None:
    platform = Platform()
    platform.failure = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await platform.kept().people()


async def test_who_asks_while_people_are_fetched_waits_for_that() -> None:
    platform = Platform()
    kept = platform.kept()
    kept.begin()

    assert (await kept.people(), platform.asked) == ((ANN,), 1)
