"""What to ask next: the tools of a desk with what is known put into their arguments, the most telling calls first.

Nothing is known of any tool but what it says of itself: its name, its kind and the schema of its arguments.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from string import Template

from pydantic import JsonValue

from bot.rules.briefing import Briefing
from bot.rules.objects import WITHOUT_NAMESPACE, WORKLOADS, Thing, kind_of, suggested
from bot.rules.slots import Schema, properties, required, slot, spelled_kind, spelled_length, spelled_time
from connectors.tools.port import Tool

_OBJECTS = frozenset(("pod", "node", "workload", "job", "service", "name", "named", "keyword"))
_PLACES = _OBJECTS | {"kind"}
_LATER = frozenset(("query", "keyword"))
_GUESSED = 0.25
_VERBS = (
    (r"describe|inspect|detail", 0.3),
    (r"log", 0.28),
    (r"find|search", 0.26),
    (r"event|status|health", 0.2),
    (r"change|deploy|rollout|histor", 0.15),
    (r"list|get_all|by_kind|lineage|children", 0.1),
    (r"yaml|manifest|spec", -0.1),
    (r"metric|rule|label|field|silence|count|top|memory|time|template", -0.15),
)
_LONG = timedelta(hours=24)
_TRIED, _ENOUGH = 10, 100


@dataclass(frozen=True)
class Choice:
    """A call that could be made. ``score`` orders choices."""

    tool: Tool
    arguments: Mapping[str, JsonValue]
    score: float

    @property
    def key(self) -> str:
        """The same for the same question."""
        return json.dumps([self.tool.name, dict(self.arguments)], sort_keys=True, ensure_ascii=False)


def choose(tools: Sequence[Tool], known: Briefing, asked: Collection[str], most: int) -> list[Choice]:
    """At most so many calls that were not asked yet, by their ``key``, the most telling first.

    A tool is left out while one of its required arguments cannot be filled with something that is known.
    """
    found: dict[str, Choice] = {}
    for tool in tools:
        for choice in (*_shown(tool, known), *_for_things(tool, known), *_for_spaces(tool, known)):
            if choice.key not in asked and choice.score > found.get(choice.key, choice).score - 1e-9:
                found[choice.key] = choice
    return sorted(found.values(), key=lambda one: -one.score)[:most]


def _for_things(tool: Tool, known: Briefing) -> Iterator[Choice]:
    slots = {name: slot(name, schema) for name, schema in properties(tool).items()}
    if not _OBJECTS & set(slots.values()):
        return
    for thing in known.things[:_TRIED]:
        for kind in _kinds(thing, slots, known):
            filled = _filled(tool, slots, known, thing, kind)
            if filled is None or not _is_about(filled, thing):
                continue
            for one in _worded(tool, slots, known, filled):
                guessed = "default" in one.values() and "default" not in (thing.namespace, *known.namespaces)
                yield Choice(tool, one, _score(tool, thing.rank, one) - _GUESSED * guessed)


def _kinds(thing: Thing, slots: Mapping[str, str], known: Briefing) -> Sequence[str]:
    if thing.kind:
        return (thing.kind,)
    if "kind" not in slots.values():
        return ("",)
    named = [kind for kind in known.kinds if kind not in WITHOUT_NAMESPACE]
    return list(dict.fromkeys([*named, "deployment"]))[:3]


def _for_spaces(tool: Tool, known: Briefing) -> Iterator[Choice]:
    """Calls that ask for all of a kind, of a namespace, or for everything that a system has."""
    slots = {name: slot(name, schema) for name, schema in properties(tool).items()}
    by_kind = any(one == "kind" and name in required(tool) for name, one in slots.items())
    for kind in known.kinds[:3] if by_kind else ("",):
        for space in known.namespaces[:2] or ("",):
            filled = _filled(tool, slots, known, Thing("", kind, space, 0.6), kind)
            if filled is not None:
                near = 0.62 if space and space in filled.values() else 0.5
                yield from (Choice(tool, one, _score(tool, near, one)) for one in _worded(tool, slots, known, filled))


def _filled(
    tool: Tool, slots: Mapping[str, str], known: Briefing, thing: Thing, kind: str
) -> dict[str, JsonValue] | None:
    """The arguments that can be filled for a thing; None when one that is required cannot."""
    given: dict[str, JsonValue] = {}
    needs, takes = required(tool), properties(tool)
    for name, role in slots.items():
        schema = takes[name]
        value = _object(role, thing, kind, schema, tool) if role in _PLACES else _other(name, role, known, tool)
        if role == "namespace":
            value = _space(thing, kind, known, needed=name in needs)
        if role == "named":
            # What it names is not known: only where it has to be given, and a label of an alert would be better.
            value = known.labels.get(name) or (value if name in needs else None)
        if value is None and name in needs:
            value = schema.get("default") if "default" in schema else _needed(name, role, known)
        if value not in (None, ""):
            given[name] = value
    return (
        given
        if needs <= {*given, *(name for name, role in slots.items() if name in needs and role in _LATER)}
        else None
    )


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
        "name": _named_for(tool, kind),
        "named": kind in ("", "service", "deployment", "statefulset"),
        "keyword": tool.kind != "logs",
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
    fillers = {"limit": _limit, "labels": _labels, "jq": _jq, "id": _id}
    return fillers[role](known) if role in fillers else False if role == "flag" else known.labels.get(name)


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


def _worded(
    tool: Tool, slots: Mapping[str, str], known: Briefing, filled: Mapping[str, JsonValue]
) -> Iterator[dict[str, JsonValue]]:
    """The arguments with each wording of a query or a search that they need; as they are when they need none."""
    name = next((one for one in slots if slots[one] in _LATER and one not in filled and one in required(tool)), None)
    if name is None:
        yield dict(filled)
        return
    wordings: Sequence[str] = known.words if tool.kind == "logs" else ()
    if slots[name] == "query":
        wordings = _queries(tool, name, known)
    for words in wordings:
        yield {**filled, name: words}


def _queries(tool: Tool, name: str, known: Briefing) -> Sequence[str]:
    """Queries in a language that the tool says it takes; none for a language that nothing is known of."""
    said = f"{tool.name} {tool.description} {properties(tool)[name].get('description', '')}"
    service = next(iter(known.services), "")
    space = next(iter(known.namespaces), "")
    if tool.kind == "logs" and known.logs and service:
        return (Template(known.logs).safe_substitute(service=service, namespace=space or service),)
    if re.search(r"logql|loki", said, re.IGNORECASE):
        pods = [one.name for one in known.things if one.kind == "pod" and one.rank >= 0.7]
        place = f'namespace="{space}"' if space else f'app="{service}"' if service else ""
        pod = [f'{{{place}, pod="{one}"}}' for one in pods[:1]] if space else []
        return [*pod, f"{{{place}}}"] if place else []
    if re.search(r"promql|prometheus|\bsql\b|jq\b", said, re.IGNORECASE):
        return ()
    if re.search(r"lucene|elastic|opensearch", said, re.IGNORECASE):
        return (f'"{service}" AND (error OR exception OR fail* OR timeout)', f'"{service}"') if service else ("error",)
    return (service,) if service else ()


def _is_about(filled: Mapping[str, JsonValue], thing: Thing) -> bool:
    return thing.name in filled.values()


def _shown(tool: Tool, known: Briefing) -> Iterator[Choice]:
    """Arguments that a refusal showed, when they are about what the trouble names: its text may show anything else."""
    near = {one.name for one in known.things if one.rank >= 0.6} | set(known.namespaces) | set(known.words)
    takes = set(properties(tool))
    for answer in known.shown:
        if answer.tool != tool.name:
            continue
        for given in suggested(answer.text):
            texts = [value for value in given.values() if isinstance(value, str)]
            if given.keys() <= takes and any(_names(text, near) for text in texts):
                yield Choice(tool, given, 1.2 if all(_names(text, near) or kind_of(text) for text in texts) else 0.9)


def _names(text: str, near: Collection[str]) -> bool:
    return any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) for name in near)


def _score(tool: Tool, near: float, given: Mapping[str, JsonValue]) -> float:
    verb = sum(weight for pattern, weight in _VERBS if re.search(pattern, tool.name.lower()))
    return near + max(-0.2, min(0.4, verb)) + 0.01 * len(given)
