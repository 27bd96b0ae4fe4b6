"""What the next incident like it shall find: a judged incident as a document of the library."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.guards.redaction import redact
from bot.incident import Diagnosis, Incident
from bot.rules.announcements import moment
from bot.rules.citing import telling
from bot.rules.verbatim import verbatim, without_marks
from bot.vocabulary import Language
from connectors.alerts.port import one_line
from connectors.state.incident_port import Judgement
from knowledge.chunk import Chunk, StoredDocument, chunk_id
from knowledge.taxonomy import symptoms_in

SOURCE = "incidents"
_MOST, _LINE, _CAUSE = 12, 300, 500
_SEEN, _CHANGED = ("alert", "break", "log", "event", "state"), ("change", "dependency")
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"symptom": "Symptom", "cause": "Cause", "said": "{who} said so on {at} UTC."},
    "zh": {"symptom": "现象", "cause": "原因", "said": "{who} 于 {at} UTC 给出该结论。"},
}


@dataclass(frozen=True)
class Page:
    """Where an incident's document leads, and the groups of which a reader must be in one; none: everybody reads it."""

    link: str = ""
    readers: tuple[str, ...] = ()


def document_id(incident_id: str) -> str:
    """The id of an incident's document: one for each, whatever is said of it later."""
    return f"{SOURCE}/{incident_id}"


def commemorate(
    incident: Incident, diagnosis: Diagnosis | None, word: Judgement, who: str, page: Page
) -> StoredDocument | None:
    """The document of an incident whose cause a person has told; None when nobody knows what it was."""
    cause = redact(one_line(_cause(incident, diagnosis, word), _CAUSE)).text
    if not cause:
        return None
    say, name = _WORDS[incident.language], document_id(incident.id)
    title = one_line(without_marks(diagnosis.headline if diagnosis else "") or incident.title, _LINE)
    seen = [f"- {line}" for line in dict.fromkeys(_seen(incident, diagnosis))]
    told = say["said"].format(who=verbatim(who, 80), at=moment(word.given_at))
    why = [verbatim(cause, _CAUSE), *[f"- {line}" for line in _changes(diagnosis if word.right else None)], told]
    parts = ((say["symptom"], "\n".join(seen)), (say["cause"], "\n\n".join(why)))
    chunks = tuple(
        Chunk(chunk_id(name, at), name, at, heading, f"## {heading}\n\n{text}")
        for at, (heading, text) in enumerate(parts)
    )
    labels: dict[str, str | list[str]] = {
        "kind": "incident",
        "source": SOURCE,
        "id": incident.id,
        "language": incident.language,
        "service": list(incident.services),
        "symptom": list(symptoms_in(f"{title}\n{incident.title}\n{chunks[0].text}")),
        "stated_symptom": [title],
        "cause": cause,
        "severity": incident.severity,
        "started": _iso(incident.began),
        "resolved": _iso(incident.resolved_at),
        "date": _iso(incident.began)[:10],
    }
    made = StoredDocument(name, title, page.link, {k: v for k, v in labels.items() if v}, chunks, page.readers)
    return _stamped(made)


def _stamped(made: StoredDocument) -> StoredDocument:
    """With a digest of all of it, by which whoever stores it sees that nothing has changed."""
    digest = hashlib.sha256(repr(made).encode(errors="replace")).hexdigest()[:16]
    return StoredDocument(made.id, made.title, made.link, {**made.labels, "digest": digest}, made.chunks, made.readers)


def _cause(incident: Incident, diagnosis: Diagnosis | None, word: Judgement) -> str:
    if word.cause or not word.right:
        return word.cause
    leading = next(iter(diagnosis.verdict.hypotheses), None) if diagnosis else None
    return without_marks(leading.says) if leading else incident.cause_says


def _seen(incident: Incident, diagnosis: Diagnosis | None) -> Iterator[str]:
    yield verbatim(incident.title, _LINE)
    if diagnosis is None:
        return
    for alert in diagnosis.trouble.alerts[:_MOST]:
        yield verbatim(f"{alert.name}: {alert.summary}" if alert.summary else alert.name, _LINE)
    if diagnosis.impact:
        yield verbatim(without_marks(diagnosis.impact), _LINE)
    yield from _findings(diagnosis, _SEEN)


def _changes(diagnosis: Diagnosis | None) -> Iterator[str]:
    """What speaks for the cause and happened before anybody saw a symptom."""
    return _findings(diagnosis, _CHANGED) if diagnosis else iter(())


def _findings(diagnosis: Diagnosis, kinds: Sequence[str]) -> Iterator[str]:
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    ours = [one for one in diagnosis.findings if one.kind in kinds and leading and one.id in leading.supports]
    return (verbatim(without_marks(one.says), _LINE) for one in telling(ours)[:_MOST])


def _iso(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""
