"""Which service is the likely root cause: what is unusual about each, less what the services it calls explain."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.analysis.moves import Metric, Move, moved
from knowledge.service_graph import ServiceGraph

Symptom = Literal["latency", "availability"]

_SYMPTOMS: tuple[Symptom, ...] = ("latency", "availability")
_MOST, _MOST_OF_SYMPTOM = 30.0, 8.0
_EXPLAINED, _OTHER_SYMPTOM, _FALLEN, _REQUESTS, _UNREACHED = 0.25, 0.3, 0.5, 0.05, 0.1


@dataclass(frozen=True)
class Incident:
    """When it began and until when values count, in seconds; which service shows it, and how, as far as is known."""

    began: float
    until: float
    target: str = ""
    symptom: Symptom | None = None


@dataclass(frozen=True)
class Suspect:
    """A service; the greater the ``score`` the likelier the cause, 0 without any sign. ``because``: the best first."""

    service: str
    score: float
    because: tuple[Move, ...]


def rank_causes(metrics: Iterable[Metric], graph: ServiceGraph, incident: Incident) -> tuple[Suspect, ...]:
    """Every service that has metrics, the likeliest root cause first; equal scores in the order of the metrics.

    A service is as suspicious as its most unusual metric. Of latency and failures counts what the services it calls do
    not explain: a request's excess times their number is time, or failures, that came from somewhere, adds up along
    the calls, and reached the target only as far as those between let it through. That refines the traversal of
    anomalous services down the graph that the PetShop dataset compares with (M. Hardt et al., "The PetShop dataset:
    finding causes of performance issues across microservices", 2024). A call that is slow for its caller and not for
    its callee is the network of the callee. Services that the target does not reach count a tenth.
    """
    moves: dict[str, list[Move]] = defaultdict(list)
    for metric in metrics:
        move = moved(metric, incident.began, incident.until)
        moves[metric.service] += [move] if move else []
    flows = {symptom: _Flows(symptom, moves, graph, incident.target) for symptom in _SYMPTOMS}
    reached = {incident.target, *graph.depends_on(incident.target, indirectly=True)}
    suspects = []
    for service, its in moves.items():
        weighed = sorted(((_weight(move, its, flows, incident), move) for move in its), key=lambda one: -one[0])
        telling = [(weight, move) for weight, move in weighed if weight > 0]
        score = telling[0][0] if telling else 0.0
        near = not incident.target or service in reached
        suspects.append(Suspect(service, score * (1 if near else _UNREACHED), tuple(move for _, move in telling[:3])))
    return tuple(sorted(suspects, key=lambda suspect: -suspect.score))


class _Flows:
    """Time or failures in excess of what is usual, per service, and how they pass along the calls."""

    def __init__(self, symptom: Symptom, moves: Mapping[str, Sequence[Move]], graph: ServiceGraph, target: str) -> None:
        self._graph = graph
        self._moves = moves
        self._symptom = symptom
        self._requests = {service: _requests(its) for service, its in moves.items()}
        excesses = {service: _excess(its, symptom, "") for service, its in moves.items()}
        self._flows = {
            service: excess * self._requests[service] for service, excess in excesses.items() if excess is not None
        }
        self._of_target = self._flows.get(target, 0.0)
        self._through = self._let_through(target)

    def weight(self, service: str) -> float:
        """How much of the symptom may come from a service: 0 for nothing, 1 for what there is at the target, at most 2.

        What its callees explain counts a quarter: they may be its victims too.
        """
        own = _EXPLAINED + (1 - _EXPLAINED) * self._own(service)
        flow = self._flows.get(service)
        known = flow is not None and self._of_target > 0
        share = 2 * flow / (flow + self._of_target) if flow is not None and known else 1.0
        return own * share * self._through.get(service, 1.0)

    def _own(self, service: str) -> float:
        """The share of a service's excess that its callees do not explain; 1 where nothing can be said."""
        flow = self._flows.get(service, 0.0)
        if flow <= 0:
            return 1.0
        explained = sum(self._from(callee, service) for callee in self._graph.depends_on(service) if callee != service)
        return max(flow - explained, 0.0) / flow

    def _let_through(self, target: str) -> Mapping[str, float]:
        """Of the services a target reaches: the least share on the way there, along the calls where it is greatest."""
        through, waiting = {target: 1.0}, [target]
        while waiting:
            caller = waiting.pop(0)
            for callee in self._graph.depends_on(caller):
                flow = self._flows.get(callee)
                known = flow is not None and self._of_target > 0
                share = min(through[caller], flow / self._of_target if flow is not None and known else 1.0)
                if share > through.get(callee, -1.0):
                    through[callee] = share
                    waiting.append(callee)
        return through

    def _from(self, callee: str, caller: str) -> float:
        seen = _excess(self._moves.get(callee, ()), self._symptom, caller)
        own, made = self._requests.get(caller, 1.0), self._requests.get(callee, 1.0)
        if seen is not None:
            return seen * min(own, made)
        # Nobody counted who made which requests: the callers share them as they share their own.
        callers = sum(self._requests.get(one, 0.0) for one in self._graph.dependents(callee))
        return self._flows.get(callee, 0.0) * own / callers if callers else 0.0


def _requests(moves: Sequence[Move]) -> float:
    counts = [move.after for move in moves if move.metric.kind == "requests" and not move.metric.caller]
    return max((count for count in counts if not math.isnan(count)), default=1.0)


def _excess(moves: Sequence[Move], symptom: Symptom, caller: str) -> float | None:
    """By how much a request takes longer, or how much more of it fails, than usual; not below 0. None: unknown."""
    found = None
    for move in moves:
        metric = move.metric
        if metric.kind == symptom and metric.caller == caller and metric.typical and not move.silent:
            worse = move.after - move.before if symptom == "latency" else (move.before - move.after) / 100
            found = max(found or 0.0, worse)
    return found


def _weight(move: Move, its: Sequence[Move], flows: Mapping[Symptom, _Flows], incident: Incident) -> float:
    """How suspicious a move makes its service."""
    metric, strength = move.metric, move.strength
    if metric.kind == "resource":
        return min(strength if strength > 0 else -_FALLEN * strength, _MOST)
    if metric.kind == "requests" or move.silent:
        return _REQUESTS * min(abs(strength), _MOST)
    worse = strength if metric.kind == "latency" else -strength
    if metric.caller:
        return min(max(worse - _own_strength(its, metric.kind), 0.0), _MOST)
    weight = min(max(worse, 0.0), _MOST_OF_SYMPTOM) * flows[metric.kind].weight(metric.service)
    return weight * (_OTHER_SYMPTOM if incident.symptom not in (None, metric.kind) else 1.0)


def _own_strength(its: Sequence[Move], symptom: Symptom) -> float:
    strengths = [move.strength for move in its if move.metric.kind == symptom and not move.metric.caller]
    return max((strength if symptom == "latency" else -strength for strength in strengths), default=0.0)
