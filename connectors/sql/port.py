"""The SQL seam: one database that is only read, by statements that the guard has admitted."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Dialect = Literal["postgres", "mysql", "sqlite", "clickhouse"]
Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Column:
    """A column as declared. ``samples`` are the values of its first rows when they are few and short, else empty.

    ``synonyms`` are what people call it; no database knows them, a team adds them.
    """

    name: str
    type: str
    comment: str = ""
    samples: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignKey:
    """Columns that hold the key of another table, in the order of that key's columns."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table or view. ``rows`` is what the database estimates, None where it does not. ``synonyms`` as of a column."""

    name: str
    columns: tuple[Column, ...]
    comment: str = ""
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int | None = None
    synonyms: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case."""
        return next((one for one in self.columns if one.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Schema:
    """What may be asked: tables in alphabetical order, each by the name that a query gives it.

    ``default`` is the name of the database's schema that they are in, ``enumerations`` are its types that list words.
    """

    tables: tuple[Table, ...]
    default: str = ""
    enumerations: tuple[str, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of that name, whatever its case."""
        return next((one for one in self.tables if one.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class AdmittedQuery:
    """One read-only statement as the guard wrote it anew; made by bot/guards/sql.py alone.

    ``tables`` and ``columns`` (``table.column``) are those that it reads; ``withheld`` are columns of these tables that
    the asker does not see, or sees masked; ``rows`` is the most it may give back.
    """

    text: str
    dialect: Dialect
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    withheld: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Plan:
    """What the database expects of a query: the most rows that one of its steps handles, its cost in its own unit.

    None is what it does not say.
    """

    rows: float | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Rows:
    """What a query gave. ``truncated`` when it had more than its cap of rows or bytes, or a value was cut."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool
    seconds: float


@dataclass(frozen=True)
class Rights:
    """Who asks the database, and what the database itself would stop.

    ``writes`` names what the user could change if our own locks were off, as the database says it; empty when nothing.
    ``seconds`` is after how long the server ends a query of ours, None when it would not.
    """

    server: str
    user: str
    writes: tuple[str, ...]
    seconds: float | None


class SqlUnavailable(Exception):
    """The database cannot be asked; the message says how to mend it. Asking differently changes nothing."""


class SqlRefused(Exception):
    """The database took the query and refused it: its own words, so that the query can be mended."""


class Database(Protocol):
    """One database. Every call has a deadline, changes nothing, and leaves no connection behind.

    It is asked as ``role`` where the database knows roles; empty: as the connection's own user.
    """

    @property
    def dialect(self) -> Dialect:
        """The SQL that it speaks."""

    async def schema(self, role: str = "") -> Schema:
        """What there is to ask, and nothing that may not be read. Raises SqlUnavailable."""

    async def rights(self) -> Rights:
        """Who the connection's user is and what they may do, for the doctor. Raises SqlUnavailable."""

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        """What the query would take, without running it. Raises SqlUnavailable or SqlRefused."""

    async def run(self, query: AdmittedQuery, role: str = "") -> Rows:
        """The query's rows. Raises SqlUnavailable, or SqlRefused, also when it takes too long or too much memory."""
