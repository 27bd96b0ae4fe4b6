"""Loops go on beside the work that is asked for: one that breaks is begun again, for nobody else would notice."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

log = structlog.get_logger()

AGAIN_SECONDS = 30.0


async def kept_up(
    name: str, loop: Callable[[], Coroutine[None, None, None]], again_seconds: float = AGAIN_SECONDS
) -> None:
    """Run a loop until it returns or this is cancelled; a mistake in it is logged, and it begins anew after a while."""
    while True:
        task = asyncio.create_task(loop())
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task})
        broken = asyncio.CancelledError() if task.cancelled() else task.exception()
        if broken is None:
            return
        log.error("a loop broke and begins anew", loop=name, exc_info=broken)
        await asyncio.sleep(again_seconds)
