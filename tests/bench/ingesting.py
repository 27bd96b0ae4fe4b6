"""Measures ingest as its user sees it: a process of its own, its start and the index included."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.corpus import DEMO, write_small_pages
from tests.bench.report import Figure

_SMALL_PAGES = 300


def ingest(home: Path, environment: Mapping[str, str]) -> list[Figure]:
    """Pages per second of `python -m ingest` without a language model: the demo, small pages, and nothing changed."""
    small = home / "small-pages"
    write_small_pages(small, _SMALL_PAGES)
    twin = {**environment, "NIGHTSHIFT_PORTS__EMBEDDING": "memory"}
    demo_pages = sum(1 for file in DEMO.rglob("*.md"))
    first, again = run(home, DEMO, environment), run(home, DEMO, environment)
    each = run(home / "small", small, environment)
    rest = run(home / "twin", small, twin)
    return [
        Figure("ingest of the demo", demo_pages / first, "pages/s", demo_pages),
        Figure("ingest of the demo again, nothing changed", again, "s", demo_pages),
        Figure("ingest of pages of one passage", _SMALL_PAGES / each, "pages/s", _SMALL_PAGES),
        Figure("ingest of pages of one passage, embedding's twin", _SMALL_PAGES / rest, "pages/s", _SMALL_PAGES),
    ]


def run(home: Path, folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds of one run."""
    command = [sys.executable, "-m", "ingest", str(folder)]
    started = time.perf_counter()
    subprocess.run(command, env={**environment, "NIGHTSHIFT_HOME": str(home)}, check=True, capture_output=True)
    return time.perf_counter() - started
