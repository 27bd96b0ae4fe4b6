"""Admits what a rule, a model or a person chooses as a remedy: only so does it become an action.

A choice is untrusted: an id and values. What comes out is the catalogue's own text, with values in it that are bounded
by the catalogue and were seen in the evidence of live systems, or are known of the services.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from bot import parameters
from bot.catalogue import Catalogue
from bot.placeholders import BadText, fill_text, named
from bot.remedy import Choice, Remedy
from bot.vocabulary import Evidence, Language
from connectors.remediation.port import Action, BadSpec
from knowledge.service_graph import ServiceGraph

Reason = Literal["unknown remedy", "bad parameter", "never seen", "unusable entry"]

_SAID: Mapping[Reason, Mapping[Language, str]] = {
    "unknown remedy": {
        "en": "The catalogue has no remedy {name!r}.",
        "zh": "处置目录里没有 {name!r}。",
    },
    "bad parameter": {
        "en": "{name} of this remedy cannot be {value}: {why}.",
        "zh": "该处置的参数 {name} 不能是 {value}：{why}。",
    },
    "never seen": {
        "en": "{name} is {value}, and nothing that was looked at names it.",
        "zh": "{name} 是 {value}，但查到的内容里没有提到它。",
    },
    "unusable entry": {
        "en": "The catalogue's entry {name} cannot be filled in: {why}.",
        "zh": "处置目录的条目 {name} 无法填入参数：{why}。",
    },
}
_LONGEST_SHOWN = 60


class NotAdmitted(Exception):
    """The choice becomes no action. ``sentence`` says why, ``reason`` which rule it was; the message is English."""

    def __init__(self, reason: Reason, name: str, value: object = "", why: str = "") -> None:
        self.reason = reason
        self._said = {"name": _short(name), "value": _short(value), "why": why.rstrip(".")}
        super().__init__(self.sentence("en"))

    def sentence(self, language: Language) -> str:
        """Why, for people."""
        return _SAID[self.reason][language].format(**self._said)


def admit(choice: Choice, catalogue: Catalogue, seen: Sequence[Evidence], graph: ServiceGraph) -> Action:
    """The action that a choice means. Raises NotAdmitted.

    Every parameter fits its schema. The target, and every parameter whose values the catalogue does not list itself,
    stands word for word in what a live system answered, or in the service graph; an answer does not count for what
    its own question named: a query can make any value come back. A number, a truth value or a default is the
    catalogue's own.
    """
    remedy, given = _fitting(choice, catalogue)
    _require_seen(remedy, given, tuple(_answers(seen)), _of_graph(graph, given))
    _require_service(remedy, given, graph)
    return _action(remedy, given, catalogue)


def admit_typed(choice: Choice, catalogue: Catalogue, graph: ServiceGraph) -> Action:
    """The action of a choice that no evidence stands behind: its values have to fit, not to have been seen.

    Only for what somebody with access to this machine types for a dry run, and for taking back an action that was
    admitted before, with its values. Raises NotAdmitted.
    """
    remedy, given = _fitting(choice, catalogue)
    _require_service(remedy, given, graph)
    return _action(remedy, given, catalogue)


def _fitting(choice: Choice, catalogue: Catalogue) -> tuple[Remedy, dict[str, JsonValue]]:
    remedy = catalogue.get(choice.remedy)
    if remedy is None:
        raise NotAdmitted("unknown remedy", choice.remedy)
    given = parameters.complete(remedy.parameters, choice.parameters)
    for name, why in parameters.misfits(remedy.parameters, given):
        raise NotAdmitted("bad parameter", name, repr(given.get(name)), why)
    return remedy, given


def _require_seen(
    remedy: Remedy, given: Mapping[str, JsonValue], answers: Sequence[tuple[str, str]], known: Collection[str]
) -> None:
    """Raises NotAdmitted for the first value that nothing names."""
    aimed = set(named(remedy.target))
    for name, schema in parameters.properties(remedy.parameters).items():
        own = parameters.listed(schema) or given[name] == schema.get("default")
        if (name in aimed or not own) and not _is_seen(_text(given[name]), answers, known):
            raise NotAdmitted("never seen", name, _text(given[name]))
    if not aimed and not _is_seen(remedy.target, answers, known):
        raise NotAdmitted("never seen", "target", remedy.target)


def _require_service(remedy: Remedy, given: Mapping[str, JsonValue], graph: ServiceGraph) -> None:
    for name, schema in parameters.properties(remedy.parameters).items():
        if graph.services and parameters.role(name, schema) == "service" and given[name] not in graph.services:
            raise NotAdmitted("bad parameter", name, repr(given[name]), "is not among the services")


def _action(remedy: Remedy, given: dict[str, JsonValue], catalogue: Catalogue) -> Action:
    executor = catalogue.executor(remedy)
    try:
        return Action(
            remedy=remedy.id,
            entry=remedy.digest,
            executor=remedy.executor,
            target=fill_text(remedy.target, given),
            environment=fill_text(remedy.environment, given),
            parameters=given,
            run=executor.fill(remedy.run, given),
            rehearsal=executor.fill(remedy.rehearsal, given) if remedy.rehearsal else {},
        )
    except (BadSpec, BadText) as unusable:
        raise NotAdmitted("unusable entry", remedy.id, why=str(unusable)) from unusable


def _is_seen(value: str, answers: Sequence[tuple[str, str]], known: Collection[str]) -> bool:
    if value in known:
        return True
    # A longer name or version is another one: payments-2 does not show payments, nor 3.3.0-rc1 a 3.3.0.
    word = re.compile(rf"(?<![\w-])(?<!\w\.){re.escape(value)}(?![\w-])(?!\.\w)", re.ASCII)
    return any(word.search(text) and not word.search(asked) for text, asked in answers)


def _answers(seen: Sequence[Evidence]) -> Iterator[tuple[str, str]]:
    """What live systems answered, each with what it was asked.

    What people wrote once, or what could not be asked, does not show that something is there now.
    """
    for one in seen:
        if one.kind == "tool":
            cells = (str(cell) for row in (one.rows.rows if one.rows else ()) for cell in row)
            names = (line.name for line in one.lines)
            yield "\n".join((one.text, *cells, *names)), f"{one.query}\n{one.heading}"


def _of_graph(graph: ServiceGraph, given: Mapping[str, JsonValue]) -> frozenset[str]:
    """What is known of services beforehand: names, namespaces, environments, and releases of those that are named."""
    told = ((one.name, one.namespace, *one.environments) for one in graph.services.values())
    releases = (one.release for one in graph.services.values() if one.name in given.values())
    return frozenset(value for values in (*told, releases) for value in values if value)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


def _short(value: object) -> str:
    text = "".join(sign if sign.isprintable() else "�" for sign in str(value)[: 2 * _LONGEST_SHOWN])
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
