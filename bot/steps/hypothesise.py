"""Step of a diagnosis: findings of all experts become the few causes that they may come from, the likeliest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.incident import Category, Finding, Hypothesis, Trouble
from bot.rules.causation import CLEAR, EXPLAINS, SKEW, Suspected, combined, first, is_sign, is_well, speaks
from bot.rules.cause_words import cause_says, clock
from knowledge.service_graph import ServiceGraph

MOST = 5
_LEAST = 0.02
_UNKNOWN, _RECALLED, _OF_OTHER = 0.5, 0.5, 0.5


@dataclass(frozen=True)
class _Weighed:
    """A suspect with what speaks for and against it; ``own`` is the weight of what names this cause itself."""

    suspect: Suspected
    supports: Mapping[str, float]
    contradicts: Mapping[str, float]
    own: float
    score: float


def hypothesise(trouble: Trouble, findings: Sequence[Finding], graph: ServiceGraph) -> tuple[Hypothesis, ...]:
    """At most five possible causes, the leading first; none where nothing was found. Any order of findings is as good.

    A cause is claimed by the findings that name it at a service; what follows from it, there or at its callers, speaks
    for it, and what was there before, or broke first below it, against it (``bot/rules/causation.py``). The score is
    the noisy OR of independent kinds of evidence for it, less the share of each kind against it. What an earlier cause
    at the same service explains, such as a leak after a deployment, counts as its effect.
    """
    placed = [_placed(one, trouble) for one in sorted(findings, key=lambda one: one.id)]
    suspects = [
        _suspected(cause, service, placed, trouble, graph) for cause, service in sorted(_named(placed, trouble))
    ]
    weighed = _less_effects([_weigh(suspect, placed, graph) for suspect in suspects])
    by_id = {one.id: one for one in placed}
    ranked = sorted(
        weighed, key=lambda one: (-round(one.score, 9), one.suspect.cause == "unknown", _order(one.suspect))
    )
    told = [one for one in ranked if one.score >= _LEAST][:MOST]
    return tuple(_hypothesis(one, by_id, trouble) for one in told)


def _placed(finding: Finding, trouble: Trouble) -> Finding:
    """What names no service was found at the one in trouble."""
    if finding.service or not trouble.services:
        return finding
    return finding.model_copy(update={"service": trouble.services[0]})


def _named(findings: Sequence[Finding], trouble: Trouble) -> set[tuple[Category, str]]:
    """Every cause that is named, with its service; that all is well is said of the trouble as a whole."""
    named = {(_cause(one), one.service) for one in findings if not is_well(one) and (one.cause or is_sign(one))}
    well: set[tuple[Category, str]] = {("healthy", trouble.services[0] if trouble.services else "")}
    return named | well if any(map(is_well, findings)) else named


def _cause(finding: Finding) -> Category:
    return finding.cause or "unknown"


def _suspected(
    cause: Category, service: str, findings: Sequence[Finding], trouble: Trouble, graph: ServiceGraph
) -> Suspected:
    if cause == "healthy":
        return Suspected(
            cause, service, max((one.at for one in findings if is_well(one) and one.at), default=None), None
        )
    its = first(one for one in findings if (_cause(one), one.service) == (cause, service) and not is_well(one))
    shown = {service, *graph.dependents(service, indirectly=True)}
    signs = (one for one in findings if is_sign(one) and one.service in shown and one.weight >= CLEAR)
    return Suspected(cause, service, its, first(signs) or trouble.began)


def _weigh(suspect: Suspected, findings: Sequence[Finding], graph: ServiceGraph) -> _Weighed:
    spoken = [(one, speaks(one, suspect, graph)) for one in findings]
    spoken = [(one, said * (_RECALLED if one.kind == "recall" else 1)) for one, said in spoken]
    own = [said for one, said in spoken if said > 0 and one.service == suspect.service and one.cause == suspect.cause]
    for_it = combined((one.kind, said) for one, said in spoken if said > 0)
    against = combined((one.kind, -said) for one, said in spoken if said < 0)
    score = for_it * (1 - against) * (_UNKNOWN if suspect.cause == "unknown" else 1)
    return _Weighed(
        suspect,
        {one.id: said for one, said in spoken if said > 0},
        {one.id: -said for one, said in spoken if said < 0},
        max(own, default=0.0),
        score,
    )


def _less_effects(weighed: Sequence[_Weighed]) -> list[_Weighed]:
    found = []
    for one in weighed:
        causes = [other.own for other in weighed if other is not one and _explains(other.suspect, one.suspect)]
        found.append(replace(one, score=one.score * (1 - _OF_OTHER * max(causes, default=0.0))))
    return found


def _explains(cause: Suspected, effect: Suspected) -> bool:
    if cause.service != effect.service or effect.cause not in EXPLAINS[cause.cause]:
        return False
    if cause.cause in EXPLAINS[effect.cause]:
        # Each may show as the other: then only the order tells, and it has to be clear.
        return bool(cause.began and effect.began and cause.began < effect.began - SKEW)
    return not (cause.began and effect.began) or cause.began <= effect.began + SKEW


def _order(suspect: Suspected) -> tuple[bool, float, str, str]:
    return (
        suspect.cause == "unknown",
        suspect.began.timestamp() if suspect.began else float("inf"),
        suspect.cause,
        suspect.service,
    )


def _hypothesis(one: _Weighed, by_id: Mapping[str, Finding], trouble: Trouble) -> Hypothesis:
    suspect = one.suspect
    supports = sorted(one.supports, key=lambda id: (by_id[id].cause != suspect.cause, -one.supports[id], id))
    direct = [id for id in supports if by_id[id].cause == suspect.cause or suspect.cause == "unknown"]
    telling = by_id[direct[0]].says if direct else ""
    at = clock(suspect.began, trouble.at) if suspect.began else ""
    return Hypothesis(
        id=f"{suspect.cause}:{suspect.service}",
        cause=suspect.cause,
        service=suspect.service,
        says=cause_says(suspect.cause, suspect.service, at, telling, trouble.language),
        supports=tuple(supports),
        contradicts=tuple(sorted(one.contradicts, key=lambda id: (-one.contradicts[id], id))),
        score=round(one.score, 4),
    )
