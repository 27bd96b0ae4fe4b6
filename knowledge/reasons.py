"""Why a past incident is similar to what somebody sees now."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import log
from typing import TypeAlias

from knowledge.glossary import read_glossary
from knowledge.incidents import Incident
from knowledge.lexical import terms
from knowledge.postmortem import flat
from knowledge.sentences import sentence_spans
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import read_taxonomy, symptoms_in

# Set for the default embedding on the demo: of 47 pairs of a question and an incident that it is about, 32 are as near
# as NEAR and 40 as near as BACKED; of 1153 other pairs, 21 and 117 are. So the latter needs another reason beside it.
NEAR, BACKED = 0.31, 0.22
_COVERAGE_WEIGHT, _COVERED_WITHOUT_MEANING = 0.25, 0.6
_FARTHEST = 2
_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)
_FILLING = re.compile(
    r"\b(?:is|are|was|were|has|have|had|been|being|the|an?|all|just|now|again|suddenly)\b", re.IGNORECASE
)
# Rows of tables and items of lists are paragraphs of their own.
_PARAGRAPH = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:\||[-*+] |\d+[.)、]))")
_NAME = re.compile(
    r"(?<![A-Za-z0-9_.])(?:"
    r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+|[A-Z]{2,}[a-z]{2,}\w*"  # CheckoutHighLatency, OOMKilled
    r"|[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+"  # northbank_requests_total, carrier_401
    r"|[a-z]{2,}(?:\.[a-z]{3,})+"  # clickstream.raw
    r"|[A-Z]{2,6}-\d{3,6}(?!-)|x509|E\d{3,5}"  # ORA-00600
    r"|(?P<host>[a-z]{2,}-)\d+(?![\d.-])"  # node-07
    r"|(?i:exit code|退出码)[ :：]*(?P<exit>\d+)"
    r"|[45](?:\d\d|xx)(?!\d|[.,:]\d|\s?(?:%|ms\b|s\b|[kKMGT]i?B?\b|[个单件万秒分条位]))"
    r")"
)


@dataclass(frozen=True)
class Trouble:
    """What somebody sees, in their words, since when, at which services; and the groups that they belong to.

    ``pages`` are labels of which those that are told have to have one; all when empty.
    """

    description: str
    at: datetime
    services: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pages: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class SameSymptom:
    """Both show these symptoms, by their names in the taxonomy: a symptom is the same in every language."""

    symptoms: tuple[str, ...]


@dataclass(frozen=True)
class SharedNames:
    """Both name these alerts, error codes, metrics or hosts; ``node-*`` is one kind of host."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class NearInMeaning:
    """What was seen then is near to what is seen now; the sentence is the incident's own."""

    sentence: str


@dataclass(frozen=True)
class SameServices:
    """Both concern these services."""

    services: tuple[str, ...]


