"""What is known put into the arguments of a tool, by what each of them stands for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from string import Template

from pydantic import JsonValue

from bot.rules.briefing import Briefing
from bot.rules.objects import WITHOUT_NAMESPACE, WORKLOADS, Thing, kind_of
from bot.rules.slots import Schema, properties, required, slot, spelled_kind, spelled_length, spelled_time
from connectors.tools.port import Tool

OBJECTS = frozenset(("pod", "node", "workload", "job", "service", "name", "named", "keyword"))
"""What may stand for the object that a call is about."""

_PLACES = OBJECTS | {"kind"}
_LATER = frozenset(("query", "keyword"))
_LONG, _USUAL = timedelta(hours=24), timedelta(hours=1)
_LINKS = re.compile(
    r"(?:^|_)(?:name|id|container|cluster|topic|group|queue|release|application|project|index|revision)$"
)
_ENOUGH, _MOST_WORDINGS, _LONGEST_REASON = 100, 2, 80


def roles(tool: Tool) -> Mapping[str, str]:
    """What each argument of a tool stands for."""
    return {name: slot(name, schema) for name, schema in properties(tool).items()}


def fill(tool: Tool, known: Briefing, thing: Thing, kind: str) -> dict[str, JsonValue] | None:
    """The arguments that can be filled for a thing asked about as a ``kind``; None when one that is required cannot.

    Queries and searches are left for ``worded``. One argument that may be left out names the thing, not several.
    """
    given: dict[str, JsonValue] = {}
    slots, needs, takes = roles(tool), required(tool), properties(tool)
    if kind and any(role == "kind" and spelled_kind(kind, takes[name]) is None for name, role in slots.items()):
        return None
    for name, role in slots.items():
        value = _value(name, role, known, tool, (thing, kind))
        if value is None and name in needs:
            value = takes[name].get("default") if "default" in takes[name] else _needed(name, role, known)
        if value not in (None, ""):
            given[name] = value
    naming = sorted((name for name in given if slots[name] in OBJECTS), key=lambda name: name not in needs)
    given = {name: value for name, value in given.items() if name in needs or name not in naming[1:]}
    later = {name for name in needs if slots[name] in _LATER}
    return given if needs <= {*given, *later} else None


def _value(name: str, role: str, known: Briefing, tool: Tool, about: tuple[Thing, str]) -> JsonValue:
    thing, kind = about
    needed, schema = name in required(tool), properties(tool)[name]
    if role == "namespace":
        return _space(thing, kind, known, needed=needed)
    value = _object(role, thing, kind, schema, tool) if role in _PLACES else _other(name, role, known, tool)
    if role == "named":
        # What it names is not known: only where it has to be given, and a label of an alert would be better.
        value = known.labels.get(name) or (value if needed else None)
    return value


def _object(role: str, thing: Thing, kind: str, schema: Schema, tool: Tool) -> JsonValue:
    if role == "kind":
        return spelled_kind(kind, schema) if kind else None
    if not thing.name:
        return None
    fits = {
        "pod": kind in ("pod", ""),
        "node": kind == "node",
        "workload": kind in WORKLOADS - {"job"} or (not thing.kind and kind == ""),
        "job": kind == "job",
        "service": kind in ("", "service", "deployment", "statefulset"),
        "name": _named_for(tool, kind) and thing.kind in ("", kind),
        "named": kind in ("", "service", "deployment", "statefulset"),
        "keyword": tool.kind == "cluster" or (tool.kind != "logs" and thing.kind in ("", "service", *WORKLOADS)),
    }
    return thing.name if fits.get(role, False) else None


def _named_for(tool: Tool, kind: str) -> bool:
    """Whether a tool that takes a name takes one of this kind: its own name may say of what."""
    said = [found for word in re.split(r"[^a-z]+", tool.name.lower()) if (found := kind_of(word))]
    return not said or kind in ("", *said) or "kind" in {slot(name, one) for name, one in properties(tool).items()}


def _space(thing: Thing, kind: str, known: Briefing, *, needed: bool) -> JsonValue:
    if kind in WITHOUT_NAMESPACE:
        return "default" if needed else None
    return thing.namespace or next(iter(known.namespaces), None) or ("default" if needed else None)


def _other(name: str, role: str, known: Briefing, tool: Tool) -> JsonValue:
    """What does not depend on the thing: times, the environment, what a label of the alerts says under this name."""
    takes = properties(tool)
    start = known.start - _LONG if tool.kind in ("changes", "alerts") else known.start
    roles = {slot(other, one) for other, one in takes.items()}
    value: JsonValue = None
    if role == "start" and ("end" in roles or name in required(tool)):
        value = spelled_time(start, takes[name])
    elif role == "end":
        value = spelled_time(known.end, takes[name])
    elif role == "last" and "start" not in roles:
        value = spelled_length(name, (known.trouble.at - start).total_seconds(), takes[name])
    elif role == "environment":
        value = known.trouble.environment or None
    elif role in ("", "id"):
        value = known.labels.get(name)
    return value


def _needed(name: str, role: str, known: Briefing) -> JsonValue:
    """What a required argument gets that is left out otherwise; None when nothing is known for it."""
    fillers = {"limit": _limit, "labels": _labels, "jq": _jq, "id": _id, "reason": _reason, "columns": _columns}
    if role in ("flag", "url", "host"):
        # No address is taken from what an alert or an answer says: whoever writes one must not choose whom we call.
        return False if role == "flag" else None
    value = fillers[role](known) if role in fillers else None
    return value or known.labels.get(name) or _given_before(name, role, known)


def _given_before(name: str, role: str, known: Briefing) -> JsonValue:
    """What an answer gave under this name, or under its last words: ``cluster_name`` for ``kafka_cluster_name``.

    Only names and numbers of things: what an answer holds must not become a command, a query or an address.
    """
    if not _LINKS.search(name) or role in ("query", "keyword", "url", "host"):
        return None
    words = name.split("_")
    names = ["container_name"] if role == "container" else []
    names += ["_".join(words[at:]) for at in range(len(words))]
    return next((known.values[one] for one in names if one in known.values and one != "name"), None)


def _reason(known: Briefing) -> JsonValue:
    """Some tools want to be told why they are asked."""
    return known.trouble.text[:_LONGEST_REASON] or None


def _columns(known: Briefing) -> JsonValue:
    return "metadata.name,metadata.namespace,status.phase" if known.namespaces or known.things else None


def _limit(known: Briefing) -> JsonValue:
    said = re.search(r"\b(?:last|first|top)\s+(\d{1,4})\b|最[近后]\s*(\d{1,4})\s*[条行]", known.trouble.text)
    return int(said[1] or said[2]) if said else _ENOUGH


def _labels(known: Briefing) -> JsonValue:
    pairs = [f"{key}={value}" for key, value in known.labels.items() if key in ("app", "service", "namespace", "pod")]
    return ",".join(pairs[:2]) or None


def _jq(known: Briefing) -> JsonValue:
    """The names of a namespace's objects, as jq finds them in what kubectl lists."""
    if not known.namespaces:
        return None
    running = ' and .status.phase == "Running"' if re.search(r"\brunning\b|运行", known.trouble.text) else ""
    return f'.items[] | select(.metadata.namespace == "{known.namespaces[0]}"{running}) | .metadata.name'


