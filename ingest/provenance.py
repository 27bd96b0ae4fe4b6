"""Who may read a document and what kind it is: by its origin, its front matter and where it lies."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connectors.sources.port import Document, Kind
from knowledge.chunk import Labels
from knowledge.service_graph import ServiceGraph
from knowledge.source_settings import EVERYONE, LIMITS, named_readers
from knowledge.taxonomy import Taxonomy

# Front matter that is no YAML is left in the text; its limits must not go with it.
_UNREAD_LIMIT = re.compile(
    r"\A\s{0,9}---[ \t]*\n(?:(?!---|\.\.\.)[^\n]{0,2000}\n){0,200}?[ \t]{0,9}(?:readers|groups)[ \t]*:", re.IGNORECASE
)
_MARK = re.compile(r"\|[0-9a-f]{12}\|(\[.*\])\Z")
_KINDS: Mapping[str, Kind] = {
    "page": "page",
    "incident": "incident",
    "postmortem": "incident",
    "ticket": "ticket",
    "thread": "thread",
}
_INCIDENT_FOLDERS = {"incidents", "postmortems"}


class Closed(Exception):
    """Nobody may read a document; the message says why."""


@dataclass(frozen=True)
class Terms:
    """What holds for every document of a source: the groups that may read it, and labels where it has none."""

    readers: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict)

    def mark(self, graph: ServiceGraph, taxonomy: Taxonomy) -> str:
        """Goes behind a document's digest: what is stored under other terms, services or topics is another version."""
        named = [[one.name, one.aliases, one.alerts, one.metrics] for one in graph.services.values()]
        topics = [[kind, one.key, one.words] for kind, of in taxonomy.topics.items() for one in of.values()]
        about = json.dumps([dict(self.labels), named, topics], sort_keys=True)
        return f"|{hashlib.sha256(about.encode()).hexdigest()[:12]}|{json.dumps(sorted(self.readers))}"

    def closes(self, marked: str) -> bool:
        """Whether somebody who may not read it under these terms could read what is stored under this mark."""
        found = _MARK.search(marked)
        former = frozenset(json.loads(found[1])) if found else frozenset()
        return bool(self.readers) and not (former and former <= frozenset(self.readers))


def labelled(document: Document, source: str, terms: Terms) -> Document:
    """The document with the source's labels below its own, its kind among them, its readers among them no more."""
    known = replace(document, labels={**terms.labels, **document.labels})
    labels = {key: value for key, value in known.labels.items() if key.strip().lower() not in (*LIMITS, "kind")}
    return replace(known, labels={**labels, "kind": kind_of(known, source)})


def kind_of(document: Document, source: str) -> Kind:
    """Front matter wins; what its origin calls a page is an incident by its folder, or by naming symptom and cause."""
    stated = {key.strip().lower(): value for key, value in document.labels.items()}
    named = stated.get("kind")
    if isinstance(named, str) and named.strip().lower() in _KINDS:
        return _KINDS[named.strip().lower()]
    folders = {part.lower() for part in (source, *document.id.split("/")[:-1])}
    told = ("symptom" in stated or "symptoms" in stated) and ("cause" in stated or "fix" in stated)
    return "incident" if document.kind == "page" and (told or folders & _INCIDENT_FOLDERS) else document.kind


def readers_of(document: Document) -> tuple[str, ...]:
    """The groups that may read a document, sorted; none when nothing limits it. Raises Closed.

    Front matter only narrows what the origin allows: the groups that both name remain.
    """
    if _UNREAD_LIMIT.match(document.text):
        raise Closed("its front matter says who may read it, but is not YAML; mend it")
    stated = [value for key, value in document.labels.items() if key.strip().lower() in LIMITS]
    if not all(map(_groups, stated)):
        raise Closed("its head says who may read it, but names no group; write `readers: [GROUP]` in YAML front matter")
    limits = [_groups(value) for value in (*stated, *([document.readers] if document.readers else []))]
    closed = [limit for limit in limits if not limit & EVERYONE]
    if not closed:
        return ()
    allowed = frozenset.intersection(*closed)
    if not allowed:
        raise Closed("nobody may read it: its front matter names no group that its origin allows")
    return tuple(sorted(allowed))


def _groups(value: str | Iterable[str]) -> frozenset[str]:
    names = named_readers(value) if isinstance(value, str) else value
    return frozenset(name.strip() for name in names) - {""}
