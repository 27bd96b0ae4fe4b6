"""How the name of a payload key is written where Qdrant expects a path."""

import re

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
