"""Measures search through the library at growing sizes, without the embedding's share and with it."""

import gc
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from connectors.configuration import Roots
from connectors.embedding.port import Embedding
from connectors.load import load
from connectors.vectors.port import VectorStore
from knowledge.library import Legs, Library
from knowledge.searching import EVERY_LEG
from tests.bench.corpus import CHUNKS, Chance, documents, passages, questions
from tests.bench.report import Figure, resident_megabytes, spread

NOW = datetime(2026, 1, 1, tzinfo=UTC)
END_TO_END = 20_000
_TIMES, _HITS, _BATCH = 200, 8, 64
_RERANKER = "ms-marco-minilm-l12"
_FEWER = {
    "no sentences": Legs(sentences=False),
    "no other language": Legs(variants=False),
    "one vector a passage": Legs(sentences=False, words=False, variants=False),
    "words alone": Legs(meaning=False),
}


async def embedding(models: Path) -> list[Figure]:
    """The default embedding: milliseconds of a query, passages per second with their sentences."""
    texts = passages()
    async with _default_embedding(models) as model:
        await model.embed(["warm up"], "query")
        taken = []
        for text in questions():
            started = time.perf_counter()
            await model.embed([text], "query")
            taken.append(time.perf_counter() - started)
        started = time.perf_counter()
        await model.embed(texts, "passage")
        rate = len(texts) / (time.perf_counter() - started)
    return [*spread("embedding a question", taken, (0.5, 0.95)), Figure("embedding", rate, "passages/s", len(texts))]


async def search(home: Path, models: Path, sizes: Sequence[int]) -> AsyncIterator[list[Figure]]:
    """The product's search, by somebody of no group, over passages of six sentences in two languages.

    At each size without the embedding; at 20,000 chunks, or the largest size below, with it and with the reranker.
    """
    async with load("vectors", "edge", {}, Roots(home=home, models=models)) as store:
        library, stored = Library(Chance(), store), 0
        for size in sizes:
            before = stored
            started = time.perf_counter()
            stored += await _fill(library, stored, size)
            filled = time.perf_counter() - started
            await library.finish(NOW)
            yield [
                *await _without_embedding(library, f"search, {size:,} chunks, without embedding"),
                Figure(f"adding up to {size:,} chunks, without embedding", (stored - before) / filled, "chunks/s"),
                Figure(f"index of {size:,} chunks on disk", _megabytes(home), "MB"),
                Figure(f"process with {size:,} chunks open, memory", _memory(), "MiB"),
            ]
            if size == max(one for one in sizes if one <= END_TO_END):
                yield await _end_to_end(store, models, size)


async def _fill(library: Library, stored: int, size: int) -> int:
    """How many chunks were added."""
    made, added = documents(stored // CHUNKS, size - stored), 0
    while some := list(islice(made, _BATCH)):
        await library.add(some, NOW)
        added += sum(len(document.chunks) for document in some)
    return added


async def _without_embedding(library: Library, named: str) -> list[Figure]:
    figures = spread(named, await _timed(library), (0.5, 0.95))
    for name, legs in _FEWER.items():
        figures += spread(f"{named}, {name}", await _timed(library, legs), (0.5,))
    return figures


async def _end_to_end(store: VectorStore, models: Path, size: int) -> list[Figure]:
    async with AsyncExitStack() as opened:
        model = await opened.enter_async_context(_default_embedding(models))
        library = Library(Chance(queries=model), store)
        figures = spread(f"question to hits, {size:,} chunks", await _timed(library), (0.5, 0.95))
        if (models / _RERANKER).is_dir():
            reranker = await opened.enter_async_context(load("rerank", "onnx", {}, Roots(home=models, models=models)))
            library = Library(Chance(queries=model), store, reranker=reranker)
            taken = await _timed(library)
            figures += spread(f"question to hits, {size:,} chunks, with the reranker", taken, (0.5, 0.95))
    return figures


async def _timed(library: Library, legs: Legs = EVERY_LEG) -> list[float]:
    """Seconds of each search; the first few, which load what is loaded once, are not counted."""
    asked = random.Random(7)  # noqa: S311  # data for a benchmark
    texts = questions()
    taken = []
    for _ in range(10 + _TIMES):
        text = asked.choice(texts)
        started = time.perf_counter()
        await library.search([text], limit=_HITS, legs=legs)
        taken.append(time.perf_counter() - started)
    return taken[10:]


@asynccontextmanager
async def _default_embedding(models: Path) -> AsyncIterator[Embedding]:
    # It would remember the questions: each of them is to pay for its vector.
    async with load("embedding", "onnx", {"remembered_queries": 0}, Roots(home=models, models=models)) as model:
        yield model


def _megabytes(folder: Path) -> float:
    """What the files really take: the store makes them larger than they are."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6


def _memory() -> float:
    gc.collect()
    return resident_megabytes(os.getpid(), "VmRSS")
