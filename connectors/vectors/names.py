"""How names are written and kept apart: payload keys as Qdrant's paths, aliases and collections."""

import re
from collections.abc import Container, Mapping

from connectors.vectors.port import VectorStoreUnavailable

_PLAIN = re.compile(r"[\w-]+")
_UNWRITABLE = re.compile(r'["\\]')


def path_of(key: str) -> str:
    """The path to exactly this key: in quotes where dots, brackets or blanks would lead somewhere else.

    https://qdrant.tech/documentation/concepts/filtering/#nested-key; a quotation mark or backslash cannot be written.
    """
    if not key or _UNWRITABLE.search(key):
        raise VectorStoreUnavailable(
            f"The payload key {key!r} cannot be filtered by: it is empty or has a quotation mark or backslash in it."
        )
    return key if _PLAIN.fullmatch(key) else f'"{key}"'


def key_of(path: str) -> str:
    """The key that a path made by ``path_of`` leads to."""
    return path.removeprefix('"').removesuffix('"')


def check_alias(alias: str, collections: Container[str]) -> None:
    """Raises VectorStoreUnavailable when the alias would hide a collection."""
    if alias in collections:
        raise VectorStoreUnavailable(f"{alias!r} cannot be an alias: a collection has that name. Choose another.")


def check_unnamed(collection: str, aliases: Mapping[str, str]) -> None:
    """Raises VectorStoreUnavailable when an alias names the collection."""
    if names := sorted(alias for alias, named in aliases.items() if named == collection):
        raise VectorStoreUnavailable(
            f"Collection {collection!r} is in use as {', '.join(names)}. Point that name at another collection first."
        )
