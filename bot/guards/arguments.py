"""What a model writes as a tool's arguments becomes arguments that follow the tool's schema, or is refused."""

from collections.abc import Mapping
from typing import cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from connectors.tools.port import Arguments, BadArguments, Tool

_SAID = 300


def admit(tool: Tool, arguments: Mapping[str, JsonValue]) -> Arguments:
    """The arguments, without those that are null; text that spells a wanted number or boolean becomes one.

    Raises BadArguments. Nothing is fetched for a schema that refers elsewhere: its tool is refused.
    """
    given = {key: _meant(value, _type(tool, key)) for key, value in arguments.items() if value is not None}
    try:
        Draft202012Validator.check_schema(dict(tool.arguments))
        # An empty registry: the default one would fetch what a schema refers to.
        wrong = best_match(Draft202012Validator(dict(tool.arguments), registry=Registry()).iter_errors(given))
    except (SchemaError, Unresolvable) as unusable:
        raise BadArguments(f"{tool.name} cannot be asked: its schema is unusable ({str(unusable)[:_SAID]}).") from None
    if wrong is None:
        return given
    place = ".".join(map(str, wrong.absolute_path))
    known = ", ".join(cast("dict[str, JsonValue]", tool.arguments.get("properties") or {})) or "nothing"
    raise BadArguments(f"{tool.name}: {f'{place}: ' if place else ''}{wrong.message[:_SAID]}. It takes: {known}.")


def _type(tool: Tool, key: str) -> JsonValue:
    properties = tool.arguments.get("properties")
    found = properties.get(key) if isinstance(properties, dict) else None
    return found.get("type") if isinstance(found, dict) else None


def _meant(value: JsonValue, wanted: JsonValue) -> JsonValue:
    """Small models write numbers and booleans as text."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if wanted == "integer" and text.removeprefix("-").isdecimal():
        return int(text)
    if wanted == "number" and text.removeprefix("-").replace(".", "", 1).isdecimal():
        return float(text)
    if wanted == "boolean" and text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    return value
