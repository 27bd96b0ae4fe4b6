"""What the incident pages take and give, as shapes, and how what is kept becomes them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.casebook import Listing, Story, Wanted
from bot.incident import Excluded, Finding, Incident, Mode, NextStep, Status, Step, Verdict
from bot.rules.figures import condensed, of_lines
from bot.rules.sheets import table
from bot.vocabulary import Evidence, Language, Spent
from bot.web.places import place_link
from bot.web.rendering import web_link
from bot.web.views import Shape, Text
from connectors.alerts.port import Alert, Severity
from connectors.chat.card_port import Table
from connectors.state.incident_port import KnownAlert, Publication, StoredDiagnosis

LONGEST_CAUSE = 2_000
CHART_COLUMNS = 160
"""How many columns of pixels a chart's line is condensed to."""

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
    """An alert of an incident, and how often it was reported."""

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


def listed_incidents(page: Listing) -> ListedIncidents:
    """A page of the list."""
    return ListedIncidents(incidents=page.incidents, before=page.before)


def shown_story(story: Story, reader: str, language: Language) -> ShownStory:
    """A story as the page gets it, with words of our own in the language."""
    return ShownStory(
        incident=story.incident,
        diagnosis=_shown_diagnosis(story, language),
        runs=tuple(_shown_run(one) for one in story.runs),
        timeline=tuple(ShownMoment(at=one.at, kind=one.kind, text=one.text) for one in story.moments),
        alerts=tuple(_shown_alert(known, alert) for known, alert in story.alerts),
        places=tuple(_shown_place(one, story.stored.version) for one in story.publications),
        judgements=tuple(
            ShownJudgement(
                author=one.author, right=one.right, cause=one.cause, given_at=one.given_at, own=one.author == reader
            )
            for one in story.judgements
        ),
    )


def _shown_diagnosis(story: Story, language: Language) -> ShownDiagnosis | None:
    found = story.diagnosis
    if found is None or story.run is None:
        return None
    similar = (
        ShownSimilar(title=one.title, incident_id=one.incident_id, document_id=one.document_id) for one in story.similar
    )
    return ShownDiagnosis(
        id=story.run.id,
        similar=tuple(similar),
        evidence=tuple(_shown_evidence(one, language) for one in found.evidence),
        withheld=story.withheld,
        verdict=found.verdict,
        headline=found.headline,
        impact=found.impact,
        summary=found.summary,
        findings=found.findings,
        excluded=found.excluded,
        gaps=found.gaps,
        next_steps=found.next_steps,
        on_call=found.on_call,
        steps=found.steps,
        spent=found.spent,
        seconds=found.seconds,
        in_time=found.in_time,
    )


def _shown_evidence(one: Evidence, language: Language) -> ShownEvidence:
    return ShownEvidence(
        id=one.id,
        kind=one.kind,
        title=one.title,
        heading=one.heading,
        text=one.text,
        link=web_link(one.link),
        document_id=one.document_id,
        chunk_id=one.chunk_id,
        query=one.query,
        chart=_shown_chart(one),
        table=table(one.heading or one.title, one.rows, language) if one.rows else None,
    )


def _shown_chart(evidence: Evidence) -> ShownChart | None:
    plot = of_lines(evidence.title, evidence.lines)
    if plot is None:
        return None
    curves = (
        ShownCurve(
            name=one.name, pieces=tuple(tuple(condensed(piece, plot.span, CHART_COLUMNS)) for piece in one.pieces)
        )
        for one in plot.drawn
    )
    return ShownChart(unit=plot.unit, curves=tuple(curves), left_out=len(plot.left_out))


def _shown_run(run: StoredDiagnosis) -> ShownRun:
    state: Literal["runs", "diagnosed", "failed"] = "diagnosed" if run.body else "failed" if run.ended_at else "runs"
    return ShownRun(id=run.id, begun_at=run.begun_at, ended_at=run.ended_at, state=state)


def _shown_alert(known: KnownAlert, alert: Alert) -> ShownAlert:
    return ShownAlert(
        name=alert.name,
        source=alert.source,
        status="firing" if known.firing else "resolved",
        severity=alert.severity,
        service=alert.service,
        summary=alert.summary,
        value=alert.value,
        labels=dict(alert.labels),
        link=web_link(alert.link),
        runbook=web_link(alert.runbook),
        started_at=alert.started_at,
        ended_at=alert.ended_at,
        reports=known.reports,
        silenced=bool(known.silence_id),
    )


def _shown_place(one: Publication, version: int) -> ShownPlace:
    return ShownPlace(
        channel=one.channel,
        conversation=one.conversation,
        link=place_link(one.channel, one.conversation),
        rung=one.rung,
        arrived=one.version > 0,
        late=one.version < version,
    )
