"""Loops beside the work that is asked for outlive mistakes, and end when they are told to."""

import asyncio

import structlog

from bot.loops import kept_up


async def test_a_loop_that_breaks_begins_anew() -> None:
    begun: list[int] = []

    async def loop() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise ValueError("a row that nobody expected")

    with structlog.testing.capture_logs() as said:
        await kept_up("sorting", loop, again_seconds=0)

    assert begun == [0, 1, 2]
    assert [(one["log_level"], one["loop"]) for one in said] == [("error", "sorting")] * 2


async def test_a_loop_has_ended_when_whoever_cancelled_it_goes_on() -> None:
    told: list[str] = []
    begun = asyncio.Event()

    async def loop() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("closed")

    task = asyncio.create_task(kept_up("sorting", loop))
    await begun.wait()
    task.cancel()
    await asyncio.wait({task})

    assert (told, task.cancelled()) == (["closed"], True)
