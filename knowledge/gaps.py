"""What is missing or wrong in what is known: each gap names its places, and there is something to be done about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from knowledge.chunk import Outline, StoredDocument
from knowledge.contradictions import Contradiction, contradictions
from knowledge.duplicates import Alike, near_duplicates
from knowledge.service_graph import Service, ServiceGraph
from knowledge.shelves import NONE, PAGE, values
from knowledge.statements import Statement, statements

Kind = Literal[
    "no_runbook", "uncovered", "contradiction", "duplicate", "flagged", "stale", "undated", "unplaced"
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "no_runbook",
    "uncovered",
    "contradiction",
    "duplicate",
    "flagged",
    "stale",
    "undated",
    "unplaced",
)
"""All kinds of gaps, the most pressing first."""

HISTORY = frozenset({"incident"})
"""The kinds of documents that tell what happened."""

_LAST = 99


@dataclass(frozen=True)
class Place:
    """A document that a gap is about; ``quote`` and ``chunk_id`` name the passage, when it is about one."""

    document_id: str
    title: str
    link: str = ""
    date: str = ""
    chunk_id: str = ""
    quote: str = ""


@dataclass(frozen=True)
class Gap:
    """One thing to be mended. ``subject`` is a service, a setting or a title; ``details`` are named in the wording."""

    kind: Kind
    subject: str
    places: tuple[Place, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


def gaps_of_labels(outlines: Sequence[Outline], graph: ServiceGraph, today: date, stale_days: int) -> list[Gap]:
    """The gaps that labels tell: what has no runbook, and pages that are old, undated, in no place, or marked."""
    return [
        *_without_runbook(outlines, graph),
        *_uncovered(outlines),
        *_flagged(outlines),
        *_stale(outlines, today, stale_days),
        *(_about("undated", one) for one in outlines if _is_page(one) and _day(one) is None),
        *(
            _about("unplaced", one)
            for one in outlines
            if values(one, "service") + values(one, "symptom") == (NONE, NONE)
        ),
    ]


def gaps_of_texts(documents: Sequence[StoredDocument], graph: ServiceGraph) -> list[Gap]:
    """The gaps that only the texts tell: contradictions among pages, and near-duplicates within a language.

    Takes 5 to 15 ms a document, of one core.
    """
    known = {one.id: _outline(one) for one in documents}
    said = [one for document in documents if _is_page(known[document.id]) for one in statements(document, graph)]
    found = [_contradicted(one, known) for one in contradictions(said)]
    languages: dict[str, dict[str, str]] = {}
    for document in documents:
        texts = languages.setdefault(values(known[document.id], "language")[0], {})
        texts[document.id] = "\n".join(chunk.text for chunk in document.chunks)
    alike = [group for texts in languages.values() for group in near_duplicates(texts)]
    return found + [_doubled(group, known) for group in sorted(alike, key=lambda group: -group.resemblance)]


def _without_runbook(outlines: Sequence[Outline], graph: ServiceGraph) -> Iterator[Gap]:
    covered = {service for one in outlines if _is_page(one) for service in _treated(one, graph)}
    history = [one for one in outlines if _is_history(one)]
    past = {name: [one for one in history if name in values(one, "service")] for name in graph.services}

    def pressing(service: Service) -> tuple[int, int]:
        return (_LAST if service.tier is None else service.tier, -len(past[service.name]))

    for service in sorted((one for one in graph.services.values() if one.name not in covered), key=pressing):
        details = {"tier": str(service.tier or ""), "team": service.team, "incidents": str(len(past[service.name]))}
        yield Gap("no_runbook", service.name, _places(past[service.name]), details)


def _treated(outline: Outline, graph: ServiceGraph) -> set[str]:
    """The services that a page is a runbook for: its own, those in its title, and those whose alerts it treats."""
    told = "\n".join([outline.title, *values(outline, "alerts")])
    return {*values(outline, "service"), *graph.mentioned(told)}


def _uncovered(outlines: Sequence[Outline]) -> Iterator[Gap]:
    """Symptoms that incidents had on a service and no page treats, most incidents first.

    An incident names whatever it touched: one page for any of its services covers its symptom.
    """
    treated = {(service, symptom) for one in outlines if _is_page(one) for service, symptom in _pairs(one)}
    open_: dict[tuple[str, str], list[Outline]] = {}
    for one in filter(_is_history, outlines):
        services = values(one, "service")
        for symptom in values(one, "symptom"):
            if symptom and not any((service, symptom) in treated for service in services):
                open_.setdefault((services[0], symptom), []).append(one)
    for (service, symptom), incidents in sorted(open_.items(), key=lambda item: (-len(item[1]), item[0])):
        yield Gap("uncovered", symptom, _places(incidents), {"service": service, "incidents": str(len(incidents))})


def _pairs(outline: Outline) -> Iterator[tuple[str, str]]:
    for service in values(outline, "service"):
        for symptom in values(outline, "symptom"):
            yield service, symptom


def _flagged(outlines: Sequence[Outline]) -> Iterator[Gap]:
    for one in outlines:
        flags = [flag for flag in values(one, "flags") if flag]
        if flags:
            yield _about("flagged", one, flags=", ".join(flags))


def _stale(outlines: Sequence[Outline], today: date, stale_days: int) -> Iterator[Gap]:
    dated = ((day, one) for one in outlines if _is_page(one) and (day := _day(one)) is not None)
    for day, one in sorted(dated, key=lambda pair: (pair[0], pair[1].title)):
        age = (today - day).days
        if age > stale_days:
            yield _about("stale", one, date=day.isoformat(), days=str(age), owner=values(one, "owner")[0])


def _contradicted(found: Contradiction, known: Mapping[str, Outline]) -> Gap:
    said = sorted(found.statements, key=lambda one: values(known[one.document_id], "date")[0], reverse=True)
    places = tuple(_place(known[one.document_id], one) for one in said)
    amounts = " ≠ ".join(dict.fromkeys(str(one.value) for one in said))
    details = {"service": found.scope, "values": amounts, "for": ", ".join(sorted(said[0].qualifiers))}
    return Gap("contradiction", found.key, places, details)


def _doubled(group: Alike, known: Mapping[str, Outline]) -> Gap:
    outlines = sorted((known[id] for id in group.documents), key=lambda one: values(one, "date")[0], reverse=True)
    details = {"documents": str(len(outlines)), "percent": str(round(group.resemblance * 100))}
    return Gap("duplicate", outlines[0].title, _places(outlines), details)


def _about(kind: Kind, outline: Outline, **details: str) -> Gap:
    return Gap(kind, outline.title, _places([outline]), details)


def _places(outlines: Iterable[Outline]) -> tuple[Place, ...]:
    return tuple(_place(one) for one in outlines)


def _place(outline: Outline, statement: Statement | None = None) -> Place:
    chunk_id, quote = (statement.chunk_id, statement.quote) if statement else ("", "")
    return Place(outline.id, outline.title, outline.link, values(outline, "date")[0], chunk_id, quote)


def _outline(document: StoredDocument) -> Outline:
    return Outline(document.id, document.title, document.link, document.labels, 0)


def _is_page(outline: Outline) -> bool:
    return PAGE in values(outline, "kind")


def _is_history(outline: Outline) -> bool:
    return not HISTORY.isdisjoint(values(outline, "kind"))


def _day(outline: Outline) -> date | None:
    try:
        return date.fromisoformat(values(outline, "date")[0])
    except ValueError:
        return None
