"""What the incident pages take and give, as shapes."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.casebook import Wanted
from bot.incident import Excluded, Finding, Incident, Mode, NextStep, Status, Step, Verdict
from bot.vocabulary import Spent
from bot.web.views import Shape, Text
from connectors.alerts.port import Severity
from connectors.chat.card_port import Table

LONGEST_CAUSE = 2_000

_Word = Annotated[str, Field(max_length=200)]


class AskedIncidents(BaseModel):
    """What a list is narrowed to, and where its page begins: at incidents that were opened ``before`` a moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Annotated[list[Status], Field(max_length=3)] = []
    service: _Word = ""
    severity: Severity | Literal[""] = ""
    mode: Mode | Literal[""] = ""
    text: _Word = ""
    before: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    def wanted(self) -> Wanted:
        """The same for the casebook."""
        return Wanted(tuple(self.status), self.service, self.severity, self.mode, tuple(self.text.split()))


AskedFor = Annotated[AskedIncidents, Query()]


class NewJudgement(Shape):
    """Whether the diagnosis is right, and what it was when it is not."""

    right: bool
    cause: Annotated[Text, StringConstraints(max_length=LONGEST_CAUSE)] = ""


class Begun(Shape):
    """A diagnosis that has begun."""

    diagnosis_id: str


class OpenCount(Shape):
    """How many incidents are open; ``more``: at least so many."""

    open: int
    more: bool


class ListedIncidents(Shape):
    """A page of incidents, opened last first, and where the next one begins."""

    incidents: tuple[Incident, ...]
    before: datetime | None


class ShownCurve(Shape):
    """A line of a chart: pieces of (seconds since 1970, value) with gaps between them."""

    name: str
    pieces: tuple[tuple[tuple[float, float], ...], ...]


class ShownChart(Shape):
    """Figures over time, as few points as draw the same line; ``left_out`` counts lower lines that are not drawn."""

    unit: str
    curves: tuple[ShownCurve, ...]
    left_out: int


class ShownEvidence(Shape):
    """One piece of evidence; ``document_id`` opens the page that it is out of."""

    id: str
    kind: str
    title: str
    heading: str
    text: str
    link: str
    document_id: str
    chunk_id: str
    query: str
    chart: ShownChart | None
    table: Table | None


class ShownSimilar(Shape):
    """A past incident: one of ours, or a page about it."""

    title: str
    incident_id: str
    document_id: str


class ShownDiagnosis(Shape):
    """A diagnosis as its reader may see it; ``withheld`` counts evidence that is closed to the reader."""

    id: str
    verdict: Verdict
    headline: str
    impact: str
    summary: str
    findings: tuple[Finding, ...]
    excluded: tuple[Excluded, ...]
    gaps: tuple[str, ...]
    similar: tuple[ShownSimilar, ...]
    next_steps: tuple[NextStep, ...]
    on_call: str
    evidence: tuple[ShownEvidence, ...]
    withheld: int
    steps: tuple[Step, ...]
    spent: Spent
    seconds: float
    in_time: bool


class ShownRun(Shape):
    """A run of diagnosing: it ``runs``, or it ended with a diagnosis, or without one."""

    id: str
    begun_at: datetime
    ended_at: datetime | None
    state: Literal["runs", "diagnosed", "failed"]


class ShownAlert(Shape):
    """An alert of an incident, and how often it was reported; ``told``: the timeline says when it fired."""

    name: str
    source: str
    status: Literal["firing", "resolved"]
    severity: Severity
    service: str
    summary: str
    value: str
    labels: dict[str, str]
    link: str
    runbook: str
    started_at: datetime
    ended_at: datetime | None
    reports: int
    silenced: bool
    told: bool


class ShownMoment(Shape):
    """One line of the timeline."""

    at: datetime
    kind: str
    text: str


class ShownPlace(Shape):
    """Where people were told, and whether it ``arrived``, as a ``rung`` says; ``late``: an update is on its way."""

    channel: str
    conversation: str
    link: str
    rung: str
    arrived: bool
    late: bool


class ShownJudgement(Shape):
    """A person's word; ``own``: the visitor's."""

    author: str
    right: bool
    cause: str
    given_at: datetime
    own: bool


class ShownStory(Shape):
    """The whole story of an incident."""

    incident: Incident
    diagnosis: ShownDiagnosis | None
    runs: tuple[ShownRun, ...]
    timeline: tuple[ShownMoment, ...]
    alerts: tuple[ShownAlert, ...]
    places: tuple[ShownPlace, ...]
    judgements: tuple[ShownJudgement, ...]
