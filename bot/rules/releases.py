"""Which release of a service went wrong, and which ran before it, out of what systems reported as changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.incident import Diagnosis, Finding
from bot.vocabulary import Evidence
from knowledge.service_graph import ServiceGraph

_WHEN = ("time", "at", "timestamp", "created_at", "deployed_at", "started_at", "date")
_WHOSE = ("service", "app", "application", "deployment", "workload", "name")
_VERSION = ("version", "revision", "release", "tag")
_BEFORE = re.compile(r"(?<![\w-])(?:previous|previous_version|previous_release|from_version)[ =:]+([\w.+@/-]{1,100})")


@dataclass(frozen=True)
class Replaced:
    """A release that is suspected, and the one that it took the place of; empty where nobody says."""

    bad: str
    before: str


@dataclass(frozen=True)
class _Row:
    at: str
    version: str
    previous: str
    environment: str


def replaced(diagnosis: Diagnosis, service: str, graph: ServiceGraph) -> Replaced | None:
    """The release of a service that the leading cause rests on; None where no finding for it tells of one.

    What ran before is what the report itself says, else the version reported before it, else the service graph's.
    """
    findings = {one.id: one for one in diagnosis.findings}
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    supports = [findings[id] for id in leading.supports if id in findings] if leading else []
    rows = sorted(_rows(diagnosis.evidence, service), key=lambda one: one.at, reverse=True)
    for finding in supports:
        if finding.kind == "change" and finding.service == service:
            for number, row in enumerate(rows):
                if _tells_of(finding, row):
                    return Replaced(row.version, _before(row, rows[number + 1 :], graph, service))
    return None


def _tells_of(finding: Finding, row: _Row) -> bool:
    word = rf"(?<![\w-])(?<!\w\.)v?{re.escape(row.version)}(?![\w-])(?!\.\w)"
    return re.search(word, f"{finding.quote}\n{finding.says}", re.ASCII) is not None


def _before(bad: _Row, older: Sequence[_Row], graph: ServiceGraph, service: str) -> str:
    if bad.previous:
        return bad.previous
    there = (one.version for one in older if one.environment == bad.environment and one.version != bad.version)
    known = graph.services[service].release if service in graph.services else ""
    return next(there, "") or (known if known != bad.version else "")


def _rows(evidence: Sequence[Evidence], service: str) -> Iterator[_Row]:
    for one in evidence:
        if one.kind == "tool" and one.rows:
            for cells in one.rows.rows:
                row = {name.casefold(): str(cell) for name, cell in zip(one.rows.columns, cells, strict=False) if cell}
                if service in (row.get(name) for name in _WHOSE) and (version := _of(row, _VERSION)):
                    previous = _BEFORE.search(row.get("state", ""))
                    said = row.get("previous") or row.get("previous_version") or (previous[1] if previous else "")
                    yield _Row(_of(row, _WHEN), version, said, row.get("environment", ""))


def _of(row: Mapping[str, str], names: Sequence[str]) -> str:
    return next((row[name] for name in names if row.get(name)), "")
