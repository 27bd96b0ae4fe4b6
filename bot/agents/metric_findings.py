"""Series become findings in the reader's language: what broke, what is used up, what is back, and what did not move."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.agents.metric_questions import Answered, span
from bot.analysis.courses import course_of, without_ramp
from bot.analysis.saturation import Manner, Saturation
from bot.analysis.watched import Watched, names, ranked, saturations
from bot.desk import Desk
from bot.incident import Category, Excluded, Finding, FindingKind, Trouble
from bot.rules.causation import CLEAR
from bot.rules.cause_words import clock
from bot.rules.metric_names import Measured, measured, named
from bot.rules.metric_words import course_says, moment, roles_say, saturation_says, told
from bot.rules.promql import is_of, owner, towards
from knowledge.service_graph import ServiceGraph

Points: TypeAlias = tuple[tuple[float, float], ...]
MOST = 14
_MANNERS: Mapping[Manner, float] = {"at its limit": 0.9, "running out": 0.9, "full": 0.8, "growing": 0.7}
_BACK, _RESTARTED, _STEPS, _ENOUGH = 0.55, 0.5, 5, 5
# The more is watched and still, the more that says.
_LEAST_WELL, _EACH_WELL, _WELL, _FEWEST_WELL = 0.38, 0.03, 0.65, 3
_TELLS_OF_HEALTH = frozenset(("latency", "errors", "success", "share", "used", "backlog", "free"))


@dataclass(frozen=True)
class Read:
    """What was read of all series: ``watched`` with what is used up by place, and the services in trouble."""

    desk: Desk
    graph: ServiceGraph
    affected: tuple[str, ...]
    watched: tuple[Watched, ...]
    used_up: Mapping[int, tuple[Saturation, Watched | None]]


def read(desk: Desk, graph: ServiceGraph, affected: tuple[str, ...], answers: Sequence[Answered]) -> Read:
    """The series of all answers, each with what it measures and what it did."""
    trouble = desk.trouble
    began, now = trouble.began.timestamp(), trouble.at.timestamp()
    live = _reaches(answers, now)
    found: dict[tuple[str, Measured], Watched] = {}
    for answer in answers:
        text = desk.evidence[answer.seen.id].text if answer.seen.id in desk.evidence else ""
        for name, all_points in answer.seen.series:
            points = _settled(all_points, answer, trouble)
            course = course_of(points, began, now if live else points[-1][0]) if points else None
            if course:
                of = _measures(answer, name, graph, affected)
                one = Watched(name, of, points, course, answer.seen.id, _quote(name, text))
                found.setdefault((name, of), one)
    watched = tuple(found.values())
    return Read(desk, graph, affected, watched, saturations(watched))


def _settled(points: Points, answer: Answered, trouble: Trouble) -> Points:
    """What there is to be read of a series; nothing else than a rate needs a while to tell the truth."""
    asked = answer.asked
    if asked is None or not asked.window or asked.measures.role not in ("traffic", "load"):
        return points
    return tuple(without_ramp(points, span(trouble)[0].timestamp(), asked.window_seconds))


def broken(of: Read) -> list[Finding]:
    """What moved for the worse and stays so, what is used up, and what was restarted; the most telling first."""
    until = of.desk.trouble.at.timestamp()
    target = of.affected[0] if of.affected else ""
    standing = ranked(of.watched, of.graph, target, until)
    found = []
    for place, one in enumerate(of.watched):
        if place in of.used_up:
            found.append(_used_up(of, one, *of.used_up[place]))
        elif one.worse:
            cause, weight = _named(of, one)
            share = 0.85 + 0.15 * standing.get(one.measures.service, 1.0)
            found.append(_finding(of, one, "break", cause, weight * share))
        elif restarted := _restarted(of, one):
            found.append(restarted)
    strongest: dict[object, Finding] = {}
    for finding, key in sorted(found, key=lambda pair: (-pair[0].weight, "p50" in pair[0].says, pair[0].id)):
        strongest.setdefault(key, finding)
    kept = list(strongest.values())
    clear = [one for one in kept if one.weight >= CLEAR]
    # Beside what is clear, what hardly moved only distracts.
    return (clear if len(clear) >= _ENOUGH else kept)[:MOST]


def recovered(of: Read) -> list[Finding]:
    """What moved for the worse at a service in trouble and is back; of each service the clearest."""
    clearest: dict[str, Finding] = {}
    own = [one for one in of.watched if one.measures.service in of.affected or not of.affected]
    moved = [one for one in own if one.moved and one.course.over is not None and _was_worse(one)]
    for one in sorted(moved, key=lambda one: (-one.course.ratio, one.name)):
        still = any(other.worse and other.measures.service == one.measures.service for other in of.watched)
        finding, _ = _finding(of, one, "healthy", "healthy", 0.3 if still else _BACK)
        clearest.setdefault(one.measures.service, finding)
    return list(clearest.values())


def steady(of: Read) -> tuple[list[Finding], list[Excluded]]:
    """Services of which nothing moved: those in trouble are well by what is measured, others are excluded."""
    language = of.desk.trouble.language
    by_service: dict[str, list[Watched]] = defaultdict(list)
    for one in of.watched:
        by_service[one.measures.service].append(one)
    bad = {
        one.measures.service
        for at, one in enumerate(of.watched)
        if one.worse or at in of.used_up or _restarted(of, one) is not None
    }
    well, excluded = [], []
    for service, some in by_service.items():
        telling = [one for one in some if one.measures.role in _TELLS_OF_HEALTH and not one.moved]
        if service in bad or not telling:
            continue
        roles = roles_say([one.measures.role for one in telling], language)
        cites = tuple(dict.fromkeys(one.evidence for one in telling))[:4]
        if service in of.affected or not of.affected:
            if len(telling) >= _FEWEST_WELL and not any(one.moved and one.course.over is None for one in some):
                says = told("well", language, count=len(some), service=service, roles=roles)
                weight = min(_WELL, _LEAST_WELL + _EACH_WELL * len(telling))
                well.append(healthy(says, service, cites, round(weight, 3), telling[0].quote))
        else:
            excluded.append(Excluded(says=told("steady", language, service=service, roles=roles), cites=cites))
    return well, excluded


def _named(of: Read, one: Watched) -> tuple[Category | None, float]:
    found = names(one, of.watched, of.graph, of.affected)
    return found.cause, found.weight


def _used_up(of: Read, one: Watched, found: Saturation, limit: Watched | None) -> tuple[Finding, object]:
    trouble = of.desk.trouble
    says = saturation_says(one.measures, found, trouble.at, trouble.language)
    cites = (one.evidence, limit.evidence) if limit else (one.evidence,)
    weight = _MANNERS[found.manner] * (1.0 if one.moved or found.manner == "at its limit" else 0.6)
    finding = Finding(
        id=_id(says),
        by=of.desk.expert,
        kind="break",
        says=says,
        cites=tuple(dict.fromkeys(cites)),
        quote=one.quote,
        service=one.measures.service,
        cause="resource",
        weight=round(weight, 3),
        at=moment(min(found.at, one.course.at) if one.moved else found.at),
    )
    return finding, (one.measures.service, one.measures.metric)


def _finding(
    of: Read, one: Watched, kind: FindingKind, cause: Category | None, weight: float
) -> tuple[Finding, object]:
    trouble, measures, course = of.desk.trouble, one.measures, one.course
    says = course_says(measures, course, trouble.at, trouble.language)
    at = course.over if kind == "healthy" and course.over is not None else course.at
    finding = Finding(
        id=_id(says),
        by=of.desk.expert,
        kind=kind,
        says=says,
        cites=(one.evidence,),
        quote=one.quote,
        service=measures.service,
        cause=cause,
        weight=round(min(weight, 1.0), 3),
        at=moment(at),
    )
    return finding, (measures.service, measures.caller, measures.metric if cause is None else measures.role)


def _restarted(of: Read, one: Watched) -> tuple[Finding, object] | None:
    """A process whose start moved within what was seen."""
    if one.measures.role != "start" or not one.points or one.points[0][1] == one.points[-1][1]:
        return None
    trouble, at = of.desk.trouble, one.points[-1][1]
    if not one.points[0][0] < at <= one.points[-1][0]:
        return None

    says = told(
        "restarted", trouble.language, service=one.measures.service, metric=one.measures.metric,
        at=clock(moment(at), trouble.at),
    )  # fmt: skip
    course = replace(one.course, shape="rose", at=at, over=None, slow=False)
    finding, key = _finding(of, replace(one, course=course), "break", None, _RESTARTED)
    return finding.model_copy(update={"says": says, "id": _id(says)}), key


def _was_worse(one: Watched) -> bool:
    down = one.measures.role in ("success", "free", "up")
    worse = one.course.after < one.course.before if down else one.course.after > one.course.before
    return worse and one.measures.role in _TELLS_OF_HEALTH | {"up"}


def _measures(answer: Answered, name: str, graph: ServiceGraph, affected: Sequence[str]) -> Measured:
    """What a series measures and whose it is: as it was asked for, else as its name and labels say."""
    parts = named(name)
    asked = answer.asked.measures if answer.asked and answer.asked.measures.metric else None
    of = asked or measured(parts.metric or name, parts.about)
    if asked is None and parts.metric == "" and "__name__" in parts.labels:
        of = measured(parts.labels["__name__"])
    whose = answer.service or _whose(parts.labels, graph, affected)
    called = _known(towards(parts.labels), graph)
    begins = next((one for one in graph.services if one != whose and is_of(of.metric, one)), "")
    callee = called or (begins if begins in graph.depends_on(whose, indirectly=True) else "")
    if callee and callee != whose:
        return replace(of, service=callee, caller=whose)
    return replace(of, service=whose)


def _whose(labels: Mapping[str, str], graph: ServiceGraph, affected: Sequence[str]) -> str:
    values = [owner(labels), *labels.values()]
    known = next((one for one in values if one in graph.services or one in affected), "")
    return known or next(iter(affected), "") or next((one for one in values if one), "")


def _known(name: str, graph: ServiceGraph) -> str:
    """A name as the graph writes it: what is called may be an address with a port."""
    host = name.partition("://")[2] or name
    plain = host.partition(":")[0].partition("/")[0]
    return next((one for one in (name, plain, plain.partition(".")[0]) if one in graph.services), name)


def _reaches(answers: Sequence[Answered], now: float) -> bool:
    """Whether any series reaches the moment of the question: a recording ends when it ends, and is not silent since."""
    series = [points for answer in answers for _, points in answer.seen.series if len(points) > 1]
    return any(now - points[-1][0] <= _STEPS * (points[1][0] - points[0][0]) for points in series)


def _quote(name: str, text: str) -> str:
    """The line that tells of a series, and where it changed the line that says so."""
    lines = text.splitlines()
    place = next((at for at, line in enumerate(lines) if line.startswith(f"{name}:")), None)
    if place is None:
        return ""
    after = lines[place + 1].strip() if place + 1 < len(lines) else ""
    return (after if after.startswith(("changed at", "no values")) else lines[place].strip())[:300]


def healthy(says: str, service: str, cites: Iterable[str], weight: float, quote: str = "") -> Finding:
    """A finding that says all is well."""
    return Finding(
        id=_id(says), by="anomaly", kind="healthy", says=says, cites=tuple(cites), quote=quote, service=service,
        cause="healthy", weight=weight,
    )  # fmt: skip


def _id(says: str) -> str:
    return f"anomaly-{hashlib.sha256(says.encode()).hexdigest()[:10]}"
