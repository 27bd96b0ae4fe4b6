"""Text that every database takes: what monitoring systems and people send may hold signs that PostgreSQL refuses."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def storable(text: str) -> str:
    """The text without NUL, and with a question mark for each half of a sign that has lost the other one."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def storable_row(row: R) -> R:
    """The row with all its texts storable."""
    texts = {one.name: getattr(row, one.name) for one in fields(row)}
    return replace(row, **{name: storable(text) for name, text in texts.items() if isinstance(text, str)})
