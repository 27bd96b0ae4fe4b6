"""The evaluation suites by name: each measures one part of the assistant on a folder of cases."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.app import service_graph
from bot.evals import incidents, retrieval
from bot.evals.cases import BadCases
from bot.settings import read_settings
from connectors.configuration import BadSettings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.rerank.port import RerankUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.opening import open_library
from knowledge.service_graph import BadServices

_SAID = (BadServices, BadSettings, EmbeddingUnavailable, RerankUnavailable, VectorStoreUnavailable, BadCases)


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


SUITES: dict[str, Callable[[Sequence[str]], int]] = {"incidents": _incidents, "retrieval": _retrieval}
