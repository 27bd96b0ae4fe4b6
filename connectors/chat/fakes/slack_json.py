"""JSON as it came from outside: what is not of the expected kind reads as empty."""

from pydantic import JsonValue

Json = dict[str, JsonValue]


def text(value: JsonValue) -> str:
    """A string, or the empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: JsonValue) -> Json:
    """An object, or the empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """A list, or the empty one."""
    return value if isinstance(value, list) else []


def mappings(value: JsonValue) -> list[Json]:
    """The objects of a list."""
    return [one for one in items(value) if isinstance(one, dict)]
