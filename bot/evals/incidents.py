"""Evaluates incident memory: descriptions of trouble, the incident each is about, and what makes it similar."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

from pydantic import BaseModel, Field, ValidationError

from bot.evals.cases import BadCases
from knowledge.incidents import KINDS
from knowledge.library import Library
from knowledge.reasons import (
    NearInMeaning,
    Neighbours,
    Reason,
    SameComponents,
    SameServices,
    SameSymptom,
    SameTime,
    SharedNames,
    Trouble,
)
from knowledge.service_graph import ServiceGraph
from knowledge.similarity import similar

_MOST = 3


class Because(BaseModel):
    """What a stated reason may name; of a quoted sentence, words of which it must hold one."""

    symptoms: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    components: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    sentences: tuple[str, ...] = ()


class Case(BaseModel):
    """A line of queries.jsonl; without ``because`` its reasons are not measured."""

    id: str = Field(alias="_id")
    text: str
    language: str = ""
    incident: str
    because: Because | None = None


@dataclass(frozen=True)
class Outcome:
    """Where the incident came (0: not at all), and which of the reasons that were stated for it are wrong."""

    case: Case
    rank: int
    wrong: tuple[Reason, ...]
    first: str
    milliseconds: float


async def evaluate(folder: Path, library: Library, graph: ServiceGraph, now: datetime) -> list[Outcome]:
    """Ask the library, as it is, for what is similar to each description. Raises BadCases."""
    cases = read_cases(folder)
    if not await library.documents(where={"kind": KINDS}):
        raise BadCases("There is no incident in the library: run `python -m ingest deploy/demo`.")
    await similar(library, graph, Trouble(cases[0].text, now), _MOST)
    return [await _ask(case, library, graph, now) for case in cases]


def read_cases(folder: Path) -> list[Case]:
    """The cases in a folder's queries.jsonl. Raises BadCases."""
    path = folder / "queries.jsonl"
    try:
        cases = [Case.model_validate_json(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    if not cases:
        raise BadCases(f"{path}: there is no case in it.")
    return cases


async def _ask(case: Case, library: Library, graph: ServiceGraph, now: datetime) -> Outcome:
    started = time.perf_counter()
    found = await similar(library, graph, Trouble(case.text, now), _MOST)
    milliseconds = 1000 * (time.perf_counter() - started)
    ids = [one.incident.id for one in found]
    rank = ids.index(case.incident) + 1 if case.incident in ids else 0
    stated = found[rank - 1].reasons if rank else ()
    wrong = tuple(reason for reason in stated if case.because is not None and not _right(reason, case.because))
    return Outcome(case, rank, wrong, ids[0] if ids else "", milliseconds)


def _right(reason: Reason, because: Because) -> bool:
    match reason:
        case NearInMeaning(sentence):
            return any(words in sentence for words in because.sentences)
        case SameSymptom(named):
            right = because.symptoms
        case SharedNames(named):
            right = because.names
        case SameServices(named) | Neighbours(named):
            right = because.services
        case SameComponents(named):
            right = because.components
        case SameTime():
            return False
        case _:
            assert_never(reason)
    return right.issuperset(named)


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The figures of some cases. ``reasons_right`` is the share of those found whose stated reasons are all right."""
    explained = [one for one in outcomes if one.rank and one.case.because is not None]
    right = sum(not one.wrong for one in explained)
    return {
        **{f"recall@{k}": round(sum(0 < one.rank <= k for one in outcomes) / len(outcomes), 4) for k in (1, _MOST)},
        **({"reasons_right": round(right / len(explained), 4)} if explained else {}),
        "ms_per_query": round(math.fsum(one.milliseconds for one in outcomes) / len(outcomes), 1),
        "n": len(outcomes),
    }


def report(outcomes: Sequence[Outcome]) -> str:
    """What went wrong, one line each, and the figures of all as JSON on the last line."""
    lines = [
        f"{one.case.id}: {one.case.incident} is {f'number {one.rank}' if one.rank else 'not found'}, "
        f"{one.first or 'nothing'} comes first"
        for one in outcomes
        if one.rank != 1
    ]
    lines += [f"{one.case.id}: wrong reason: {reason}" for one in outcomes for reason in one.wrong]
    for language in sorted({one.case.language for one in outcomes if one.case.language}):
        lines.append(f"{language}: {json.dumps(figures([one for one in outcomes if one.case.language == language]))}")
    return "\n".join([*lines, json.dumps(figures(outcomes))])
