"""Evaluates retrieval on a folder of cases: documents through the product's ingest, questions through its search."""

import json
import math
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.evals.cases import Case, read_cases
from bot.evals.measures import ndcg, percentile, recall, reciprocal_rank
from connectors.configuration import Roots
from connectors.load import load
from connectors.sources.port import Source
from ingest.manifest import open_manifest
from ingest.pipeline import Progress, Run, ingest
from knowledge.library import Legs, Library
from knowledge.opening import Configured, Parts, open_library
from knowledge.settings import Knowledge

_SOURCE = "eval"
_CHUNKS = 60
_MOST_GROUPS = 12

PRODUCT = "all"
ABLATIONS: Mapping[str, Legs] = {
    "dense": Legs(sentences=False, words=False, variants=False, rerank=False),
    "sparse": Legs(meaning=False, rerank=False),
    "dense+sentences": Legs(words=False, variants=False, rerank=False),
    "hybrid": Legs(variants=False, rerank=False),
    "+variants": Legs(rerank=False),
    "+rerank": Legs(),
}
"""What is switched on, line by line; the last is the product, and the same as the one before without a reranker."""


@dataclass(frozen=True)
class Outcome:
    """The figures of one question."""

    case: Case
    recall: Mapping[int, float]
    ndcg: float
    reciprocal_rank: float
    milliseconds: float


@dataclass(frozen=True)
class Evaluation:
    """The outcomes of every ablation, the size of the index and how long it took to build."""

    outcomes: Mapping[str, Sequence[Outcome]]
    documents: int
    chunks: int
    megabytes: float
    seconds: float


@dataclass(frozen=True)
class _Chosen:
    embedding: str
    rerank: str | None
    vectors: str = "edge"


@dataclass(frozen=True)
class _Apart:
    """Settings whose index is embedded in a temporary folder: an evaluation never touches the real one."""

    settings: Configured
    home: Path

    @property
    def roots(self) -> Roots:
        return Roots(self.home, self.settings.roots.models)

    @property
    def ports(self) -> Parts:
        return _Chosen(self.settings.ports.embedding, self.settings.ports.rerank)

    @property
    def knowledge(self) -> Knowledge:
        return self.settings.knowledge

    def table(self, seam: str, name: str) -> Mapping[str, object]:
        table = self.settings.table(seam, name) if seam in ("embedding", "rerank") else {}
        # Every ablation asks the same questions: each pays for its vectors.
        fresh = {"remembered_queries": 0} if seam == "embedding" and name != "memory" else {}
        return {**table, **fresh}


async def evaluate(folder: Path, settings: Configured, progress: Progress) -> Evaluation:
    """Index the corpus in a temporary folder and ask every question that has a relevant document, per ablation.

    Documents are ranked by their best chunk. Nothing is tuned to the set: what is measured is what a user gets.
    Raises BadCases.
    """
    cases = read_cases(folder)
    with tempfile.TemporaryDirectory() as home:
        apart = _Apart(settings, Path(home))
        documents = [_page(row) for row in cases.corpus]
        table = {"name": _SOURCE, "documents": documents}
        async with open_library(apart) as library, load("sources", "memory", table, apart.roots) as source:
            started = time.perf_counter()
            await _index(source, library, Path(home), progress)
            seconds = time.perf_counter() - started
            await library.search([cases.cases[0].text])
            names = [name for name in ABLATIONS if name != "+rerank" or settings.ports.rerank]
            asked = {name: [await _ask(library, case, ABLATIONS[name]) for case in cases.cases] for name in names}
            chunks = (await library.facts()).chunks
            return Evaluation(asked, len(documents), chunks, _megabytes(Path(home)), seconds)


async def _index(source: Source, library: Library, home: Path, progress: Progress) -> None:
    with open_manifest(home / "ingest.sqlite", library.collection) as manifest:
        run = Run(library, manifest, datetime.fromtimestamp(0, UTC))
        await ingest(source, run, progress)


async def _ask(library: Library, case: Case, legs: Legs) -> Outcome:
    where = {"language": case.languages} if case.languages else None
    started = time.perf_counter()
    # A reader of no group, as most are: the filter by who may read is part of what is timed.
    hits = await library.search([case.text], limit=_CHUNKS, where=where, legs=legs)
    milliseconds = 1000 * (time.perf_counter() - started)
    ranked = list(dict.fromkeys(hit.chunk.document_id.removeprefix(f"{_SOURCE}/") for hit in hits))
    return Outcome(
        case,
        {k: recall(ranked, case.relevant, k) for k in (1, 5, 10)},
        ndcg(ranked, case.relevant, 10),
        reciprocal_rank(ranked, case.relevant),
        milliseconds,
    )


def _megabytes(folder: Path) -> float:
    """What the files really take: the store makes them larger than they are."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The means over some questions, under the names they are reported by."""

    def mean(values: Iterable[float]) -> float:
        return round(math.fsum(values) / len(outcomes), 4)

    return {
        **{f"recall@{k}": mean(one.recall[k] for one in outcomes) for k in (1, 5, 10)},
        "ndcg@10": mean(one.ndcg for one in outcomes),
        "mrr": mean(one.reciprocal_rank for one in outcomes),
        "ms_per_query": round(mean(one.milliseconds for one in outcomes), 1),
        "ms_p95": round(percentile([one.milliseconds for one in outcomes], 0.95), 1),
        "n": len(outcomes),
    }


def report(evaluation: Evaluation) -> str:
    """A table of the ablations, one of the product by group of questions, and all of it as JSON on the last line.

    The JSON's own figures are the product's.
    """
    ablations = {name: figures(outcomes) for name, outcomes in evaluation.outcomes.items()}
    product = list(evaluation.outcomes.values())[-1]
    names = sorted({group for one in product for group in one.case.groups})
    groups = {name: figures([one for one in product if name in one.case.groups]) for name in names}
    shown = groups if len(groups) <= _MOST_GROUPS else {}
    total = figures(product)
    index = {
        "documents": evaluation.documents,
        "chunks": evaluation.chunks,
        "megabytes": round(evaluation.megabytes, 1),
        "seconds": round(evaluation.seconds, 1),
    }
    lines = [*_table(ablations), "", *_table({**shown, PRODUCT: total}), "", *_remarks(product, index)]
    return "\n".join([*lines, json.dumps({**total, "index": index, "ablations": ablations, "groups": shown})])


def _table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    width = max(map(len, rows))
    heads = next(iter(rows.values()))
    head = " ".join([" " * width, *(f"{name:>12}" for name in heads)])
    return [head, *(" ".join([f"{n:<{width}}", *(f"{v:>12}" for v in row.values())]) for n, row in rows.items())]


def _remarks(product: Sequence[Outcome], index: Mapping[str, float]) -> Iterable[str]:
    yield (
        f"index: {index['documents']:g} documents, {index['chunks']:g} chunks, {index['megabytes']:g} MB, "
        f"built in {index['seconds']:g} s"
    )
    if any(one.case.languages for one in product):
        yield "Questions whose pages are all in the other language are asked of pages in that language."
    if any("body only" in group for one in product for group in one.case.groups):
        yield "Titles are indexed as in the product, also where the set asks for bodies only: those lines flatter."


def _page(row: Mapping[str, object]) -> dict[str, object]:
    labels = {"language": str(row["lang"])} if row.get("lang") else {}
    return {"id": str(row["_id"]), "title": str(row.get("title") or ""), "text": str(row["text"]), "labels": labels}
