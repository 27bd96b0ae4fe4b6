"""A process that answers on a chat platform, as a test or a measurement sees it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

SECONDS = 60.0


@asynccontextmanager
async def answering(home: Path, vendor: str, table: dict[str, object]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that answers on a platform; whatever is left of it in the end is killed."""
    # Nobody reads along, so a pipe would fill up and stop it.
    with (home / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.scenarios.chatting",
            str(home),
            vendor,
            json.dumps(table),
            stdout=-1,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = await process.stdout.readline()
        assert line == b"listening\n", (home / "log").read_text()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(true: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # it goes on in another process
            await asyncio.sleep(0.02)
