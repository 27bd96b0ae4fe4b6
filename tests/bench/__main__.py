"""`make bench`: every figure that the README quotes, on the machine at hand."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bot.settings import read_settings
from tests.bench import searching, serving
from tests.bench.report import Figure, tell

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "deploy" / "demo"


def imports() -> list[Figure]:
    """Seconds to import each program's packages in a fresh interpreter."""
    figures = []
    for name in ("bot.__main__", "knowledge.library", "ingest.__main__"):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
        figures.append(Figure(f"import {name}", (time.perf_counter() - started) * 1000, "ms"))
    return figures


async def measure(home: Path, largest: int, *, with_model: bool) -> list[Figure]:
    """All figures; the local model's only where its file is."""
    sizes = [size for size in (1_000, 20_000, 100_000) if size <= largest]
    models = read_settings().roots.models
    figures = [*imports(), *searching.ingest(home, DEMO, os.environ)]
    figures += await searching.embedding(models, searching.passages(DEMO))
    figures += await searching.search(home / "search", sizes)
    figures += await serving.without_model(home)
    if with_model:
        figures += await serving.with_local_model(home)
    return figures


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Nightshift on this machine.")
    parser.add_argument("--largest", type=int, default=100_000, help="chunks in the largest search (default: 100000)")
    parser.add_argument("--without-model", action="store_true", help="leave out what needs the local model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        tell(asyncio.run(measure(Path(home), given.largest, with_model=not given.without_model)))


if __name__ == "__main__":
    main()
