"""What a chart costs: loading the library, drawing, and the size of the file."""

import asyncio
import math
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from bot.charts import Charts
from bot.rules.figures import Drawing, of_lines, of_rows
from bot.vocabulary import Line, Rows
from tests.bench.report import Figure, spread

ROUNDS = 30
LOADING = "import pathlib, sys; from bot.charts import prepare; prepare(pathlib.Path(sys.argv[1]))"


def load(home: Path) -> list[Figure]:
    """A fresh interpreter that loads the library: the first time it lists the fonts of this machine."""
    figures = []
    for name in ("first", "later"):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", LOADING, str(home)], check=True)
        figures.append(Figure(f"load the drawing library in a new process, {name}", _since(started), "ms"))
    return figures


async def draw(home: Path) -> list[Figure]:
    """One chart after the other, of an hour of six series, of 100,000 points, and of twenty bars."""
    charts, figures = Charts(home), list[Figure]()
    for name, plan in _plans().items():
        await charts.draw(plan, "en")
        seconds, size = [], 0
        for _ in range(ROUNDS):
            started = time.perf_counter()
            drawn = await charts.draw(plan, "en")
            seconds.append(time.perf_counter() - started)
            size = len(drawn.png) if drawn else 0
        figures += [*spread(f"draw {name}", seconds, (0.5, 0.95)), Figure(f"{name}, PNG", size / 1024, "kB")]
    return figures


def _plans() -> dict[str, partial[Drawing | None]]:
    hour = [_line(f"checkout-{n}", 240, 15, n) for n in range(6)]
    status = Rows(columns=("status", "orders"), rows=tuple((f"status {n}", n * 37 % 90) for n in range(20)), total=20)
    return {
        "6 lines of 240 points": partial(of_lines, "p99 latency", hour),
        "1 line of 100,000 points": partial(of_lines, "p99 latency", [_line("checkout", 100_000, 1, 1)]),
        "20 bars": partial(of_rows, "Orders", status),
    }


def _line(name: str, points: int, step: float, level: float) -> Line:
    values = (level + math.sin(i / 9) * math.sin(i / 1.7) for i in range(points))
    return Line(name=name, points=tuple((1_772_618_400 + i * step, value) for i, value in enumerate(values)))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


async def measure(home: Path) -> list[Figure]:
    """All of it."""
    return [*await asyncio.to_thread(load, home), *await draw(home)]
