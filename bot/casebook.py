"""What is kept of incidents, as it may be read: lists, and the whole story of one for a reader of some groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from bot.incident import Diagnosis, Incident
from bot.rules.incident_readers import narrowed
from bot.rules.postmortems import postmortem
from bot.vocabulary import Evidence, Language
from connectors.alerts.port import Alert
from connectors.state.incident_port import (
    Incidents,
    Judgement,
    KnownAlert,
    Moment,
    Publication,
    StoredDiagnosis,
    StoredIncident,
)
from connectors.state.port import State
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import StoredDocument

log = structlog.get_logger()

MOST_SCANNED = 2_000
"""How many incidents are looked at for one page of a list."""

_ROUND = 200


class Documents(Protocol):
    """Where documents are looked up; the library is such."""

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        """A document; None when there is none for these groups."""


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; empty: by nothing. All ``words`` stand in the title, cause, services or id."""

    status: tuple[str, ...] = ()
    service: str = ""
    severity: str = ""
    mode: str = ""
    words: tuple[str, ...] = ()

    def fits(self, one: Incident) -> bool:
        """Whether an incident is wanted."""
        text = " ".join((one.id, one.title, one.cause_says, one.environment, *one.services)).casefold()
        return (
            (not self.status or one.status in self.status)
            and (not self.service or self.service in one.services)
            and self.severity in ("", one.severity)
            and self.mode in ("", one.mode)
            and all(word.casefold() in text for word in self.words)
        )


@dataclass(frozen=True)
class Listing:
    """A page of incidents, opened last first; ``before`` is where the next page begins, None at the end."""

    incidents: tuple[Incident, ...]
    before: datetime | None


@dataclass(frozen=True)
class Similar:
    """A past incident that a diagnosis names: another one of ours, or a document."""

    title: str
    incident_id: str = ""
    document_id: str = ""


@dataclass(frozen=True)
class Story:
    """All that is kept of an incident, as a reader may see it.

    ``diagnosis`` is one of ``runs``, the latest first, without what rests on pages that are closed to the reader:
    ``withheld`` counts those. ``similar`` leaves such pages out too.
    """

    stored: StoredIncident
    incident: Incident
    run: StoredDiagnosis | None
    diagnosis: Diagnosis | None
    withheld: int
    similar: tuple[Similar, ...]
    runs: tuple[StoredDiagnosis, ...]
    moments: tuple[Moment, ...]
    alerts: tuple[tuple[KnownAlert, Alert], ...]
    publications: tuple[Publication, ...]
    judgements: tuple[Judgement, ...]

    def draft(self, language: Language) -> str:
        """The draft of a postmortem, out of what the reader may see."""
        alerts = tuple(alert for _, alert in self.alerts)
        return postmortem(self.incident, self.diagnosis, self.moments, alerts, self.judgements, language)

    def naming(self, names: Mapping[str, str]) -> "Story":
        """The same with people's names in the place of their accounts, where they are known."""
        judgements = tuple(replace(one, author=names.get(one.author, one.author)) for one in self.judgements)
        return replace(self, judgements=judgements, moments=tuple(_naming(one, names) for one in self.moments))


def _naming(moment: Moment, names: Mapping[str, str]) -> Moment:
    # Whoever judged begins the line that says so.
    author = next((one for one in names if moment.kind == "judged" and moment.text.startswith(one)), "")
    return replace(moment, text=names[author] + moment.text.removeprefix(author)) if author else moment


async def listed(state: Incidents, wanted: Wanted, before: datetime | None, limit: int) -> Listing:
    """A page of at most so many incidents that are wanted, opened before a moment.

    Incidents that were opened at the same moment stay on one page, which may become longer for it.
    """
    status = wanted.status[0] if len(wanted.status) == 1 else ""
    found: list[Incident] = []
    scanned = 0
    while scanned < MOST_SCANNED:
        rows, more = await _opened_before(state, status, before)
        scanned += len(rows)
        for row in rows:
            if len(found) >= limit and row.opened_at != before:
                return Listing(tuple(found), before)
            before = row.opened_at
            incident = Incident.model_validate_json(row.body)
            if wanted.fits(incident):
                found.append(incident)
        if not more:
            return Listing(tuple(found), None)
    return Listing(tuple(found), before)


async def _opened_before(
    state: Incidents, status: str, before: datetime | None
) -> tuple[Sequence[StoredIncident], bool]:
    """The next incidents, all of the last moment among them, and whether there may be more."""
    limit = _ROUND
    while True:
        rows = await state.incidents(status=status, before=before, limit=limit)
        if len(rows) < limit:
            return rows, False
        # The next round begins before a moment: one that is only half in this round would lose its other half.
        whole = [row for row in rows if row.opened_at != rows[-1].opened_at]
        if whole:
            return whole, True
        limit *= 2


async def open_count(state: Incidents, most: int) -> int:
    """How many incidents are open, at most so many."""
    return len(await state.incidents(status="open", limit=most))


async def story(
    state: State, documents: Documents, incident_id: str, groups: Sequence[str], diagnosis_id: str = ""
) -> Story | None:
    """The story of an incident with one of its diagnoses, else with the latest that ended; None when there is none."""
    stored = await state.incident(incident_id)
    if stored is None:
        return None
    runs = await state.diagnoses(incident_id)
    run = next((one for one in runs if one.body and diagnosis_id in ("", one.id)), None)
    whole = Diagnosis.model_validate_json(run.body) if run else None
    incident = Incident.model_validate_json(stored.body)
    closed = await _closed(documents, whole.evidence if whole else (), groups)
    alerts = await state.alerts_of(incident_id)
    return Story(
        stored,
        incident,
        run,
        narrowed(whole, closed, incident.language) if whole else None,
        len(closed),
        await _similar(state, documents, whole, groups),
        runs,
        await state.moments(incident_id),
        tuple((one, Alert.model_validate_json(one.body)) for one in alerts),
        await state.publications(incident_id),
        await state.judgements(incident_id),
    )


async def _closed(documents: Documents, evidence: Sequence[Evidence], groups: Sequence[str]) -> frozenset[str]:
    """The evidence out of pages that these groups may not read now, or that are gone: nobody knows who might."""
    pages = {one.document_id for one in evidence if one.document_id}
    readable = {id for id in pages if await _page(documents, id, groups)}
    paged = (one for one in evidence if one.document_id or one.kind == "document")
    return frozenset(one.id for one in paged if one.document_id not in readable)


async def _page(documents: Documents, id: str, groups: Sequence[str]) -> StoredDocument | None:
    try:
        return await documents.document(id, groups)
    except VectorStoreUnavailable as away:
        # An incident is read while things are down; what is out of pages waits until they can be looked up.
        log.warning("pages cannot be read", reason=str(away))
        return None


async def _similar(
    state: State, documents: Documents, diagnosis: Diagnosis | None, groups: Sequence[str]
) -> tuple[Similar, ...]:
    pages = {one.id: one.document_id for one in diagnosis.evidence} if diagnosis else {}
    found = []
    for id in dict.fromkeys(diagnosis.similar if diagnosis else ()):
        if past := await state.incident(id):
            found.append(Similar(Incident.model_validate_json(past.body).title, incident_id=id))
        elif page := await _page(documents, pages.get(id) or id, groups):
            found.append(Similar(page.title, document_id=page.id))
    return tuple(found)


def language_of_reader(asked: str, incident: Incident) -> Language:
    """The language that was asked for, else the incident's."""
    return "zh" if asked == "zh" else "en" if asked == "en" else incident.language
