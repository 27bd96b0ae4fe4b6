"""Step 4, label: what a document is about, from its front matter or by rules over names that are known."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from connectors.sources.port import Document
from ingest.clean import INSTRUCTIONS, Cleaned, clean
from knowledge.chunk import Labels
from knowledge.language import language_of
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import Kind, Taxonomy, read_taxonomy

# One word for what authors call by several; of several that a document has, the first listed wins.
_SAME: Mapping[str, tuple[str, ...]] = {
    "service": ("service", "services", "app", "application"),
    "component": (
        "component",
        "components",
        "subsystem",
        "module",
        "topic",
        "topics",
        "category",
        "categories",
        "area",
    ),
    "symptom": ("symptom", "symptoms", "problem", "issue"),
    "owner": ("owner", "owners", "team", "maintainer", "maintainers", "author", "authors"),
    "language": ("language", "lang"),
    "tags": ("tags", "tag", "keywords"),
}
_DATES = ("date", "updated", "updated_at", "last_updated", "last_reviewed", "reviewed", "modified", "last_modified")
_DATE = re.compile(r"(?P<year>(?:19|20)\d\d)[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})")
# Ours to give: a document cannot say these of itself.
_OURS = ("source", "flags", "stated_component", "stated_symptom")
_MOST_VALUES, _LONGEST_VALUE, _LONGEST_NAME = 20, 200, 40


def label(
    document: Document, cleaned: Cleaned, source: str, graph: ServiceGraph, taxonomy: Taxonomy | None = None
) -> Labels:
    """The document's own labels under plain keys, and what rules say where it has none.

    ``service``, ``component`` and ``symptom`` are lists; the last two hold keys of the taxonomy, beside components of
    the author's own naming. ``stated_component`` and ``stated_symptom`` are the author's words where these differ.
    ``owner`` is one text, ``date`` the latest date given, as YYYY-MM-DD. ``flags`` warns of what was taken out.
    """
    known = taxonomy or read_taxonomy()
    flagged = [INSTRUCTIONS in cleaned.removed, INSTRUCTIONS in clean(document.title).removed]
    own = _tidy(document.labels, flagged)
    labels: dict[str, str | list[str]] = {key: value for key, value in own.items() if key not in (*_DATES, *_OURS)}
    labels |= {
        "source": source,
        "language": _language(own.get("language"), cleaned.text),
        "service": _stated_services(own, graph) or list(_services(document.title, cleaned.text, graph)),
        "owner": ", ".join(_list(own.get("owner"))),
        "date": max((day for key in _DATES for value in _list(own.get(key)) for day in _days(value)), default=""),
        "flags": [INSTRUCTIONS] if any(flagged) else [],
    }
    for kind in ("component", "symptom"):
        labels |= _topics(kind, own, document.title, cleaned.text, known)
    return {key: value for key, value in labels.items() if value}


def _tidy(labels: Labels, flagged: list[bool]) -> dict[str, str | list[str]]:
    """At most 20 values of at most 200 characters under each key; a key is made of small letters, digits and ``_``."""
    tidy: dict[str, str | list[str]] = {}
    for name, value in list(labels.items())[: 2 * _MOST_VALUES]:
        key = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
        if key:
            seen = [clean(item[:_LONGEST_VALUE]) for item in (_list(value))[:_MOST_VALUES]]
            flagged += [INSTRUCTIONS in one.removed for one in seen]
            tidy[key] = [one.text for one in seen] if isinstance(value, list) else "".join(one.text for one in seen)
    for plain, names in _SAME.items():
        used = [name for name in names if tidy.get(name)]
        if used:
            tidy[plain] = tidy.pop(used[0])
    return tidy


def _list(value: str | list[str] | None) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _language(named: str | list[str] | None, text: str) -> str:
    if isinstance(named, str) and named[:2].lower() in ("en", "zh"):
        return named[:2].lower()
    return language_of(text)


def _days(value: str) -> Iterator[str]:
    """The day in a value, whatever its notation; nothing when there is none such in the calendar."""
    found = _DATE.search(value)
    if found:
        try:
            yield date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
        except ValueError:
            return


def _stated_services(own: Labels, graph: ServiceGraph) -> list[str]:
    """The author's services by the names they have in the graph, as far as it knows them."""
    stated = (name.strip() for value in _list(own.get("service")) for name in re.split("[,，、;；]", value))
    exact = {name.lower(): name for name in graph.services}
    named = (exact.get(name.lower()) or next(iter(graph.mentioned(name)), name) for name in stated if name)
    return list(dict.fromkeys(named))


def _services(title: str, text: str, graph: ServiceGraph) -> tuple[str, ...]:
    """The services of the title; without any, those that the text names at least three times, most often first."""
    titled = graph.mentioned(title)
    if titled:
        return titled
    counts = Counter(name for line in text[:20_000].split("\n") for name in graph.mentioned(line))
    return tuple(name for name, count in counts.most_common(3) if count >= 3)


def _topics(kind: Kind, own: Labels, title: str, text: str, taxonomy: Taxonomy) -> dict[str, str | list[str]]:
    """What the author says, in the taxonomy's terms; where that says nothing, tags, and then what the page shows."""
    stated = _list(own.get(kind))
    keys = list(_known(kind, stated, taxonomy))
    if kind == "component":
        # What a team calls its own parts no taxonomy knows; a sentence is no name.
        keys += [one for one in stated if not taxonomy.keys(kind, one) and len(one) <= _LONGEST_NAME]
    keys = keys or list(_known(kind, _list(own.get("tags")), taxonomy)) or taxonomy.about(kind, title, text)
    differ = [one for one in stated if one not in keys]
    return {kind: list(dict.fromkeys(keys)), f"stated_{kind}": differ}


def _known(kind: Kind, values: Iterable[str], taxonomy: Taxonomy) -> Iterator[str]:
    return (key for value in values for key in taxonomy.keys(kind, value))
