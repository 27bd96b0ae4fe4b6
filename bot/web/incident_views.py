"""How what is kept of incidents becomes what their pages show."""

from collections.abc import Set
from typing import Literal

from bot.casebook import Listing, Story
from bot.rules.figures import condensed, of_lines
from bot.rules.sheets import table
from bot.rules.verbatim import without_marks
from bot.rules.verdict_rules import rule_told
from bot.vocabulary import Evidence, Language
from bot.web.incident_shapes import (
    ListedIncidents,
    ShownAlert,
    ShownChart,
    ShownCurve,
    ShownDiagnosis,
    ShownEvidence,
    ShownJudgement,
    ShownMoment,
    ShownPlace,
    ShownRun,
    ShownSimilar,
    ShownStory,
)
from bot.web.places import place_link
from bot.web.rendering import web_link
from connectors.alerts.port import Alert
from connectors.state.incident_port import Judgement, KnownAlert, Publication, StoredDiagnosis

CHART_COLUMNS = 160
"""How many columns of pixels a chart's line is condensed to."""


def listed_incidents(page: Listing) -> ListedIncidents:
    """A page of the list."""
    return ListedIncidents(incidents=page.incidents, before=page.before)


def shown_story(story: Story, own: Set[Judgement], language: Language) -> ShownStory:
    """A story as the page gets it, with words of our own in the language; judgements that are the reader's ``own``."""
    told = {one.reference for one in story.moments if one.kind == "alert"}
    return ShownStory(
        incident=story.incident,
        diagnosis=_shown_diagnosis(story, language),
        runs=tuple(_shown_run(one) for one in story.runs),
        timeline=tuple(ShownMoment(at=one.at, kind=one.kind, text=one.text) for one in story.moments),
        alerts=tuple(_shown_alert(known, alert, told=alert.fingerprint in told) for known, alert in story.alerts),
        places=tuple(_shown_place(one, story.stored.version) for one in story.publications),
        judgements=tuple(
            ShownJudgement(author=one.author, right=one.right, cause=one.cause, given_at=one.given_at, own=one in own)
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
        verdict=found.verdict.model_copy(update={"rule": rule_told(found.verdict.rule, language)}),
        headline=without_marks(found.headline),
        impact=without_marks(found.impact),
        summary=without_marks(found.summary),
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


def _shown_alert(known: KnownAlert, alert: Alert, *, told: bool) -> ShownAlert:
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
        told=told,
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
