"""Reading ahead: bounded, in order, and never stuck with one document."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from connectors.sources.memory import MemorySource, Page
from connectors.sources.port import Document, Unreadable
from ingest.reading import ahead, in_time


class Stuck(MemorySource):
    """Never comes back from one of its documents."""

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        async for document in super().documents(ids):
            if document.id == "b":
                await asyncio.Event().wait()
            yield document


async def test_a_document_that_takes_for_ever_is_passed_over_and_the_others_are_read() -> None:
    source = Stuck("docs", [Page(id=id, text=id) for id in "abc"])
    found = [one async for one in in_time(source, ["a", "b", "c"], 0.01)]

    assert [one.id for one in found] == ["a", "b", "c"]
    assert found[1] == Unreadable("b", "took longer than 0.01 s", passing=True)


class Impatient(MemorySource):
    """Gives up by itself."""

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        raise TimeoutError
        yield Unreadable("", "")


async def test_a_sources_own_timeout_is_not_taken_for_a_slow_document() -> None:
    with pytest.raises(TimeoutError):
        await anext(in_time(Impatient("docs"), ["a"], 60))


async def numbers(made: list[int], last: int, failure: Exception | None = None) -> AsyncGenerator[int, None]:
    for number in range(last):
        made.append(number)
        yield number
    if failure:
        raise failure


async def test_no_more_than_the_room_is_made_before_it_is_asked_for() -> None:
    made: list[int] = []
    items = ahead(numbers(made, 100), 3)
    first = await anext(items)
    for _ in range(50):
        await asyncio.sleep(0)

    assert (first, len(made)) == (0, 5)  # one taken, three waiting, one in hand
    assert [first, *[one async for one in items]] == list(range(100))


async def test_what_was_made_before_a_failure_comes_first() -> None:
    items = ahead(numbers([], 3, ValueError("broken")), 9)

    assert [await anext(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="broken"):
        await anext(items)


async def test_a_consumer_that_leaves_ends_the_making() -> None:
    made: list[int] = []
    items = ahead(numbers(made, 100), 2)
    await anext(items)
    await items.aclose()
    before = len(made)
    await asyncio.sleep(0)

    assert len(made) == before < 100
