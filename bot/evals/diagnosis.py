"""Evaluates diagnoses on recorded cases: whether the deciding evidence is reached, and what is made of it."""

import json
import re
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.agents.board import Board
from bot.diagnosing import diagnose
from bot.evals.diagnosis_cases import Case, read_cases
from bot.incident import Category, Diagnosis, Finding, Incident, Trouble
from bot.ladder import Ladder
from bot.ports import Limits, Ports
from bot.rules.terms import content_terms
from bot.rules.verdicts import with_verdict
from bot.standing import Standing
from bot.steps.announce import Told as Shown
from bot.steps.announce import announce
from bot.steps.compose import compose, material
from bot.toolbox import Toolbox
from bot.vocabulary import Evidence
from connectors.configuration import Roots
from connectors.llm.port import estimate_tokens
from connectors.load import load
from connectors.tools.port import Tools
from knowledge.chunk import plain
from knowledge.library import Library
from knowledge.service_graph import ServiceGraph

NO_MODEL = Ladder([])
_LIMITS = Limits(
    rounds=1, seconds=60, evidence_tokens=6000, local_evidence_tokens=1200, output_tokens=700, local_output_tokens=180,
    hits=8,
)  # fmt: skip
"""Those of questions, which a diagnosis does not ask."""
_MOST_FINDINGS, _TOLD = 12, 5


@dataclass(frozen=True)
class Told:
    """What came of one case: all that a model would read, what a person would, and the sort of the leading cause."""

    context: str
    text: str
    cause: Category | None
    service: str
    asked: frozenset[str]
    steps: int
    tokens: int
    outcome: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a case went; ``evidence``, ``verdict``: None where the case expects nothing of it. ``missing`` was not met.

    ``out_of_reach``: what it expects is nowhere in its recordings, so nobody who reads them can tell it.
    """

    case: Case
    evidence: bool | None
    passed: bool | None
    verdict: bool | None
    forbidden: int
    missing: tuple[str, ...]
    told: Told
    seconds: float
    out_of_reach: bool = False


async def evaluate(folder: Path, roots: Roots, budget: int, ladder: Ladder = NO_MODEL) -> list[Outcome]:
    """Diagnose every case below a folder, with evidence of at most ``budget`` tokens in context. Raises BadCases."""
    found = []
    for case in read_cases(folder):
        settings = {"folder": str(case.recordings), "format": case.kind}
        async with load("tools", "recorded", settings, roots) as tools:
            began = time.perf_counter()
            told = _told(await diagnosed(case.trouble, tools, ladder), budget)
            found.append(_judged(case, told, time.perf_counter() - began))
    return found


async def diagnosed(trouble: Trouble, tools: Tools, ladder: Ladder) -> Diagnosis:
    """What the journey of an incident makes of a trouble that nothing is remembered of."""
    here = Roots(Path(), Path())
    with tempfile.TemporaryDirectory() as shelf:
        async with (
            load("embedding", "memory", {}, here) as texts,
            load("vectors", "memory", {}, here) as vectors,
            load("state", "memory", {}, here) as state,
        ):
            ports = Ports(
                state=state,
                library=Library(texts, vectors),
                ladder=ladder,
                plugins=(),
                chats={},
                services=ServiceGraph().mentioned,
                terms=content_terms,
                limits=_LIMITS,
                clock=time.monotonic,
                standing=Standing(state, time.monotonic),
                toolbox=Toolbox({"recorded": tools}, Path(shelf), time.monotonic),
            )
            return await diagnose(trouble, ports, Board())


def _told(diagnosis: Diagnosis, budget: int) -> Told:
    trouble, verdict = diagnosis.trouble, diagnosis.verdict
    findings = sorted(diagnosis.findings, key=lambda one: -one.weight)
    excluded = [one.says for one in diagnosis.excluded][:_TOLD]
    says = "\n".join([*(one.says for one in findings[:_MOST_FINDINGS]), *excluded, *diagnosis.gaps[:_TOLD]])
    numbered = compose(_ranked(findings, diagnosis.evidence), max(256, budget - estimate_tokens(says)), estimate_tokens)
    context = material(f"{_asked(trouble)}\n{says}", numbered)
    lead = next(iter(verdict.hypotheses), None)
    asked = frozenset(one.tool.split(" ", 1)[0] for one in diagnosis.steps if one.outcome == "answered")
    return Told(
        context,
        _card(diagnosis),
        lead.cause if lead else None,
        lead.service if lead else "",
        asked,
        len(diagnosis.steps),
        estimate_tokens(context),
        verdict.outcome,
    )


def _card(diagnosis: Diagnosis) -> str:
    """All that people are told, with what it quotes."""
    trouble = diagnosis.trouble
    incident = Incident(
        id=trouble.id, title=trouble.text.split("\n")[0], opened_at=trouble.at, began=trouble.began, language="en"
    )
    card = announce(with_verdict(incident, "run", diagnosis), diagnosis, Shown())
    parts = [card.title, card.text, *(one.text for one in card.folded), *(one.quote for one in card.citations)]
    return plain("\n\n".join([*parts, *card.notices]))


def _ranked(findings: Sequence[Finding], pieces: Sequence[Evidence]) -> list[Evidence]:
    """Evidence of all experts: what their findings cite first, by weight, the rest in each expert's own order."""
    first = {id: at for at, one in reversed(list(enumerate(findings))) for id in one.cites}
    return sorted(pieces, key=lambda one: first.get(one.id, len(findings)))


