"""Looking into what Slack sends, which may have any shape: what is missing or of another kind is empty."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

Json = Mapping[str, JsonValue]


def mapping(value: JsonValue | Json) -> Json:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: JsonValue) -> Sequence[JsonValue]:
    """The value when it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: JsonValue) -> list[Json]:
    """The objects of an array; the rest of it is left out."""
    return [item for item in items(value) if isinstance(item, dict)]


def text(value: JsonValue) -> str:
    """The value when it is a string, else an empty one; without what no database takes: zero bytes, half pairs."""
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else ""
