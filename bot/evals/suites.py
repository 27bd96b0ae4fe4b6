"""The evaluation suites by name: each measures one part of the assistant on a folder of cases."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.app import service_graph
from bot.evals import (
    anomaly,
    diagnosis,
    grouping,
    incidents,
    logs,
    ocr,
    retrieval,
    root_cause,
    sql,
    sql_guard,
    sql_linking,
    storms,
)
from bot.evals.cases import BadCases
from bot.ladder import Ladder
from bot.settings import Settings, read_settings
from connectors.configuration import BadSettings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.load import load
from connectors.ocr.port import OcrUnavailable
from connectors.rerank.port import RerankUnavailable
from connectors.tools.port import ToolUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import Library
from knowledge.opening import open_library
from knowledge.service_graph import BadServices

Outcomes = TypeVar("Outcomes")

_SAID = (
    BadCases,
    BadServices,
    BadSettings,
    EmbeddingUnavailable,
    OcrUnavailable,
    RerankUnavailable,
    ToolUnavailable,
    VectorStoreUnavailable,
)


def run(suite: str, arguments: list[str]) -> int:
    """Run a suite; its figures are one JSON object on the last line of standard output. 0 when it ran, else 1."""
    found = SUITES.get(suite)
    if found is None:
        sys.stderr.write(f"There is no suite {suite!r}; there are: {', '.join(sorted(SUITES))}.\n")
        return 1
    try:
        return found(arguments)
    except _SAID as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def _retrieval(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval retrieval", description=retrieval.__doc__)
    parser.add_argument("folder", type=Path, help="corpus.jsonl[.gz], queries.jsonl and qrels.tsv")
    folder: Path = parser.parse_args(arguments).folder

    def progress(done: int, total: int) -> None:
        sys.stderr.write(f"\rindexed {done} of {total} documents" + ("\n" if done == total else ""))

    evaluation = asyncio.run(retrieval.evaluate(folder, read_settings(), progress))
    sys.stdout.write(retrieval.report(evaluation) + "\n")
    return 0


def _incidents(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval incidents", description=incidents.__doc__)
    parser.add_argument("folder", type=Path, help="queries.jsonl; the incidents are those in the library")
    folder: Path = parser.parse_args(arguments).folder
    settings = read_settings()
    graph = service_graph(settings)

    async def evaluate() -> list[incidents.Outcome]:
        async with open_library(settings) as library:
            return await incidents.evaluate(folder, library, graph, datetime.fromtimestamp(0, UTC))

    sys.stdout.write(incidents.report(asyncio.run(evaluate())) + "\n")
    return 0


def _ocr(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval ocr", description=ocr.__doc__)
    parser.add_argument("folder", type=Path, help="labels.json and img/; or pictures and truth.json")
    cases = ocr.read_cases(parser.parse_args(arguments).folder)
    settings = read_settings()
    vendor = settings.ports.ocr or "paddle"

    async def evaluate() -> list[ocr.Outcome]:
        async with load("ocr", vendor, settings.table("ocr", vendor), settings.roots) as reader:
            return await ocr.evaluate(cases, reader)

    sys.stdout.write(ocr.report(asyncio.run(evaluate())) + "\n")
    return 0


def _sql(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval sql", description=sql.__doc__)
    parser.add_argument("folder", type=Path, help="questions.jsonl, and db/*.sqlite or schemas/*.sql")
    parser.add_argument("--gold", action="store_true", help="feed the gold queries: measures guard and databases")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only so many questions, evenly spread")
    parser.add_argument("--server", default="", metavar="URL", help="a PostgreSQL where databases may be created")
    given = parser.parse_args(arguments)
    settings = read_settings()
    now = datetime.now(UTC)  # noqa: TID251  # a command starts here; below, the time is an argument

    def progress(done: int, total: int) -> None:
        sys.stderr.write(f"\rasked {done} of {total}" + ("\n" if done == total else ""))

    async def evaluate() -> list[sql.Outcome]:
        trial = sql.Trial(Ladder([]), now, gold=given.gold, sample=given.sample, server=given.server)
        if given.gold:
            return await sql.evaluate(given.folder, trial, progress)
        async with AsyncExitStack() as opened, _passing_library(settings) as library:
            models = [
                await opened.enter_async_context(load("llm", name, settings.table("llm", name), settings.roots))
                for name in settings.ports.llm
            ]
            return await sql.evaluate(given.folder, replace(trial, ladder=Ladder(models), library=library), progress)

    sys.stdout.write(sql.report(asyncio.run(evaluate())) + "\n")
    return 0


@asynccontextmanager
async def _passing_library(settings: Settings) -> AsyncIterator[Library]:
    """A library under the configured embedding that is gone afterwards: what it is for is none of the team's pages."""
    vendor = settings.ports.embedding
    embedding = load("embedding", vendor, settings.table("embedding", vendor), settings.roots)
    async with embedding as texts, load("vectors", "memory", {}, settings.roots) as vectors:
        yield Library(texts, vectors)