def _id(known: Briefing) -> JsonValue:
    """What the trouble is known by where it was raised."""
    prints = [one.fingerprint for one in known.trouble.alerts]
    unique = [one for one in known.trouble.identifiers if re.fullmatch(r"[0-9a-f-]{16,}|[A-Z]+-\d+", one)]
    return next(iter([*prints, *unique]), None)


def worded(tool: Tool, known: Briefing, filled: Mapping[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    """The arguments with each wording of the query or search that they need; as they are when they need none.

    Logs are asked with a query where one is known, whether it is needed or not, and for what was before a crash.
    """
    slots, needs = roles(tool), required(tool)
    open_to = [name for name, role in slots.items() if role in _LATER and name not in filled]
    name = next((one for one in open_to if one in needs), None)
    asked = name or next((one for one in open_to if slots[one] == "query" and tool.kind == "logs"), None)
    wordings = _wordings(tool, slots[asked], asked, known) if asked else ()
    if name is None and not wordings:
        yield dict(filled)
        if known.crashing and "previous" in slots and "previous" not in filled:
            yield {**filled, "previous": True}
    for words in wordings:
        yield {**filled, str(asked): words}


def before(tool: Tool, known: Briefing, filled: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """The same question about the time before the trouble, so that logs can be held against it; None for others."""
    slots = roles(tool)
    start, end = (next((name for name in filled if slots.get(name) == one), None) for one in ("start", "end"))
    if tool.kind != "logs" or not start or not end or known.named_window:
        return None
    takes, until = properties(tool), known.start
    times = {start: spelled_time(until - _USUAL, takes[start]), end: spelled_time(until, takes[end])}
    return {**filled, **times}


def _wordings(tool: Tool, role: str, name: str, known: Briefing) -> Sequence[str]:
    if role == "query":
        return _queries(tool, name, known)[:_MOST_WORDINGS]
    return known.words if tool.kind == "logs" else ()


def _queries(tool: Tool, name: str, known: Briefing) -> Sequence[str]:
    """Queries in a language that the tool says it takes; none for a language that nothing is known of."""
    said = f"{tool.name} {tool.description} {properties(tool)[name].get('description', '')}"
    service = next(iter(known.services), "")
    space = next(iter(known.namespaces), "")
    if tool.kind == "logs" and known.logs and service:
        return (Template(known.logs).safe_substitute(service=service, namespace=space or service),)
    if re.search(r"logql|loki", said, re.IGNORECASE):
        place = f'namespace="{space}"' if space else f'app="{service}"' if service else ""
        pods = [f'{{{place}, pod=~"{service}.*"}}'] if space and service else []
        return [*pods, f"{{{place}}}"] if place else []
    if re.search(r"promql|prometheus|\bsql\b|jq\b", said, re.IGNORECASE):
        return ()
    if re.search(r"lucene|elastic|opensearch", said, re.IGNORECASE):
        return (f'"{service}" AND (error OR exception OR fail* OR timeout)', f'"{service}"') if service else ("error",)
    return (service,) if service else ()
