"""Documents read ahead of the embedding, and each given up when it takes too long."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

from connectors.sources.port import Document, Source, Unreadable

T = TypeVar("T")


async def in_time(source: Source, ids: Sequence[str], seconds: float) -> AsyncGenerator[Document | Unreadable, None]:
    """The named documents; one that takes longer than ``seconds`` is Unreadable, and on with the others."""
    left = dict.fromkeys(ids)
    while left:
        documents = source.documents(list(left))
        limit = asyncio.timeout(None)
        try:
            while left:
                async with asyncio.timeout(seconds) as limit:
                    document = await anext(documents)
                left.pop(document.id, None)
                yield document
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not limit.expired():
                raise
            late = next(iter(left))
            del left[late]
            yield Unreadable(late, f"took longer than {seconds:g} s", passing=True)
        finally:
            if isinstance(documents, AsyncGenerator):
                await documents.aclose()


async def ahead(items: AsyncGenerator[T, None], room: int) -> AsyncGenerator[T, None]:
    """The same items in the same order; up to ``room`` of them are made while the consumer is busy with others."""
    free = asyncio.Semaphore(room)
    made: asyncio.Queue[tuple[T] | None] = asyncio.Queue()

    async def make() -> None:
        async with aclosing(items):
            async for item in items:
                await free.acquire()
                made.put_nowait((item,))

    making = asyncio.create_task(make())
    making.add_done_callback(lambda _: made.put_nowait(None))
    try:
        while (one := await made.get()) is not None:
            free.release()
            yield one[0]
        await making
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
