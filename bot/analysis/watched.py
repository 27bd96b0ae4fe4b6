"""The series that an expert watches, side by side: which move matters, what is used up, and which cause that names."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.analysis.courses import Course, thinned
from bot.analysis.moves import Metric, MetricKind
from bot.analysis.root_cause import Incident, rank_causes
from bot.analysis.saturation import Saturation, at_limit, full, growing, running_out
from bot.incident import Category
from bot.rules.metric_names import Measured, Role, limit_of
from knowledge.service_graph import ServiceGraph

SKEW = 120.0
_LEAST: Mapping[Role, float] = {
    "latency": 1.5, "errors": 2.0, "success": 1.01, "traffic": 1.5, "load": 2.0, "backlog": 2.0, "used": 1.3,
    "share": 1.2, "free": 1.2, "up": 1.0, "other": 1.5,
}  # fmt: skip
_LEAST_SHARE, _LEAST_BACKLOG, _FLOOD, _GONE = 0.01, 1.0, 3.0, 0.8
_UNFELT, _ENOUGH, _TOO_LITTLE = 0.3, 0.4, 0.25
_SYMPTOMS: frozenset[Role] = frozenset(("latency", "errors", "success"))
_KINDS: Mapping[Role, MetricKind] = {
    "latency": "latency", "traffic": "requests", "used": "resource", "share": "resource", "backlog": "resource",
}  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """A series, what it measures and what it did; ``evidence`` holds it, and ``quote`` stands there."""

    name: str
    measures: Measured
    points: tuple[tuple[float, float], ...]
    course: Course
    evidence: str
    quote: str = ""

    @property
    def moved(self) -> bool:
        """Whether its move is one that people would call one; the least differs by what is measured."""
        course, role = self.course, self.measures.role
        if course.shape == "steady" or role in ("limit", "start"):
            return course.shape == "silent"
        if course.shape == "silent" or role == "restarts":
            return True
        if role == "errors" and self.measures.statistic == "share":
            return abs(course.after - course.before) >= _LEAST_SHARE
        if role == "backlog" and max(abs(course.after), abs(course.before)) < _LEAST_BACKLOG:
            return False
        return course.ratio >= _LEAST.get(role, 1.5)

    @property
    def worse(self) -> bool:
        """Whether it moved, for the worse, and is still so; of what has no good side any lasting move."""
        if not self.moved or self.course.over is not None:
            return False
        down = self.measures.role in ("success", "free", "up")
        if self.course.shape == "spike":
            return self._open and (self.course.after < self.course.before) == down
        return self.course.shape in ("silent", "fell" if down else "rose")

    @property
    def _open(self) -> bool:
        return self.course.shape == "spike" and self.course.over is None


@dataclass(frozen=True)
class Named:
    """The cause that a series names, if any, and how sure that is, 0 to 1."""

    cause: Category | None
    weight: float


def saturations(watched: Sequence[Watched]) -> dict[int, tuple[Saturation, Watched | None]]:
    """What is used up, by the place of its series, and the series of its limit where there is one."""
    found = {}
    for place, one in enumerate(watched):
        limit = next((other for other in watched if _bounds(other, one)), None)
        if saturation := _saturation(one, limit):
            found[place] = (saturation, limit if saturation.manner == "at its limit" else None)
    return found


def onset(watched: Iterable[Watched]) -> float:
    """When the first symptom was seen, latency or failures; infinite without one."""
    symptoms = (one for one in watched if one.worse and one.measures.role in _SYMPTOMS)
    return min((one.course.at for one in symptoms), default=math.inf)


def names(one: Watched, among: Sequence[Watched], graph: ServiceGraph, affected: Sequence[str]) -> Named:
    """Which cause a move for the worse speaks for."""
    role, sure = one.measures.role, one.course.certainty
    if one.course.shape == "silent" or role == "up":
        return Named(None, _GONE * sure)
    if role in _SYMPTOMS:
        return _of_symptom(one, among, graph, affected)
    if role == "traffic" and one.course.shape == "rose" and _came_in(one, among, graph, affected):
        return Named("traffic", min(0.75, 0.35 + 0.15 * math.log2(one.course.ratio)) * sure)
    crowded = role == "backlog" or (role == "load" and one.course.ratio >= _FLOOD)
    return Named("resource", (0.55 if role == "backlog" else 0.45) * sure) if crowded else Named(None, 0.3 * sure)


def ranked(watched: Iterable[Watched], graph: ServiceGraph, target: str, until: float) -> dict[str, float]:
    """How likely each service is the root cause by its metrics, 1 for the likeliest."""
    some = [one for one in watched if one.measures.role in _KINDS or one.measures.statistic == "share"]
    broke = min((one.course.at for one in some if one.worse), default=math.inf)
    if not math.isfinite(broke):
        return {}
    suspects = rank_causes(map(_metric, some), graph, Incident(broke, until, target))
    most = max((one.score for one in suspects), default=0.0)
    return {one.service: one.score / most for one in suspects} if most > 0 else {}


def _of_symptom(one: Watched, among: Sequence[Watched], graph: ServiceGraph, affected: Sequence[str]) -> Named:
    of, sure = one.measures, one.course.certainty
    if of.pool and of.role == "latency":
        return Named("resource", 0.6 * sure)
    callers = {of.caller, *graph.dependents(of.service, indirectly=True)} & set(affected)
    symptoms = [other for other in among if other.measures.service in callers and other.measures.role in _SYMPTOMS]
    theirs = [other for other in symptoms if other.worse and not other.measures.caller]
    share = _share(one, theirs)
    if (symptoms and not theirs) or share < _TOO_LITTLE:
        # Whoever needs it is as fast and as right as ever, or waits for something else.
        return Named(None, _UNFELT * sure)
    if of.caller:
        own = [other for other in among if _same(other, one) and not other.measures.caller]
        well = bool(own) and not any(other.moved for other in own) and not _began_anew(of.service, among)
        return Named("network", 0.4 * sure * share) if well else Named("dependency", 0.75 * sure * share)
    if theirs and one.course.at <= min(other.course.at for other in theirs) + SKEW:
        return Named("dependency", 0.6 * sure * share)
    return Named(None, 0.7 * sure * share)


def _share(one: Watched, theirs: Sequence[Watched]) -> float:
    """How much of what its callers wait longer it can be: times add up along a call. Of failures nothing is said."""
    if one.measures.role != "latency":
        return 1.0
    waits = [_seconds(other) for other in theirs if other.measures.role == "latency"]
    return min(_seconds(one) / (_ENOUGH * max(waits)), 1.0) if waits and max(waits) > 0 else 1.0


def _seconds(one: Watched) -> float:
    excess = one.course.after - one.course.before
    return excess / 1000 if one.measures.unit == "ms" else excess


def _began_anew(service: str, among: Sequence[Watched]) -> bool:
    """Whether a process of a service was started within what was seen: what it counted before is lost."""
    starts = (one for one in among if one.measures.role == "start" and one.measures.service == service)
    return any(one.points[0][1] != one.points[-1][1] for one in starts)


def _came_in(one: Watched, among: Sequence[Watched], graph: ServiceGraph, affected: Sequence[str]) -> bool:
    """Whether requests rose before there were symptoms, and not only below: what comes in, comes from above."""
    above = {*graph.dependents(one.measures.service, indirectly=True)} & set(affected)
    theirs = [other for other in among if other.measures.role == "traffic" and other.measures.service in above]
    flood = not theirs or any(other.worse for other in theirs)
    return flood and one.course.at <= onset(among) + SKEW


def _same(other: Watched, one: Watched) -> bool:
    return (other.measures.service, other.measures.role) == (one.measures.service, one.measures.role)


def _saturation(one: Watched, limit: Watched | None) -> Saturation | None:
    times, values = thinned(one.points)
    role = one.measures.role
    if limit is not None:
        return at_limit(times, values, limit.course.last)
    if role == "share" and one.course.shape != "fell":
        return full(times, values)
    if role == "free" and one.course.over is None:
        return running_out(times, values)
    return growing(times, values) if role == "used" and one.measures.memory else None


def _bounds(limit: Watched, used: Watched) -> bool:
    of, other = limit.measures, used.measures
    return (
        of.role == "limit"
        and other.role in ("used", "backlog", "other")
        and of.service == other.service
        and (limit_of(other.metric, of.metric) or (of.memory and other.memory))
    )


def _metric(one: Watched) -> Metric:
    times, values = (np.array(some, dtype=np.float64) for some in zip(*one.points, strict=True))
    of = one.measures
    if of.statistic == "share":
        return Metric(of.service, "availability", of.metric, times, 100 * (1 - values), of.caller)
    return Metric(of.service, _KINDS[of.role], of.metric, times, values, of.caller, of.statistic in ("", "mean", "p50"))
