"""The words of an incident's journey: frozen values that cross durable steps, as those of a question do."""

from datetime import datetime
from typing import Literal, TypeAlias

from bot.vocabulary import Evidence, Frozen, Language, Scope, Spent
from connectors.alerts.port import Alert, Severity
from connectors.chat.card_port import Exhibits

Mode: TypeAlias = Literal["off", "shadow", "live"]
"""``off``: alerts are kept and nothing more; ``shadow``: diagnosed and recorded, not posted; ``live``: posted."""

Status: TypeAlias = Literal["open", "resolved", "merged"]
Outcome: TypeAlias = Literal["confirmed", "likely", "inconclusive", "healthy"]
"""What code settled. ``healthy``: nothing is wrong, or not any more, and the diagnosis says why the alert fired."""

Category: TypeAlias = Literal[
    "deployment",
    "configuration",
    "code",
    "resource",
    "dependency",
    "infrastructure",
    "network",
    "traffic",
    "certificate",
    "data",
    "scheduling",
    "healthy",
    "unknown",
]
"""The sort of a cause. ``resource``: something is used up, be it memory, disk, connections or a quota."""

FindingKind: TypeAlias = Literal["alert", "break", "change", "log", "event", "state", "dependency", "healthy", "recall"]
"""What a finding rests on: findings of different kinds are independent of each other."""


class Trouble(Frozen):
    """What is known when a diagnosis begins, from alerts or from a person.

    ``id`` is the incident's. ``services`` have their canonical names where these are known, the most affected first.
    Where nobody said since when, ``began`` is a guess, and is not ``began_known``. ``alerts`` are the most telling of
    ``alert_count``. ``groups`` and ``scope`` bound what may be read: those of the person who asked, or of everybody who
    reads the channel.
    """

    id: str
    text: str
    language: Language
    at: datetime
    began: datetime
    began_known: bool = True
    services: tuple[str, ...] = ()
    symptom: str = ""
    severity: Severity = "warning"
    environment: str = ""
    identifiers: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    alert_count: int = 0
    groups: tuple[str, ...] = ()
    scope: Scope = Scope()


class Finding(Frozen):
    """One thing that was found, in the reader's language, and the evidence that says so.

    ``quote`` stands word for word in the evidence that is cited first. ``cause`` is the sort of cause that it speaks
    for, with ``weight`` from 0 to 1; none: it is told and speaks for nothing. ``at`` is when it happened.
    """

    id: str
    by: str
    kind: FindingKind
    says: str
    cites: tuple[str, ...]
    quote: str = ""
    service: str = ""
    cause: Category | None = None
    weight: float = 0.5
    at: datetime | None = None


class Attack(Frozen):
    """One attempt to break a hypothesis: what would be seen if it were wrong, and what was seen."""

    asks: str
    outcome: Literal["survived", "broken", "unchecked"]
    says: str = ""
    cites: tuple[str, ...] = ()


class Hypothesis(Frozen):
    """A possible cause. ``supports`` and ``contradicts`` are ids of findings; ``score`` orders hypotheses, 0 to 1."""

    id: str
    cause: Category
    service: str
    says: str
    supports: tuple[str, ...] = ()
    contradicts: tuple[str, ...] = ()
    attacks: tuple[Attack, ...] = ()
    score: float = 0.0


class Excluded(Frozen):
    """What it is not, and the evidence that says so."""

    says: str
    cites: tuple[str, ...] = ()


class Step(Frozen):
    """One thing that was done on the way, for the incident's page; ``evidence`` is the id of what came of it."""

    by: str
    does: str
    tool: str = ""
    outcome: str = ""
    evidence: str = ""
    at: datetime | None = None
    seconds: float = 0.0


class ExpertReport(Frozen):
    """What one expert brings back. ``gaps`` are what could not be looked at, and why; ``stopped`` is why it ended.

    ``dropped`` counts what a model said and the evidence did not.
    """

    expert: str
    findings: tuple[Finding, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    gaps: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[Step, ...] = ()
    spent: Spent = Spent()
    stopped: Literal["done", "nothing new", "budget", "failed"] = "done"
    dropped: int = 0


class Verdict(Frozen):
    """What the rules settled: the outcome, the leading hypothesis first, and the rule that decided."""

    outcome: Outcome
    hypotheses: tuple[Hypothesis, ...] = ()
    rule: str = ""


class NextStep(Frozen):
    """Something to do, word for word out of a runbook or a past incident where it ``cites`` one."""

    says: str
    cites: tuple[str, ...] = ()


class Diagnosis(Frozen):
    """Everything that is known of an incident's cause. Each sentence that states a fact cites evidence that is in it.

    ``headline`` says what is broken, ``impact`` who feels it, ``summary`` the cause as people are told it.
    """

    trouble: Trouble
    verdict: Verdict
    headline: str
    impact: str = ""
    summary: str = ""
    findings: tuple[Finding, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    gaps: tuple[str, ...] = ()
    similar: tuple[str, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    on_call: str = ""
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[Step, ...] = ()
    spent: Spent = Spent()
    seconds: float = 0.0
    exhibits: Exhibits = Exhibits()
    in_time: bool = True
    """False: a limit of time, tokens or money was reached, and this is what there was by then."""


class Incident(Frozen):
    """One incident as it is kept; who reads the whole story opens its page.

    ``cause`` is the leading hypothesis of its latest diagnosis, or what a person said it was. ``again_of`` is the
    incident that it repeats; ``differs`` says that this time the cause is another one. ``merged_into`` took it over.
    """

    id: str
    title: str
    language: Language = "en"
    status: Status = "open"
    mode: Mode = "live"
    opened_at: datetime
    began: datetime
    resolved_at: datetime | None = None
    services: tuple[str, ...] = ()
    severity: Severity = "warning"
    environment: str = ""
    alerts: int = 0
    firing: int = 0
    flapping: bool = False
    reported_by: str = ""
    outcome: Outcome | None = None
    cause: Category | None = None
    cause_says: str = ""
    cause_service: str = ""
    again_of: str = ""
    differs: bool = False
    merged_into: str = ""
    diagnosis_id: str = ""
