"""Measures ingest, and search at growing sizes with the embedding's share taken out."""

import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from connectors.vectors.port import Layout, Point, Search, Sparse, VectorStore
from tests.bench.report import Figure, spread

DIMENSION, TERMS = 384, 40
COLLECTION = "bench"


def ingest(home: Path, folder: Path, environment: Mapping[str, str]) -> list[Figure]:
    """Pages per second of ``python -m ingest``, as a process of its own: start, embedding and index included."""
    pages = sum(1 for file in folder.rglob("*.md"))
    command = [sys.executable, "-m", "ingest", str(folder)]
    started = time.perf_counter()
    subprocess.run(command, env={**environment, "NIGHTSHIFT_HOME": str(home)}, check=True, capture_output=True)
    first = time.perf_counter() - started
    started = time.perf_counter()
    subprocess.run(command, env={**environment, "NIGHTSHIFT_HOME": str(home)}, check=True, capture_output=True)
    again = time.perf_counter() - started
    return [
        Figure("ingest of the demo", pages / first, "pages/s", pages),
        Figure("ingest of the demo again, nothing changed", again, "s", pages),
    ]


async def search(home: Path, sizes: Sequence[int]) -> list[Figure]:
    """Fused search of dense and sparse legs in the embedded store, without the embedding."""
    chance = random.Random(7)  # noqa: S311  # data for a benchmark
    figures: list[Figure] = []
    async with load("vectors", "edge", {}, Roots(home=home, models=home)) as store:
        await store.ensure(COLLECTION, Layout(dense={"text": DIMENSION}, sparse=("words",)))
        stored = 0
        for size in sizes:
            started = time.perf_counter()
            while stored < size:
                await store.upsert(COLLECTION, [_point(chance) for _ in range(min(1000, size - stored))])
                stored += min(1000, size - stored)
            await store.settle(COLLECTION)
            filled = time.perf_counter() - started
            taken = [await _timed(store, chance) for _ in range(220)][20:]
            figures += spread(f"search, {size:,} chunks, without embedding", taken, (0.5, 0.95))
            figures.append(Figure(f"fill and build up to {size:,} chunks", filled, "s"))
    return figures


async def embedding(models: Path, texts: Sequence[str]) -> list[Figure]:
    """The default embedding: milliseconds of a query, passages per second."""
    async with load("embedding", "onnx", {}, Roots(home=models, models=models)) as model:
        await model.embed(["warm up"], "query")
        taken = []
        for text in texts[:100]:
            started = time.perf_counter()
            await model.embed([re.sub(r"\s+", " ", text)[:80]], "query")
            taken.append(time.perf_counter() - started)
        started = time.perf_counter()
        await model.embed(texts, "passage")
        rate = len(texts) / (time.perf_counter() - started)
    return [*spread("embedding a query", taken, (0.5, 0.95)), Figure("embedding passages", rate, "texts/s", len(texts))]


def passages(folder: Path) -> list[str]:
    """Paragraphs of a folder's pages."""
    texts = [part for file in sorted(folder.rglob("*.md")) for part in file.read_text("utf-8").split("\n\n")]
    return [text for text in texts if len(text) > 120][:400]


def _point(chance: random.Random) -> Point:
    payload = {"kind": "chunk", "document": f"d{chance.randrange(5000)}", "text": "x" * 400}
    return Point(
        str(uuid.UUID(int=chance.getrandbits(128))), {"text": _dense(chance)}, {"words": _sparse(chance)}, payload
    )


async def _timed(store: VectorStore, chance: random.Random) -> float:
    asked = Search(dense={"text": _dense(chance)}, sparse={"words": _sparse(chance)}, limit=8, prefetch=50)
    started = time.perf_counter()
    await store.search(COLLECTION, asked)
    return time.perf_counter() - started


def _dense(chance: random.Random) -> list[float]:
    return [chance.gauss(0, 1) for _ in range(DIMENSION)]


def _sparse(chance: random.Random) -> Sparse:
    # Words are distributed as in language: a few are everywhere, most are rare.
    indices = sorted({min(int(chance.paretovariate(0.6)), 200_000) for _ in range(TERMS)})
    return Sparse(indices, [chance.uniform(0.3, 2.0) for _ in indices])
