"""Which tables and columns of a database somebody may read, by the groups they are in."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from connectors.llm.port import Level
from connectors.sql.port import Schema, Table

Limited = Literal["masked", "forbidden"]
# Names that no public name server answers: RFC 6761, RFC 6762, RFC 8375, and the one that ICANN reserved in 2024.
_OWN = (".localhost", ".local", ".home.arpa", ".internal", ".lan", ".svc")


@dataclass(frozen=True)
class Policy:
    """What may be asked of a database.

    ``masked`` and ``forbidden`` are columns as ``table.column`` or ``*.column``, each with the groups that may read it
    all the same. ``tables`` are those that may be asked, all when empty. ``roles`` are database roles by group: the
    first of a person's is used. ``rows`` is the most that an answer has; ``plan_rows`` and ``plan_cost`` are the most
    that the database may expect of a query.
    """

    rows: int = 200
    plan_rows: float = 5_000_000
    plan_cost: float = 5_000_000
    tables: Collection[str] = ()
    masked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    forbidden: Mapping[str, Sequence[str]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)

    def role(self, groups: Collection[str]) -> str:
        """The database role of somebody in these groups; empty when none has one."""
        return next((role for group, role in self.roles.items() if group in groups), "")

    def unknown(self, schema: Schema) -> list[str]:
        """What it names that is not in the schema: a column that is misspelt here would be open."""
        there = {table.name.casefold() for table in schema.tables}
        there |= {f"{t.name}.{c.name}".casefold() for t in schema.tables for c in t.columns}
        there |= {f"*.{column.name}".casefold() for table in schema.tables for column in table.columns}
        return [name for name in (*self.tables, *self.masked, *self.forbidden) if name.casefold() not in there]

    def limits(self, schema: Schema, groups: Collection[str]) -> Mapping[tuple[str, str], Limited]:
        """What they may not see as it is, by table and column. Forbidden is stronger than masked."""
        named = ((table.name, column.name) for table in schema.tables for column in table.columns)
        found: dict[tuple[str, str], Limited] = {}
        for table, column in named:
            if _closed(table, column, self.forbidden, groups):
                found[table, column] = "forbidden"
            elif _closed(table, column, self.masked, groups):
                found[table, column] = "masked"
        return found


def visible(schema: Schema, policy: Policy, limits: Mapping[tuple[str, str], Limited]) -> Schema:
    """The schema as somebody with these limits is shown it: without forbidden columns and without masked values."""
    wanted = {name.casefold() for name in policy.tables}
    tables = (table for table in schema.tables if not wanted or table.name.casefold() in wanted)
    return replace(schema, tables=tuple(_shown(table, limits) for table in tables))


def sample_readers(samples: bool | Literal["local"], endpoints: Iterable[str | None]) -> tuple[Level, ...]:  # noqa: FBT001 - it is the setting
    """The levels of models that may see sample values; ``endpoints`` are the addresses of all that are not local."""
    if samples == "local":
        return ("endpoint", "local") if all(stays_in_house(one or "") for one in endpoints) else ("local",)
    return ("endpoint", "local") if samples else ()


def stays_in_house(url: str) -> bool:
    """Whether an address is of this machine or a private network by what it says; no name is looked up."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A number may be an address too, written without dots.
        return host[:1].isalpha() and ("." not in host or host.endswith(_OWN))
    return address.is_private or address.is_loopback or address.is_link_local


def _shown(table: Table, limits: Mapping[tuple[str, str], Limited]) -> Table:
    columns = (column for column in table.columns if limits.get((table.name, column.name)) != "forbidden")
    shown = (replace(one, samples=()) if (table.name, one.name) in limits else one for one in columns)
    return replace(table, columns=tuple(shown))


def _closed(table: str, column: str, named: Mapping[str, Sequence[str]], groups: Collection[str]) -> bool:
    """Whether a column is named, and none of the groups opens it. Where two entries name it, each must be opened."""
    here = {f"{table}.{column}".casefold(), f"*.{column}".casefold()}
    return any(name.casefold() in here and not set(openers) & set(groups) for name, openers in named.items())