def _asked(trouble: Trouble) -> str:
    """What a model is told of the trouble itself."""
    alerts = [
        f"{one.name} since {one.started_at:%Y-%m-%d %H:%M}: {one.summary} {one.description}" for one in trouble.alerts
    ]
    labels = [json.dumps(dict(one.labels), ensure_ascii=False) for one in trouble.alerts]
    return "\n".join([trouble.text, *alerts, *labels])


def _judged(case: Case, told: Told, seconds: float) -> Outcome:
    missing = [one for one in case.required if not _meets(one, told.context)]
    out_of_reach = bool(missing) and any(not _meets(one, f"{case.held} {told.context}") for one in missing)
    missing += [f"{one}()" for one in case.queries if one not in told.asked]
    expects = bool(case.required or case.queries)
    right = None
    if case.categories:
        right = told.cause in case.categories and (not case.service or told.service == case.service)
    wrong = sum(_meets(one, told.text) for one in case.forbidden) + (told.cause in case.wrong)
    passed = all(_meets(one, told.text) for one in case.required) and not wrong and right is not False
    return Outcome(
        case,
        not missing if expects else None,
        passed if expects else None,
        right,
        wrong,
        tuple(missing),
        told,
        seconds,
        out_of_reach,
    )


def _meets(expression: str, text: str) -> bool:
    return re.search(expression, text, re.IGNORECASE) is not None


def figures(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """Shares of those cases that expect something of it; numbers of calls and tokens are means, seconds the median.

    ``evidence`` leaves out the cases whose recordings do not hold what they expect; ``evidence_of_all`` counts them.
    """
    shares: dict[str, list[bool]] = {
        "evidence": [one.evidence for one in outcomes if one.evidence is not None and not one.out_of_reach],
        "evidence_of_all": [one.evidence for one in outcomes if one.evidence is not None],
        "pass": [one.passed for one in outcomes if one.passed is not None],
        "verdict": [one.verdict for one in outcomes if one.verdict is not None],
    }
    return {
        **{name: round(sum(some) / len(some), 4) for name, some in shares.items() if some},
        "forbidden": sum(one.forbidden for one in outcomes),
        "steps": round(statistics.fmean(one.told.steps for one in outcomes), 1),
        "tokens": round(statistics.fmean(one.told.tokens for one in outcomes)),
        "seconds_p50": round(statistics.median(one.seconds for one in outcomes), 2),
        "n": len(outcomes),
    }


def report(outcomes: Sequence[Outcome]) -> str:
    """A line per case, a line per tag, and the figures of all as JSON on the last line."""
    lines = [_line(one) for one in outcomes]
    tags = sorted({tag for one in outcomes for tag in one.case.tags})
    lines += [f"{tag}: {json.dumps(figures([one for one in outcomes if tag in one.case.tags]))}" for tag in tags]
    return "\n".join([*lines, json.dumps(figures(outcomes))])


def _line(one: Outcome) -> str:
    marks = {"evidence": one.evidence, "pass": one.passed, "verdict": one.verdict}
    said = ", ".join(f"{name} {'yes' if mark else 'no'}" for name, mark in marks.items() if mark is not None)
    missing = f", missing {'; '.join(one.missing)}" if one.missing else ""
    missing += " (not in its recordings)" if one.out_of_reach else ""
    done = f"{one.told.outcome}, cause {one.told.cause or 'none'}, {one.told.steps} steps, {one.seconds:.1f} s"
    return f"{one.case.name}: {said}, {done}{missing}"
