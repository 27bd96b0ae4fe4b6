"""The worker's mechanics, on a worker without a model."""

import array
import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from connectors.worker import Worker

MODULE = "tests.unit.connectors.echo_worker"


class Unavailable(Exception):
    """What these tests' seam raises."""


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    async with aclosing(Worker(MODULE, str(tmp_path / "died"), 30, 30, "echo", Unavailable)) as one:
        yield one


async def lengths(worker: Worker, *texts: str) -> list[float]:
    return list(array.array("f", await worker.call(texts)))


async def test_nothing_runs_before_the_first_call(worker: Worker) -> None:
    assert worker.process_id is None


async def test_answers_come_over_the_pipe_unharmed_by_prints(worker: Worker) -> None:
    assert await lengths(worker, "a", "\ud800\x00", "\U0001f525\U0001f525\U0001f525") == [1, 2, 3]


async def test_one_death_is_mended_by_a_restart(worker: Worker) -> None:
    assert await lengths(worker, "die once") == [8]


async def test_two_deaths_are_told_and_the_next_call_works(worker: Worker) -> None:
    with pytest.raises(Unavailable, match="died twice"):
        await worker.call(["die"])

    assert await lengths(worker, "abc") == [3]


async def test_a_refusal_is_told_and_a_new_worker_goes_on(worker: Worker) -> None:
    await worker.call(["a"])
    before = worker.process_id

    with pytest.raises(Unavailable, match="no such token"):
        await worker.call(["fail"])

    assert await lengths(worker, "ab") == [2]
    assert worker.process_id != before


async def test_a_late_answer_ends_the_worker(worker: Worker) -> None:
    await worker.call(["a"])
    worker.call_timeout_seconds = 0.1

    with pytest.raises(Unavailable, match=r"raise timeout_seconds under \[connectors.echo\]"):
        await worker.call(["hang"])

    assert worker.process_id is None


async def test_a_model_that_cannot_be_loaded_is_told() -> None:
    async with aclosing(Worker(MODULE, "unloadable", 30, 30, "echo", Unavailable)) as worker:
        with pytest.raises(Unavailable, match="the file is cut off"):
            await worker.call(["a"])


async def test_a_closed_worker_starts_no_more(worker: Worker) -> None:
    await worker.call(["a"])
    await worker.aclose()

    with pytest.raises(Unavailable, match="shutting down"):
        await worker.call(["a"])


async def test_a_caller_that_gives_up_costs_nobody_the_worker(worker: Worker) -> None:
    await lengths(worker, "a")
    before = worker.process_id
    given_up = asyncio.ensure_future(worker.call(["ab"]))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])

    assert await lengths(worker, "abc") == [3]
    assert (given_up.cancelled(), worker.process_id) == (True, before)
