"""Which recording answers a call, and what the tools of some recordings look like; pure functions."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import cast

from pydantic import JsonValue

from connectors.tools.port import Arguments, BadArguments, Kind, Recording, Result, Tool

ANY = "*"
_KINDS: Sequence[tuple[str, Kind]] = (
    (r"alert|monitor|rule", "alerts"),
    (r"log", "logs"),
    (r"metric|prometheus|top|performance", "metrics"),
    (r"change|deploy|rollout|commit|release", "changes"),
    (r"kube|k8s|eks|pod|node|event|cluster", "cluster"),
    (r"http|dns|tls|web", "network"),
)
_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def answer(recordings: Iterable[Recording], name: str, arguments: Arguments) -> Result:
    """The result recorded for exactly these arguments, else for the most definite pattern that they meet.

    Arguments that are null or empty text count as left out. Raises BadArguments that names what was recorded.
    """
    given = _given(arguments)
    of_tool = [one for one in recordings if one.tool == name]
    exact = next((one for one in of_tool if _given(one.arguments) == given), None)
    if exact:
        return exact.result
    fitting = [one for one in of_tool if _meets(given, one.arguments)]
    if fitting:
        return max(fitting, key=lambda one: sum(value != ANY for value in one.arguments.values())).result
    known = "; ".join(json.dumps(dict(one.arguments), ensure_ascii=False) for one in of_tool[:10])
    raise BadArguments(
        f"Nothing was recorded for {called(name, arguments)}. Recorded: {known or 'no call of this tool'}."
    )


def tools_of(recordings: Sequence[Recording], described: Sequence[Tool]) -> list[Tool]:
    """The tools that have recordings: as they were described, else what their arguments show."""
    known = {tool.name: tool for tool in described}
    names = dict.fromkeys(one.tool for one in recordings)
    return [known.get(name) or _shown(name, [one for one in recordings if one.tool == name]) for name in names]


def called(name: str, arguments: Arguments) -> str:
    """A call in one line."""
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False)}' for key, value in arguments.items())})"


def as_json(tool: Tool) -> dict[str, JsonValue]:
    """A tool as it is kept in a file."""
    return cast("dict[str, JsonValue]", asdict(tool))


def _given(arguments: Arguments) -> dict[str, JsonValue]:
    return {key: value for key, value in arguments.items() if value is not None and value != ""}


def _meets(given: Arguments, pattern: Arguments) -> bool:
    named = {key: value for key, value in pattern.items() if key != ANY and value is not None and value != ""}
    further = given.keys() - named.keys()
    if further and ANY not in pattern:
        return False
    return all(value == ANY or given.get(key) == value for key, value in named.items())


def _shown(name: str, recordings: Sequence[Recording]) -> Tool:
    """A tool as its recordings show it: what every call gave is required."""
    keys = dict.fromkeys(key for one in recordings for key in one.arguments if key != ANY)
    properties: dict[str, JsonValue] = {}
    for key in keys:
        values = [one.arguments[key] for one in recordings if one.arguments.get(key) not in (None, ANY)]
        types = {_TYPES.get(type(value), "") for value in values}
        properties[key] = {"type": types.pop()} if len(types) == 1 and "" not in types else {}
    required: list[JsonValue] = [
        key for key in keys if all(one.arguments.get(key, ANY) not in (ANY, "", None) for one in recordings)
    ]
    schema: dict[str, JsonValue] = {"type": "object", "properties": properties, "required": required}
    if not any(ANY in one.arguments for one in recordings):
        schema["additionalProperties"] = False
    kind: Kind = next((kind for part, kind in _KINDS if re.search(part, name)), "other")
    title = name.replace("_", " ").capitalize()
    return Tool(name, title, f"{title}, as it was recorded.", schema, kind)
