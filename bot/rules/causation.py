"""What a finding says for or against a cause, by where and when it was seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incident import Category, Finding, FindingKind
from knowledge.service_graph import ServiceGraph

SKEW = timedelta(minutes=2)
"""Clocks and rates over some minutes: what is closer together than this has no order."""

CLEAR = 0.5
"""The weight from which on a finding is no guess."""

CHANGES = frozenset[Category](("deployment", "configuration"))
EXPLAINS: Mapping[Category, frozenset[Category]] = {
    "deployment": frozenset(
        ("code", "configuration", "resource", "scheduling", "data", "dependency", "network", "unknown")
    ),
    "configuration": frozenset(
        ("code", "resource", "scheduling", "network", "certificate", "dependency", "data", "unknown")
    ),
    "code": frozenset(("resource", "data", "scheduling", "unknown")),
    "resource": frozenset(("scheduling", "dependency", "code", "infrastructure", "unknown")),
    "dependency": frozenset(("resource", "code", "unknown")),
    "infrastructure": frozenset(("network", "scheduling", "dependency", "resource", "unknown")),
    "network": frozenset(("dependency", "code", "unknown")),
    "traffic": frozenset(("resource", "dependency", "unknown")),
    "certificate": frozenset(("network", "dependency", "code", "unknown")),
    "data": frozenset(("code", "resource", "unknown")),
    "scheduling": frozenset(("dependency", "resource", "data", "unknown")),
    "healthy": frozenset(),
    "unknown": frozenset(),
}
"""Which cause shows as which others: a full disk (resource) shows as exceptions (code)."""

# How much of its weight a finding has where it speaks for a cause by what follows from it, or against it.
_SAME_SERVICE, _CALLER, _UNDATED = 0.5, 0.4, 0.6
_EARLIER, _BROKE_FIRST, _HEALTHY, _TOO_LATE, _OVER = 0.5, 0.7, 0.6, 1.0, 0.3
_TELLING, _BROKE_TOO, _NOT_ITS_DOING = 0.4, 0.6, 0.4
_OF_ITS_OWN = frozenset[Category](("code", "resource", "infrastructure", "certificate", "data", "scheduling"))
_MERE_SYMPTOMS = frozenset[Category](("dependency", "network", "unknown"))


@dataclass(frozen=True)
class Suspected:
    """A cause at a service. ``began``: when it took effect; ``broke``: when the first sign of trouble was seen."""

    cause: Category
    service: str
    began: datetime | None
    broke: datetime | None


def is_sign(finding: Finding) -> bool:
    """Whether a finding says that something is wrong; a change is none yet, and a memory of an incident is none."""
    return finding.kind not in ("change", "healthy", "recall") and finding.cause != "healthy"


def is_well(finding: Finding) -> bool:
    """Whether a finding says that all is well, or well again."""
    return finding.kind == "healthy" or finding.cause == "healthy"


def first(findings: Iterable[Finding]) -> datetime | None:
    """The first moment of those that have one."""
    return min((one.at for one in findings if one.at), default=None)


def speaks(finding: Finding, suspect: Suspected, graph: ServiceGraph) -> float:
    """How much a finding speaks for a suspect, at most 1, or against it, at least -1; 0 where it says nothing of it."""
    if suspect.cause == "healthy" or is_well(finding):
        share = _of_health(finding, suspect)
    elif finding.service == suspect.service:
        share = _at_it(finding, suspect)
    elif not is_sign(finding):
        share = 0.0
    elif suspect.service in graph.depends_on(finding.service, indirectly=True):
        share = _follows(finding, suspect, _CALLER, _EARLIER / 2)
    else:
        share = -_below(finding, suspect, graph)
    return finding.weight * share


def combined(spoken: Iterable[tuple[FindingKind, float]]) -> float:
    """The probability that one of several independent kinds of evidence is right: the noisy OR.

    J. Pearl, "Probabilistic reasoning in intelligent systems", 1988, section 4.3.2. Of a kind the strongest counts:
    ten lines of one log are one witness.
    """
    strongest: dict[FindingKind, float] = {}
    for kind, weight in spoken:
        strongest[kind] = max(strongest.get(kind, 0.0), weight)
    wrong = 1.0
    # In the order of the kinds, so that the order of the findings changes nothing, not even the last digit.
    for kind in sorted(strongest):
        wrong *= 1 - min(max(strongest[kind], 0.0), 1.0)
    return 1 - wrong


def kinds(findings: Sequence[Finding]) -> frozenset[FindingKind]:
    """The independent kinds of evidence among findings; one source counts once.

    What was recalled is none, and neither is the alert: it is what is to be explained.
    """
    by_source: dict[str, FindingKind] = {}
    for one in sorted(findings, key=lambda finding: (-finding.weight, finding.id)):
        if one.kind not in ("recall", "alert"):
            by_source.setdefault(one.cites[0] if one.cites else one.id, one.kind)
    return frozenset(by_source.values())


def _of_health(finding: Finding, suspect: Suspected) -> float:
    if suspect.cause != "healthy":
        return -_HEALTHY if finding.service == suspect.service else 0.0
    if is_well(finding):
        return 1.0
    if not is_sign(finding) or finding.kind == "alert":
        # That the alert fired says nothing against it: why it did is the question.
        return 0.0
    # A line was written when it was; what is measured or is so still is, whenever that began.
    passed = finding.kind in ("log", "event", "dependency")
    over = passed and finding.at is not None and suspect.began is not None and finding.at < suspect.began
    return -_OVER if over else -1.0


def _at_it(finding: Finding, suspect: Suspected) -> float:
    if finding.kind == "change" and finding.at and suspect.broke and finding.at > suspect.broke + SKEW:
        return -_TOO_LATE if finding.cause == suspect.cause else 0.0
    if finding.cause == suspect.cause:
        return 1.0
    if not is_sign(finding):
        return 0.0
    if finding.cause is None and suspect.cause == "unknown":
        return 1.0
    return _follows(finding, suspect, _SAME_SERVICE, _EARLIER)


def _follows(finding: Finding, suspect: Suspected, after: float, before: float) -> float:
    """A sign that the suspect explains speaks for it when it came after that began, and against it before."""
    if finding.cause is not None and finding.cause not in EXPLAINS[suspect.cause]:
        return 0.0
    if finding.at is None or suspect.began is None:
        return after * _UNDATED
    return after if finding.at >= suspect.began - SKEW else -before


def _below(finding: Finding, suspect: Suspected, graph: ServiceGraph) -> float:
    """What the service needs broke before it did; or with it, where all that is known of it is that it broke."""
    if finding.at is None or suspect.began is None or finding.weight < _TELLING:
        return 0.0
    if finding.service not in graph.depends_on(suspect.service, indirectly=True):
        return 0.0
    if finding.at < suspect.began - SKEW:
        return _BROKE_FIRST
    if suspect.cause in CHANGES:
        # A change above does not fill a disk below; it may well send more than that can take.
        return _NOT_ITS_DOING if finding.cause in _OF_ITS_OWN and finding.weight >= CLEAR else 0.0
    together = finding.at <= suspect.began + SKEW and suspect.cause in _MERE_SYMPTOMS
    return _BROKE_TOO if together else 0.0
