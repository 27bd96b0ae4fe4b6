"""What a guarded query may be made of: kinds of nodes in the syntax tree, functions by dialect, types to cast to.

All are lists of what is allowed; they stand in sql_allowed.toml.
"""

import tomllib
from functools import cache
from pathlib import Path

from sqlglot import exp

_FILE = Path(__file__).with_name("sql_allowed.toml")
_CHAPTERS: dict[str, dict[str, str]] = tomllib.loads(_FILE.read_text("utf-8"))
_COMBINATORS = tuple(name.lower() for name in _CHAPTERS["clickhouse"]["combinators"].split())
_ARGUMENTS = {kind: frozenset(parts.split()) for kind, parts in _CHAPTERS["parts"].items()}

NODES = frozenset(_CHAPTERS["nodes"]["kinds"].split())
"""The kinds of nodes that a query may hold, by the names of their classes."""
TYPES = frozenset(_CHAPTERS["postgres"]["types"].split())
"""The types of PostgreSQL's own that a query may name."""
SETTINGS = frozenset(_CHAPTERS["postgres"]["settings"].split())
"""The settings of PostgreSQL that a query may ask for."""


class NotAdmitted(Exception):
    """A query does not pass; the message tells the person why."""


def called(node: exp.Expr | None) -> str:
    """The name of the function that a node calls; empty when it calls none by name."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.ParameterizedAgg):
        return node.this if isinstance(node.this, str) else str(node.this.name)
    return ""


def unknown_part(node: exp.Expr) -> str:
    """What of a node is not on the list, in SQL's words; empty when all of it is."""
    if type(node).__name__ not in NODES:
        return type(node).__name__
    named = _ARGUMENTS.get(type(node).__name__)
    if named is None:
        return ""
    return next((key.strip("_") for key, value in node.args.items() if value and key not in named), "")


def may_call(name: str, dialect: str) -> bool:
    """Whether a function of that name may be called; of ClickHouse also an aggregate with combinators, ``countIf``."""
    folded = name.lower()
    if folded in _names(dialect, "calls"):
        return True
    return dialect == "clickhouse" and _combined(folded)


def may_yield_rows(name: str, dialect: str) -> bool:
    """Whether such a function may stand in FROM; in PostgreSQL each may."""
    return may_call(name, dialect) if dialect == "postgres" else name.lower() in _names(dialect, "rows")


def _combined(name: str) -> bool:
    for suffix in _COMBINATORS:
        stem = name.removesuffix(suffix)
        if stem != name and (stem in _names("clickhouse", "aggregates") or _combined(stem)):
            return True
    return False


@cache
def _names(dialect: str, kind: str) -> frozenset[str]:
    return frozenset(_CHAPTERS[dialect].get(kind, "").lower().split())
