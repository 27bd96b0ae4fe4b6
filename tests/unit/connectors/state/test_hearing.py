"""Reports that share a transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from connectors.state.hearing import MOST_TOGETHER, Hearing
from connectors.state.incident_port import Heard
from connectors.state.port import StateUnavailable
from tests.contracts.incidents import heard


@dataclass
class Disk:
    """Writes when it is let, and fails once with each of these."""

    failures: list[Exception] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    written: list[list[str]] = field(default_factory=list)

    async def write(self, reports: Sequence[Heard]) -> None:
        await self.free.wait()
        if self.failures:
            raise self.failures.pop()
        self.written.append([one.fingerprint for one in reports])


async def said(hearing: Hearing, *names: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(hearing.hear([heard(name)])) for name in names]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_the_disk_is_busy_is_written_together() -> None:
    disk = Disk()
    hearing = Hearing(disk.write)
    first = await said(hearing, "a")
    others = await said(hearing, "b", "c", "d")
    assert not any(task.done() for task in first + others)

    disk.free.set()
    await asyncio.gather(*first, *others)

    assert disk.written == [["a"], ["b", "c", "d"]]


async def test_those_who_were_written_together_fail_together_and_the_next_are_written() -> None:
    disk = Disk([StateUnavailable("full")])
    hearing = Hearing(disk.write)
    first, others = await said(hearing, "a", "b"), await said(hearing, "c")
    disk.free.set()

    results = await asyncio.gather(*first, *others, return_exceptions=True)

    assert [type(one) for one in results] == [StateUnavailable, StateUnavailable, type(None)]
    assert disk.written == [["c"]]


async def test_a_caller_who_goes_away_keeps_nobody_elses_reports_from_being_kept() -> None:
    disk = Disk()
    hearing = Hearing(disk.write)
    [gone], [stays] = await said(hearing, "a"), await said(hearing, "b")
    gone.cancel()
    await asyncio.sleep(0)

    disk.free.set()
    await stays

    assert disk.written == [["a"], ["b"]]


async def test_nobody_waits_for_ever_when_writing_breaks_off() -> None:
    disk = Disk([ValueError("a mistake of ours")])
    hearing = Hearing(disk.write)
    first, others = await said(hearing, "a"), await said(hearing, "b")
    disk.free.set()

    results = await asyncio.gather(*first, *others, return_exceptions=True)

    assert [type(one) for one in results] == [StateUnavailable] * 2
    assert hearing.writing is not None
    with pytest.raises(ValueError, match="ours"):
        await hearing.writing
    await hearing.hear([heard("c")])
    assert disk.written == [["c"]]


async def test_a_storm_is_written_in_portions_and_no_call_is_parted() -> None:
    disk = Disk()
    hearing = Hearing(disk.write)
    calls = [[heard(f"{call}")] * 400 for call in range(4)]
    storm = [asyncio.create_task(hearing.hear(call)) for call in calls]
    huge = asyncio.create_task(hearing.hear([heard("huge")] * (MOST_TOGETHER + 1)))
    await asyncio.sleep(0)

    disk.free.set()
    await asyncio.gather(*storm, huge)

    assert [len(written) for written in disk.written] == [800, 800, MOST_TOGETHER + 1]
