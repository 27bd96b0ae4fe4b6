"""Pages that contradict each other: the same setting, limit or threshold of the same service, with other values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.statements import Statement

MOST_VALUES = 3
"""A name with more values than this stands for different things."""


@dataclass(frozen=True)
class Contradiction:
    """What is said differently, and by whom: one statement of each document, those of equal values together."""

    key: str
    scope: str
    statements: tuple[Statement, ...]


def contradictions(statements: Iterable[Statement]) -> list[Contradiction]:
    """The contradictions among documents, each once, in the order of their keys.

    A document that itself gives several values speaks of several cases and is believed to know better.
    """
    spoken: dict[tuple[str, frozenset[str], str, str], list[Statement]] = {}
    for one in statements:
        for scope in one.scopes:
            spoken.setdefault((one.key.casefold(), one.qualifiers, one.value.measure, scope), []).append(one)
    found: dict[tuple[str, tuple[Statement, ...]], Contradiction] = {}
    for (key, _, _, scope), together in sorted(spoken.items(), key=lambda item: (item[0][0], item[0][3])):
        certain = _certain(together)
        if 1 < len({one.value for one in certain}) <= MOST_VALUES:
            # The same statements may share several scopes.
            found.setdefault((key, tuple(certain)), Contradiction(together[0].key, scope, tuple(certain)))
    return list(found.values())


def _certain(statements: Sequence[Statement]) -> list[Statement]:
    by_document: dict[str, list[Statement]] = {}
    for one in statements:
        by_document.setdefault(one.document_id, []).append(one)
    alone = [said[0] for said in by_document.values() if len({one.value for one in said}) == 1]
    return sorted(alone, key=lambda one: (str(one.value), one.document_id))
