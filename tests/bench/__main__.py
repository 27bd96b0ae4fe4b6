"""`make bench`: every figure that the README quotes, on the machine at hand."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bot.settings import read_settings
from tests.bench import chatting, drawing, ingesting, searching, serving, storming
from tests.bench.corpus import DEMO
from tests.bench.report import Figure, conclude, tell


def imports() -> list[Figure]:
    """Seconds to import each program's packages in a fresh interpreter."""
    figures = []
    for name in ("bot.__main__", "knowledge.library", "ingest.__main__"):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
        figures.append(Figure(f"import {name}", (time.perf_counter() - started) * 1000, "ms"))
    return figures


async def measure(home: Path, largest: int, *, with_model: bool) -> AsyncIterator[list[Figure]]:
    """All figures, group by group; the local model's only where its file is."""
    models = read_settings().roots.models
    sizes = [size for size in (1_000, 20_000, 100_000) if size <= largest]
    yield imports()
    yield await drawing.measure(home / "charts")
    yield ingesting.ingest(home, os.environ)
    yield await searching.embedding(models)
    async for group in searching.search(home / "search", models, sizes or [largest]):
        yield group
    yield await serving.without_model(home)
    (home / "storm").mkdir()
    yield await storming.measure(home / "storm")
    async for group in chatting.measure(home / "chat"):
        yield group
    if with_model:
        # A home of its own: what the burst left unanswered would be answered here first.
        ingesting.run(home / "model", DEMO, os.environ)
        yield await serving.with_local_model(home / "model")


async def measured(home: Path, largest: int, *, with_model: bool) -> list[Figure]:
    """The figures, each told as soon as it is there."""
    figures: list[Figure] = []
    async for group in measure(home, largest, with_model=with_model):
        tell(group)
        figures += group
    return figures


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Nightshift on this machine.")
    parser.add_argument("--largest", type=int, default=100_000, help="chunks in the largest search (default: 100000)")
    parser.add_argument("--without-model", action="store_true", help="leave out what needs the local model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        conclude(asyncio.run(measured(Path(home), given.largest, with_model=not given.without_model)))


if __name__ == "__main__":
    main()
