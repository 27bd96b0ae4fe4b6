"""What pages state: settings, limits and thresholds that have a name, with their values, found by rules.

The rules would rather miss a statement than invent one. Commands are orders and not statements, so of code only
configuration is read; a sentence that changes something, looks back or supposes is passed over; and a number that
is approximate or part of a range is none.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge import statement_patterns as patterns
from knowledge.chunk import Chunk, StoredDocument
from knowledge.markdown_lines import Configured, Prose, Row, lines
from knowledge.quantities import Value, value
from knowledge.service_graph import ServiceGraph

Found = Iterator[tuple[str, Value]]


@dataclass(frozen=True)
class Statement:
    """Something that a page says of a thing with a name.

    ``scopes`` say what the name belongs to: two statements speak of the same thing when they share one, and the
    ``qualifiers`` (staging, replica, per pod) are equal. Production is no qualifier: it is what a page means that
    names no environment.
    """

    key: str
    value: Value
    scopes: frozenset[str]
    qualifiers: frozenset[str]
    document_id: str
    chunk_id: str
    quote: str


def statements(document: StoredDocument, graph: ServiceGraph) -> list[Statement]:
    """What a document states of its services, in reading order."""
    named = document.labels.get("service", ())
    services = frozenset([named] if isinstance(named, str) else named)
    return [one for chunk in document.chunks for one in _in_chunk(chunk, services, graph)]


def _in_chunk(chunk: Chunk, services: frozenset[str], graph: ServiceGraph) -> Iterator[Statement]:
    around = patterns.qualifiers(chunk.heading)
    for line in lines(chunk.text):
        # Aliases are everyday words; a line that means another service than its page does names it.
        spoken = line.text.lower()
        reader = _Reader(
            chunk, frozenset(name for name in graph.mentioned(spoken) if name in spoken) or services, around
        )
        if isinstance(line, Row):
            yield from reader.row(line)
        elif isinstance(line, Configured):
            yield from reader.configured(line)
        else:
            yield from reader.prose(line)


@dataclass(frozen=True)
class _Reader:
    """Reads one line that speaks of some services; ``around`` is what the headings above say that values hold for."""

    chunk: Chunk
    services: frozenset[str]
    around: frozenset[str]

    def configured(self, line: Configured) -> Iterator[Statement]:
        found = patterns.ASSIGNMENT.fullmatch(line.text.strip().removeprefix("export ").rstrip(","))
        if found and (said := value(found[2])):
            yield self._statement(found[1], said, self.services, self.around, line.text.strip())

    def row(self, row: Row) -> Iterator[Statement]:
        columns = {at: names for at, head in enumerate(row.header) if (names := patterns.column(head))}
        named = row.cells[: min(columns, default=0)]
        key = patterns.row_key(named, self.services)
        beside = patterns.qualifiers(" ".join(named))
        for at, names in columns.items():
            if key and at < len(row.cells) and (said := value(re.sub(r"[*`]", "", row.cells[at]))):
                yield self._statement(key, said, self._one_scope(), beside | names, row.text)
        if not columns:
            yield from self._thresholds(row.text, row.text)

    def prose(self, line: Prose) -> Iterator[Statement]:
        for sentence in patterns.SENTENCE.split(line.text):
            yield from self._thresholds(sentence, sentence)
            if patterns.CHANGE.search(sentence):
                continue
            for clause, beside in _clauses(sentence, self.around):
                for key, said in _settings(clause):
                    yield self._statement(key, said, self.services, beside, sentence)
                for key, said in [*_limits(clause), *_fields(clause), *_ports(clause, self.services)]:
                    yield self._statement(key, said, self._one_scope(), beside, sentence)

    def _thresholds(self, text: str, quote: str) -> Iterator[Statement]:
        alert = patterns.ALERT.match(text)
        for bound, pattern in patterns.BOUNDS.items() if alert else ():
            found = {value(match) for match in pattern.findall(text)} - {None}
            if alert and len(found) == 1 and (said := found.pop()):
                yield self._statement(f"{alert[1]} {bound}", said, {alert[1]}, patterns.qualifiers(text), quote)

    def _one_scope(self) -> frozenset[str]:
        # What has no name of its own is the same thing only where the same services are spoken of.
        return frozenset({" + ".join(sorted(self.services))} if self.services else ())

    def _statement(self, key: str, said: Value, scopes: Iterable[str], beside: frozenset[str], quote: str) -> Statement:
        return Statement(
            key,
            said,
            frozenset(scopes),
            beside - {"production", "value"},
            self.chunk.document_id,
            self.chunk.id,
            quote.strip(),
        )


def _clauses(sentence: str, around: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The sentence; or, where it names several environments, its clauses that name one each."""
    named = patterns.qualifiers(sentence)
    if len(named & patterns.ENVIRONMENTS) < 2:
        yield sentence, named or around
        return
    for clause in patterns.CLAUSE.split(sentence):
        own = patterns.qualifiers(clause)
        if len(own & patterns.ENVIRONMENTS) == 1:
            yield clause, own


def _settings(clause: str) -> Found:
    assigned = (patterns.ASSIGNMENT.fullmatch(code.strip()) for code in patterns.CODE.findall(clause))
    said_to_be = ((key, word or number) for key, word, number in patterns.CODE_IS.findall(clause))
    for key, word in [*((found[1], found[2]) for found in assigned if found), *said_to_be]:
        if not patterns.MEASURED.fullmatch(key) and (said := value(word)):
            yield key, said


def _limits(clause: str) -> Found:
    for match in patterns.LIMIT.finditer(clause):
        key = patterns.limit_key(match["what"], match["noun"], match["unit"] or "")
        if key and (said := value(match["value"])):
            yield key, said
    for match in patterns.LIMIT_ZH.finditer(clause):
        if said := value(match["value"]):
            yield patterns.NOUNS_ZH[match["noun"]], said


def _fields(clause: str) -> Found:
    plain = clause.replace("*", "").replace("`", "").strip()
    if (field := patterns.FIELD.fullmatch(plain)) and (said := patterns.field_value(field["value"])):
        name = field["name"].lower()
        yield patterns.FIELDS.get(name, name), said


def _ports(clause: str, services: Iterable[str]) -> Found:
    """Where a service listens, when it is the service that the clause speaks of and not a part of it."""
    if any(service in clause.lower() for service in services):
        for match in patterns.LISTENS.finditer(clause):
            if said := value(match[1] or match[2]):
                yield "port", said