def _sql_linking(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval sql-linking", description=sql_linking.__doc__)
    parser.add_argument("folder", type=Path, help="questions.jsonl, and db/*.sqlite or schemas/*.sql")
    parser.add_argument("--room", type=int, default=40, metavar="N", help="how many columns may be shown")
    parser.add_argument("--together", action="store_true", help="all databases as one")
    parser.add_argument("--words", action="store_true", help="by words alone: nothing is embedded")
    parser.add_argument("--server", default="", metavar="URL", help="a PostgreSQL where databases may be created")
    given = parser.parse_args(arguments)

    async def evaluate() -> list[sql_linking.Outcome]:
        trial = sql_linking.Trial(given.room, given.together, given.server, None)
        if given.words:
            return await sql_linking.evaluate(given.folder, trial)
        async with _passing_library(read_settings()) as library:
            return await sql_linking.evaluate(given.folder, replace(trial, annex=library.annex("eval")))

    sys.stdout.write(sql_linking.report(asyncio.run(evaluate())) + "\n")
    return 0


def _grouping(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval grouping", description=grouping.__doc__)
    parser.add_argument("folder", type=Path, help="storms.jsonl[.gz] and topology.json")
    parser.add_argument("--make", choices=sorted(storms.CLIMATES), help="first fill the folder with made storms")
    parser.add_argument("--count", type=int, default=60, metavar="N", help="so many storms")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed makes the same storms")
    given = parser.parse_args(arguments)
    if given.make:
        storms.make(given.folder, storms.CLIMATES[given.make], given.count, given.seed)
    sys.stdout.write(grouping.report(grouping.evaluate(given.folder)) + "\n")
    return 0


def _diagnosis(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bot eval diagnosis", description=diagnosis.__doc__)
    parser.add_argument("folder", type=Path, help="folders with case.yaml, case.json, or alert.json and answer.yml")
    parser.add_argument("--model", action="store_true", help="think with the models of the settings (default: none)")
    given = parser.parse_args(arguments)
    settings = read_settings()
    budget = settings.answer.evidence_tokens

    async def evaluate() -> list[diagnosis.Outcome]:
        async with AsyncExitStack() as opened:
            models = [
                await opened.enter_async_context(load("llm", name, settings.table("llm", name), settings.roots))
                for name in (settings.ports.llm if given.model else ())
            ]
            return await diagnosis.evaluate(given.folder, settings.roots, budget, Ladder(models))

    sys.stdout.write(diagnosis.report(asyncio.run(evaluate())) + "\n")
    return 0


def _over_a_folder(
    name: str, doc: str | None, holds: str, evaluate: Callable[[Path], Outcomes], report: Callable[[Outcomes], str]
) -> Callable[[Sequence[str]], int]:
    """A suite whose only argument is the folder of its cases; ``holds`` tells its user what belongs there."""

    def suite(arguments: Sequence[str]) -> int:
        parser = argparse.ArgumentParser(prog=f"python -m bot eval {name}", description=doc)
        parser.add_argument("folder", type=Path, help=holds)
        folder: Path = parser.parse_args(arguments).folder
        sys.stdout.write(report(evaluate(folder)) + "\n")
        return 0

    return suite


SUITES: dict[str, Callable[[Sequence[str]], int]] = {
    "anomaly": _over_a_folder(
        "anomaly",
        anomaly.__doc__,
        "windows.json, and the series in folders or data.tar.xz",
        anomaly.evaluate,
        anomaly.report,
    ),
    "diagnosis": _diagnosis,
    "grouping": _grouping,
    "incidents": _incidents,
    "logs": _over_a_folder(
        "logs", logs.__doc__, "one folder per system, with *_structured_corrected.csv[.gz]", logs.evaluate, logs.report
    ),
    "ocr": _ocr,
    "retrieval": _retrieval,
    "root-cause": _over_a_folder(
        "root-cause",
        root_cause.__doc__,
        "recordings of PetShop or Nezha, unpacked",
        root_cause.evaluate,
        root_cause.report,
    ),
    "sql": _sql,
    "sql-guard": _over_a_folder(
        "sql-guard",
        sql_guard.__doc__,
        '*.jsonl[.gz] of lines with "sql" and "must"',
        sql_guard.evaluate,
        sql_guard.report,
    ),
    "sql-linking": _sql_linking,
}