@dataclass(frozen=True)
class Neighbours:
    """The first service, which is concerned now, needs the next, and so on to the one that was concerned then."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class SameComponents:
    """Both concern these parts of a service."""

    components: tuple[str, ...]


@dataclass(frozen=True)
class SameTime:
    """Both began on this day of the week (Monday is 0) within an hour of this hour of the day, where it happened."""

    weekday: int
    hour: int


Reason: TypeAlias = SameSymptom | SharedNames | NearInMeaning | SameServices | Neighbours | SameComponents | SameTime


def reasons(past: Incident, trouble: Trouble, similarity: float | None, graph: ServiceGraph) -> tuple[Reason, ...]:
    """Why the incident is similar, the weightiest reason first; empty when it is not.

    The symptom must speak for it. Service, component and time make no incident similar by themselves; a symptom of
    which nothing but the name is the same makes none at a service that has nothing to do with those of now.
    ``similarity`` is the centred cosine of what was seen then and now, None when nobody measured it.
    """
    symptoms = _symptoms(past, trouble)
    seen = f"{past.title}\n{past.symptom}\n{past.observed}"
    names = shared_names(trouble.description, seen, graph)
    place = tuple(_place(past, trouble, graph))
    wanted = _terms(trouble.description) - _words_of(trouble.services, graph)
    plausible = bool(symptoms and (place or not trouble.services))
    backed = plausible or bool(names) or any(isinstance(one, SameServices) for one in place)
    near = _nearness(wanted, seen, similarity) >= (BACKED if backed else NEAR)
    if not (near or names or plausible):
        return ()
    found: list[Reason] = [SameSymptom(symptoms)] if symptoms else []
    found += [SharedNames(names)] if names else []
    found += [NearInMeaning(nearest_sentence(wanted, past))] if near else []
    found += place
    found += [] if names or place else _time(past, trouble)
    return tuple(found)


def _symptoms(past: Incident, trouble: Trouble) -> tuple[str, ...]:
    then = {*past.symptoms, *symptoms_in(f"{past.title}\n{past.symptom}")}
    # "The pool is exhausted" and "pool exhausted" are the same symptom.
    said = symptoms_in(f"{trouble.description}\n{_FILLING.sub(' ', trouble.description)}")
    return tuple(one for one in dict.fromkeys(said) if one in then)


def _place(past: Incident, trouble: Trouble, graph: ServiceGraph) -> Iterator[Reason]:
    if both := tuple(name for name in trouble.services if name in past.services):
        yield SameServices(both)
    elif path := _path(trouble.services, past.services, graph):
        yield Neighbours(path)
    said = read_taxonomy().mentioned("component", trouble.description)
    if components := tuple(one for one in past.components if one in said or one.lower() in trouble.description.lower()):
        yield SameComponents(components)


def _time(past: Incident, trouble: Trouble) -> Iterator[Reason]:
    if past.started is not None:
        now = trouble.at.astimezone(past.started.tzinfo)
        apart = abs(now - past.started) % _WEEK
        if min(apart, _WEEK - apart) <= _HOUR:
            yield SameTime(past.started.weekday(), past.started.hour)


def _nearness(wanted: frozenset[str], seen: str, similarity: float | None) -> float:
    """The centred cosine, which knows paraphrases, and the share of the words that occur, which knows names."""
    covered = len(wanted & _terms(seen)) / len(wanted) if wanted else 0.0
    if similarity is None:
        # Nobody measured the meaning; then words alone have to carry it.
        return NEAR * covered / _COVERED_WITHOUT_MEANING
    return similarity + _COVERAGE_WEIGHT * covered


def _words_of(services: Sequence[str], graph: ServiceGraph) -> frozenset[str]:
    """The words that services are called by: that two texts name the same service is a reason of its own."""
    known = [graph.services[name] for name in services if name in graph.services]
    aliases = [alias for one in known for some in one.aliases.values() for alias in some]
    return _terms("\n".join([*services, *aliases]))


def _path(now: Sequence[str], then: Sequence[str], graph: ServiceGraph) -> tuple[str, ...]:
    """The shortest way, of two steps at most, from a service of now down to one of then; empty when there is none."""
    paths: list[tuple[str, ...]] = [(name,) for name in now]
    for _ in range(_FARTHEST):
        paths = [(*path, need) for path in paths for need in graph.depends_on(path[-1]) if need not in path]
        if reached := [path for path in paths if path[-1] in then]:
            return reached[0]
    return ()


def shared_names(one: str, other: str, graph: ServiceGraph) -> tuple[str, ...]:
    """The names for machines that both texts use, as the first writes them; names of services are no such names."""
    ours, theirs = _names(one, graph), _names(other, graph)
    exact = [name for key, name in ours.items() if key in theirs]
    kinds = {key.rstrip("0123456789") for key in theirs if re.fullmatch(r"[a-z]+-\d+", key)}
    hosts = [
        f"{stem}*"
        for key, name in ours.items()
        if name not in exact and (stem := key.rstrip("0123456789")) in kinds and not graph.mentioned(stem)
    ]
    return tuple(dict.fromkeys([*exact, *hosts]))


def _names(text: str, graph: ServiceGraph) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _NAME.finditer(text):
        name = f"exit code {match['exit']}" if match["exit"] else match[0]
        if name not in graph.services:
            found.setdefault(name.lower(), name)
    return found


def nearest_sentence(wanted: frozenset[str], past: Incident) -> str:
    """The sentence of what was seen that shares most of some terms; of two, those that few sentences hold count more.

    The symptom as the incident states it, when none shares two.
    """
    paragraphs = [past.symptom, *map(flat, _PARAGRAPH.split(past.observed))]
    said = [text[start:end].strip() for text in paragraphs for start, end in sentence_spans(text)]
    held = {sentence: _terms(sentence) for sentence in said}
    rarity = {term: log(1 + len(held) / sum(term in one for one in held.values())) for term in wanted & _union(held)}
    best, fit = past.symptom, 0.0
    for sentence, present in held.items():
        shared = wanted & present
        weight = sum(rarity[term] for term in shared) / (8 + len(present))
        if len(shared) > 1 and weight > fit:
            best, fit = sentence, weight
    return best


def _union(held: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*held.values())


@lru_cache(maxsize=4096)
def _terms(text: str) -> frozenset[str]:
    words = read_glossary().equivalents(text)
    return frozenset(term for one in (text, *words) for term, _ in terms(one))
