"""Which change explains that something broke: what changed shortly before, there or below it, comes first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connectors.tools.port import Change
from knowledge.service_graph import ServiceGraph

Relation = Literal["same service", "dependency", "indirect dependency", "caller", "unknown", "unrelated"]
Objection = Literal["after the break", "another environment", "unrelated service"]

_HOUR = timedelta(hours=1)
_TOGETHER = timedelta(minutes=2)
# How much of a cause each is when all else is equal: own priors, to be overruled by evidence.
_RELATIONS: dict[Relation, float] = {
    "same service": 1.0,
    "dependency": 0.7,
    "indirect dependency": 0.4,
    "caller": 0.3,
    "unknown": 0.15,
    "unrelated": 0.0,
}
_KINDS = {"flag": 0.9, "migration": 0.9, "certificate": 0.9, "scal": 0.7, "test": 0.2, "doc": 0.1, "comment": 0.1}
_SAME = {"prod": "production", "prd": "production", "live": "production", "stage": "staging", "stg": "staging"}


@dataclass(frozen=True)
class Breakage:
    """When something broke, aware, and for which services, by their canonical names; no ``environment``: unknown."""

    at: datetime
    services: tuple[str, ...]
    environment: str = ""


@dataclass(frozen=True)
class Explanation:
    """A change, how it relates to what broke, and how long before: a negative ``lead`` is after.

    ``score`` is between 0 and 1, and 0 for what is ``ruled_out``, with the first reason there is.
    """

    change: Change
    relation: Relation
    lead: timedelta
    score: float
    ruled_out: Objection | None = None


def rank_changes(changes: Iterable[Change], graph: ServiceGraph, broke: Breakage) -> tuple[Explanation, ...]:
    """Every change, the best explanation first, what is ruled out last; among equals the later change first.

    Proximity in time times proximity in the graph, as blame is assigned to roll-outs (Z. Li et al., "Gandalf: an
    intelligent, end-to-end analytics service for safe deployment in large-scale cloud infrastructure", 2020), times
    the share of the broken services that it could have reached, and its kind. Half as much after an hour, an eleventh
    after ten: a leak takes its time, so nothing is too old to be told. Times may be two minutes off.
    """
    explained = [_explain(change, graph, broke) for change in changes]
    return tuple(sorted(explained, key=lambda one: (-one.score, one.ruled_out is not None, abs(one.lead))))


def _explain(change: Change, graph: ServiceGraph, broke: Breakage) -> Explanation:
    lead = broke.at - change.at
    relations = [_relation(_canonical(change.service, graph), service, graph) for service in broke.services]
    nearest: Relation = max(relations, key=_RELATIONS.__getitem__) if relations else "unknown"
    objection = _objection(change, nearest, lead, broke)
    if objection:
        return Explanation(change, nearest, lead, 0.0, objection)
    reached = sum(relation not in ("caller", "unrelated", "unknown") for relation in relations)
    spread = (1 + reached / max(len(relations), 1)) / 2
    recency = 1 / (1 + max(lead, timedelta(0)) / _HOUR)
    return Explanation(change, nearest, lead, recency * _RELATIONS[nearest] * spread * _kind(change.kind))


def _objection(change: Change, nearest: Relation, lead: timedelta, broke: Breakage) -> Objection | None:
    if lead < -_TOGETHER:
        return "after the break"
    if change.environment and broke.environment and _named(change.environment) != _named(broke.environment):
        return "another environment"
    return "unrelated service" if nearest == "unrelated" else None


def _relation(changed: str, broken: str, graph: ServiceGraph) -> Relation:
    if changed == broken:
        return "same service"
    if changed in graph.depends_on(broken):
        return "dependency"
    if changed in graph.depends_on(broken, indirectly=True):
        return "indirect dependency"
    if changed in graph.dependents(broken, indirectly=True):
        return "caller"
    return "unrelated" if _known((changed, broken), graph) else "unknown"


def _known(names: Sequence[str], graph: ServiceGraph) -> bool:
    """Whether the graph says of all what they need, or that they are needed: only then is no path an answer."""
    return all(name in graph.services or graph.dependents(name) for name in names)


def _canonical(service: str, graph: ServiceGraph) -> str:
    if service in graph.services:
        return service
    mentioned = graph.mentioned(service)
    return mentioned[0] if len(mentioned) == 1 else service


def _named(environment: str) -> str:
    name = environment.strip().casefold()
    return _SAME.get(name, name)


def _kind(kind: str) -> float:
    return next((weight for word, weight in _KINDS.items() if word in kind.casefold()), 1.0)
