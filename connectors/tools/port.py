"""The tools seam: read-only questions to live systems, asked by name with arguments that follow a schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

Kind = Literal["metrics", "logs", "cluster", "alerts", "changes", "network", "other"]
Arguments: TypeAlias = Mapping[str, JsonValue]
Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Tool:
    """One question that can be asked. ``arguments`` is the JSON schema of what it takes, an object.

    Titles and descriptions of other people's servers are untrusted, like everything else that comes from them.
    """

    name: str
    title: str
    description: str
    arguments: Mapping[str, JsonValue]
    kind: Kind = "other"
    read_only: Literal[True] = True


@dataclass(frozen=True)
class Table:
    """Rows under columns, each row as long as the columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Series:
    """Values over time: ``points`` are (seconds since 1970, value) in the order of time."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Result:
    """What a system answered, in words; table and series hold the same for a chart.

    ``query`` is exactly what was asked of the system, so that a person can ask again; ``link`` opens its console
    there. ``truncated`` when there was more than is said here. ``failed`` when the system itself answered that the
    question went wrong: that is quotable too, as what could not be seen.
    """

    text: str
    query: str
    link: str = ""
    table: Table | None = None
    series: tuple[Series, ...] = ()
    truncated: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Recording:
    """One call and its result, to be answered again without the system.

    In ``arguments`` the value ``*`` stands for any value or none, and the name ``*`` for any further arguments.
    """

    tool: str
    arguments: Arguments
    result: Result


class ToolUnavailable(Exception):
    """The system cannot be asked; the message says how to mend it. ``passing`` when the same call may go well soon."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class BadArguments(Exception):
    """The question cannot be asked like this; the message says what to write instead. Asking again changes nothing."""


class Tools(Protocol):
    """The tools of one system. A call reads and changes nothing, so it may be sent more than once."""

    async def list(self) -> Sequence[Tool]:
        """What can be asked now, always in the same order. Raises ToolUnavailable."""

    async def call(self, name: str, arguments: Arguments) -> Result:
        """Ask one question. That something does not exist is a result. Raises ToolUnavailable or BadArguments."""


class Recorder(Protocol):
    """Keeps results, so that they can be answered again."""

    async def save(self, tool: Tool, arguments: Arguments, result: Result) -> None:
        """Keep one result; a later one to the same call replaces it. Raises ToolUnavailable."""
