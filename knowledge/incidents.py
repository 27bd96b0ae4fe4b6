"""Incident memory: what happened before, read out of the library's incidents and resolved tickets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from knowledge.chunk import Chunk, Labels, StoredDocument
from knowledge.postmortem import Part, read_postmortem

KINDS = ("incident", "ticket")
"""The kinds of documents that an incident may be."""

_LONGEST = 500
_ID = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d+(?:-\d+)*\b")
_DONE = re.compile(r"done|closed|resolved|fixed|complete[d]?|merged|released|已?(?:解决|关闭|完成|修复)", re.IGNORECASE)
_UNDONE = re.compile(
    r"duplicate|invalid|won'?t|not[ _]planned|declined|rejected|cannot|can't|obsolete|重复|无法|不予|拒绝|无效",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s,]+(\d{1,2}):(\d{2}))?")
_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?;])\s")


@dataclass(frozen=True)
class Incident:
    """Something that went wrong and ended. What a document does not tell is empty.

    ``symptom`` is what the document itself says of it, ``symptoms`` are its labels; ``observed`` is all that was seen,
    in Markdown: the document without cause, fix and lessons.
    """

    id: str
    title: str
    link: str
    document_id: str
    symptom: str = ""
    cause: str = ""
    fix: str = ""
    services: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    severity: str = ""
    started: datetime | None = None
    resolved: datetime | None = None
    observed: str = ""
    symptoms: tuple[str, ...] = ()

    @property
    def lasted(self) -> timedelta | None:
        """From start to end; None unless both are known and in order."""
        if self.started and self.resolved and self.resolved >= self.started:
            return self.resolved - self.started
        return None


def incident(document: StoredDocument) -> Incident | None:
    """The incident that a document tells of, by its labels first and then by what stands under its headings.

    None for a page or a conversation, for a ticket that is open, and for one that was closed without being solved.
    """
    labels = document.labels
    if labels.get("kind") not in KINDS or (labels["kind"] == "ticket" and not _solved(labels)):
        return None
    text = "\n\n".join(chunk.text for chunk in document.chunks)
    told = read_postmortem(text)
    parts = told.parts
    return Incident(
        id=_first(labels, "id") or _name(document),
        title=document.title,
        link=document.link,
        document_id=document.id,
        symptom=shortened(_symptom(document, parts)),
        cause=shortened(_first(labels, "cause") or parts.get("cause", "")),
        fix=shortened(_first(labels, "fix") or parts.get("fix", "")),
        services=_all(labels, "service") or _listed(parts.get("service", "")),
        components=_all(labels, "component"),
        severity=(_first(labels, "severity") or parts.get("severity", "") or _first(labels, "priority"))[:20],
        started=moment(_first(labels, "started") or parts.get("started", "")),
        resolved=moment(_first(labels, "resolved") or parts.get("resolved", "")),
        observed=told.observed,
        symptoms=_all(labels, "symptom"),
    )


def tells_what_was_seen(chunk: Chunk) -> bool:
    """Whether a chunk of an incident tells, for a third or more, what was seen, and not why it was or what helped."""
    heading = chunk.heading.rpartition(" › ")[2]
    told = read_postmortem(f"# {heading}\n{chunk.text}" if heading else chunk.text)
    return 3 * len(told.observed) >= len(chunk.text)


def shortened(text: str) -> str:
    """The first sentences of a text, as many as fit into 500 characters."""
    if len(text) <= _LONGEST:
        return text
    ends = [found.start() for found in _SENTENCE_END.finditer(text, 0, _LONGEST) if found.start() > _LONGEST // 4]
    return text[: ends[-1]].rstrip() if ends else text[:_LONGEST].rstrip() + " …"


def moment(text: str) -> datetime | None:
    """The first date or time in a text; without a zone it is UTC. None when there is none."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        found = _MOMENT.search(text)
        if not found:
            return None
        year, month, day, hour, minute = (int(number) for number in found.groups(default="0"))
        try:
            parsed = datetime(year, month, day, hour, minute, tzinfo=UTC)
        except ValueError:
            return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _symptom(document: StoredDocument, parts: Mapping[Part, str]) -> str:
    told = next((parts[one] for one in ("symptom", "summary", "impact") if one in parts), "")
    stated, labelled = (", ".join(_all(document.labels, key)) for key in ("stated_symptom", "symptom"))
    return stated or told or labelled or document.title


def _solved(labels: Labels) -> bool:
    state = f"{_first(labels, 'resolution')} {_first(labels, 'status')} {_first(labels, 'state')}"
    return bool(_DONE.search(state) or _first(labels, "resolved")) and not _UNDONE.search(state)


def _name(document: StoredDocument) -> str:
    found = _ID.search(document.title) or _ID.search(document.id)
    return found[0] if found else document.id.rpartition("/")[2].rpartition(".")[0] or document.id


def _first(labels: Labels, key: str) -> str:
    return next(iter(_all(labels, key)), "")


def _all(labels: Labels, key: str) -> tuple[str, ...]:
    value = labels.get(key, ())
    return tuple(value) if not isinstance(value, str) else (value,) if value else ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[,，、;；]", text) if part.strip())[:10]
