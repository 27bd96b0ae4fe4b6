"""Evaluates retrieval on a folder of cases: documents through the product's ingest, questions through its search."""

import csv
import gzip
import json
import math
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from connectors.sources.port import Source
from ingest.manifest import open_manifest
from ingest.pipeline import Progress, Run, ingest
from knowledge.library import Library
from knowledge.opening import Configured, Parts, open_library

_SOURCE = "eval"
_CHUNKS = 60
_FIELDS = ("lang", "kind", "src")
_MOST_GROUPS = 12


class BadCases(ValueError):
    """The folder cannot be used as cases; the message says which file and why."""


@dataclass(frozen=True)
class Case:
    """A question, its relevant documents with their grades, and the fields that results are broken down by."""

    id: str
    text: str
    relevant: Mapping[str, float]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """The figures of one question."""

    case: Case
    recall: Mapping[int, float]
    ndcg: float
    reciprocal_rank: float
    milliseconds: float


@dataclass(frozen=True)
class Cases:
    """A folder of cases, read."""

    corpus: tuple[Mapping[str, object], ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class _Chosen:
    embedding: str
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
        return _Chosen(self.settings.ports.embedding)

    def table(self, seam: str, name: str) -> Mapping[str, object]:
        return self.settings.table(seam, name) if seam == "embedding" else {}


async def evaluate(folder: Path, settings: Configured, progress: Progress) -> list[Outcome]:
    """Index the corpus in a temporary folder and ask every question that has a relevant document.

    Documents are ranked by their best chunk. Nothing is tuned to the set: what is measured is what a user gets.
    Raises BadCases.
    """
    cases = read_cases(folder)
    with tempfile.TemporaryDirectory() as home:
        apart = _Apart(settings, Path(home))
        documents = [_page(row) for row in cases.corpus]
        table = {"name": _SOURCE, "documents": documents}
        async with open_library(apart) as library, load("sources", "memory", table, apart.roots) as source:
            await _index(source, library, Path(home), progress)
            await library.search([cases.cases[0].text])
            return [await _ask(library, case) for case in cases.cases]


async def _index(source: Source, library: Library, home: Path, progress: Progress) -> None:
    with open_manifest(home / "ingest.sqlite", library.collection) as manifest:
        run = Run(library, manifest, datetime.fromtimestamp(0, UTC))
        await ingest(source, run, progress)


async def _ask(library: Library, case: Case) -> Outcome:
    started = time.perf_counter()
    hits = await library.search([case.text], limit=_CHUNKS)
    milliseconds = 1000 * (time.perf_counter() - started)
    ranked = list(dict.fromkeys(hit.chunk.document_id.removeprefix(f"{_SOURCE}/") for hit in hits))
    return Outcome(
        case,
        {k: recall(ranked, case.relevant, k) for k in (1, 5, 10)},
        ndcg(ranked, case.relevant, 10),
        reciprocal_rank(ranked, case.relevant),
        milliseconds,
    )


def recall(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """The share of the relevant documents that is among the first k; with one relevant document, whether it is."""
    return sum(id in relevant for id in ranked[:k]) / len(relevant)


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002); as in trec_eval, the grade is the gain."""
    gained = _discounted(relevant.get(id, 0) for id in ranked[:k])
    return gained / _discounted(sorted(relevant.values(), reverse=True)[:k])


def _discounted(grades: Iterable[float]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float]) -> float:
    """One over the rank of the first relevant document; 0 when none was found."""
    return next((1 / rank for rank, id in enumerate(ranked, 1) if id in relevant), 0.0)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The means over some questions, under the names they are reported by."""

    def mean(values: Iterable[float]) -> float:
        return round(math.fsum(values) / len(outcomes), 4)

    return {
        **{f"recall@{k}": mean(one.recall[k] for one in outcomes) for k in (1, 5, 10)},
        "ndcg@10": mean(one.ndcg for one in outcomes),
        "mrr": mean(one.reciprocal_rank for one in outcomes),
        "ms_per_query": round(mean(one.milliseconds for one in outcomes), 1),
        "n": len(outcomes),
    }


def report(outcomes: Sequence[Outcome]) -> str:
    """A table with one line per group of questions, and the figures of all as JSON on the last line."""
    groups = sorted({group for one in outcomes for group in one.case.groups})
    total = figures(outcomes)
    rows = [(group, figures([one for one in outcomes if group in one.case.groups])) for group in groups]
    if len(rows) > _MOST_GROUPS:
        rows = []
    width = max(len(name) for name, _ in [*rows, ("all", total)])
    lines = [" ".join([" " * width, *(f"{name:>12}" for name in total)])]
    lines += [
        " ".join([f"{name:<{width}}", *(f"{v:>12}" for v in row.values())]) for name, row in [*rows, ("all", total)]
    ]
    if any("body only" in one for one in groups):
        lines.append(
            "Titles are indexed as in the product, also where the set asks for bodies only: those lines flatter."
        )
    return "\n".join([*lines, json.dumps(total)])


def read_cases(folder: Path) -> Cases:
    """The cases in a folder. Raises BadCases."""
    name = "corpus.jsonl.gz" if (folder / "corpus.jsonl.gz").is_file() else "corpus.jsonl"
    corpus, queries = _rows(folder / name), _rows(folder / "queries.jsonl")
    grades = _grades(folder / "qrels.tsv")
    cases = [
        Case(str(row["_id"]), str(row["text"]), grades[str(row["_id"])], _groups(row))
        for row in queries
        if str(row["_id"]) in grades
    ]
    if not corpus or not cases:
        raise BadCases(f"{folder}: no documents, or no query with a relevant document in qrels.tsv.")
    return Cases(tuple(corpus), tuple(cases))


def _groups(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(f"{field}={row[field]}" for field in _FIELDS if row.get(field))


def _rows(path: Path) -> list[Mapping[str, object]]:
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, ValueError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    if any(not isinstance(row, dict) or "_id" not in row or "text" not in row for row in rows):
        raise BadCases(f'{path}: every line must be a JSON object with "_id" and "text".')
    return rows


def _grades(path: Path) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = {}
    try:
        rows = list(csv.reader(path.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
        for query, document, grade in rows[1:] if rows and rows[0][:1] == ["query-id"] else rows:
            if float(grade) > 0:
                grades.setdefault(query, {})[document] = float(grade)
    except (OSError, ValueError) as problem:
        raise BadCases(
            f"{path}: {problem}; each line is query-id, corpus-id and score, separated by tabs."
        ) from problem
    return grades


def _page(row: Mapping[str, object]) -> dict[str, object]:
    labels = {"language": str(row["lang"])} if row.get("lang") else {}
    return {"id": str(row["_id"]), "title": str(row.get("title") or ""), "text": str(row["text"]), "labels": labels}
