"""What to ask next: the tools of a desk with what is known put into their arguments, the most telling calls first.

Nothing is known of any tool but what it says of itself: its name, its kind and the schema of its arguments.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bot.rules.briefing import Briefing
from bot.rules.filling import OBJECTS, before, fill, roles, worded
from bot.rules.objects import WITHOUT_NAMESPACE, WORKLOADS, Thing, kind_of, suggested
from bot.rules.slots import properties, required
from connectors.tools.port import Tool

_GUESSED, _SOUGHT, _LOGS = 0.25, 0.2, 0.15
_VERBS = (
    (r"describe|inspect|detail", 0.3),
    (r"log", 0.28),
    (r"find|search", 0.26),
    (r"event|status|health", 0.2),
    (r"change|deploy|rollout|histor", 0.15),
    (r"list|get_all|by_kind|lineage|children", 0.1),
    (r"yaml|manifest|spec", -0.1),
    (r"metric|rule|label|field|silence|count|top|memory|time|template|on_?call|fields", -0.15),
)
_TRIED = 10
_AGAIN, _SAME_KIND, _EARLIER = 0.04, 0.03, 0.1


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
    return _spread(list(found.values()), most)


def _spread(choices: list[Choice], most: int) -> list[Choice]:
    """The best first, but each further call of a tool or of a kind counts less: a trouble has several sides."""
    picked: list[Choice] = []
    tools: Counter[str] = Counter()
    kinds: Counter[str] = Counter()

    def worth(one: Choice) -> float:
        return one.score - _AGAIN * tools[one.tool.name] - _SAME_KIND * kinds[one.tool.kind]

    while choices and len(picked) < most:
        best = max(choices, key=worth)
        choices.remove(best)
        picked.append(best)
        tools[best.tool.name] += 1
        kinds[best.tool.kind] += 1
    return picked


def _for_things(tool: Tool, known: Briefing) -> Iterator[Choice]:
    slots = roles(tool)
    if not OBJECTS & set(slots.values()):
        return
    for thing in known.things[:_TRIED]:
        for kind in _kinds(thing, slots, known):
            filled = fill(tool, known, thing, kind)
            if filled is None or not _is_about(filled, thing):
                continue
            for one in worded(tool, known, filled):
                wanted = _SOUGHT if kind == "pod" and thing.kind in WORKLOADS else 0.0
                guessed = "default" in one.values() and "default" not in (thing.namespace, *known.namespaces)
                yield from _twice(Choice(tool, one, _score(tool, thing.rank, one) + wanted - _GUESSED * guessed), known)


def _twice(choice: Choice, known: Briefing) -> Iterator[Choice]:
    """A call, and for logs the same about the time before."""
    yield choice
    earlier = before(choice.tool, known, choice.arguments)
    if earlier:
        yield Choice(choice.tool, earlier, choice.score - _EARLIER)


def _kinds(thing: Thing, slots: Mapping[str, str], known: Briefing) -> Sequence[str]:
    """As what a thing is asked about: what it is, what it may be, and the pods that are named for it."""
    if thing.kind in WORKLOADS and {"kind", "keyword"} <= set(slots.values()):
        return (thing.kind, "pod")
    if thing.kind:
        return (thing.kind,)
    if "kind" not in slots.values():
        return ("",)
    named = [kind for kind in known.kinds if kind not in WITHOUT_NAMESPACE]
    return list(dict.fromkeys([*named, "deployment"]))[:3]


def _for_spaces(tool: Tool, known: Briefing) -> Iterator[Choice]:
    """Calls that ask for all of a kind, of a namespace, or for everything that a system has."""
    slots = roles(tool)
    if tool.kind == "logs" and "pod" in slots.values():
        return
    by_kind = any(one == "kind" and name in required(tool) for name, one in slots.items())
    for kind in known.kinds[:3] if by_kind else ("",):
        for space in known.namespaces[:2] or ("",):
            filled = fill(tool, known, Thing("", kind, space, 0.6), kind)
            for one in worded(tool, known, filled) if filled is not None else ():
                texts = [str(value) for value in one.values()]
                near = 0.62 if space and any(space in text for text in texts) else 0.5
                near = 0.9 if any(service in text for service in known.services for text in texts) else near
                # What a service needs may have changed, and nobody has named it.
                near = 0.9 if tool.kind == "changes" else near
                yield from _twice(Choice(tool, one, _score(tool, near, one)), known)


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
            if given.keys() <= takes - _addresses(tool) and any(_names(text, near) for text in texts):
                yield Choice(tool, given, 1.2 if all(_names(text, near) or kind_of(text) for text in texts) else 0.9)


def _addresses(tool: Tool) -> set[str]:
    return {name for name, role in roles(tool).items() if role in ("url", "host")}


def _names(text: str, near: Collection[str]) -> bool:
    return any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) for name in near)


def _score(tool: Tool, near: float, given: Mapping[str, JsonValue]) -> float:
    verb = sum(weight for pattern, weight in _VERBS if re.search(pattern, tool.name.lower()))
    verb += _LOGS if tool.kind == "logs" else 0.0
    return near + max(-0.2, min(0.4, verb)) + 0.01 * len(given)
