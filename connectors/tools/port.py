"""The tools seam: read-only questions to live systems, asked by name with arguments that follow a schema."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

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


Word = Annotated[str, Field(max_length=200)]
_MOST_FURTHER, _LONGEST_FURTHER = 20, 500


class Change(BaseModel):
    """One thing that changed, wherever: a deployment, a flag, a configuration, a migration."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """What it is known by where it comes from: sent twice, it is one change."""

    at: AwareDatetime
    """When it took effect."""

    service: Annotated[str, Field(min_length=1, max_length=200)]
    """What was changed."""

    summary: Annotated[str, Field(min_length=1, max_length=2000)]
    """What it changes, in words."""

    kind: Word = "deployment"
    """What sort of change: deployment, flag, configuration, migration …"""

    environment: Word = ""
    """Where it took effect, such as production."""

    version: Word = ""
    """The version that is there from then on."""

    author: Word = ""
    """Who did it."""

    link: Annotated[str, Field(max_length=2000, pattern=r"^(https?://[^\s<>\"]+)?$")] = ""
    """A page about it."""

    more: Mapping[str, str] = Field(default_factory=dict)
    """Whatever else was said about it, as text."""

    @classmethod
    def received(cls, body: JsonValue, now: dt.datetime) -> "Change":
        """A change as another system sends it; fields that are not ours become text in ``more``, within bounds.

        Without an id it is known by what was sent, without a time it is now. Raises BadArguments.
        """
        if not isinstance(body, dict):
            raise BadArguments("A change is a JSON object with service, summary, and more: see Change.")
        given = {key: value for key, value in body.items() if value is not None}
        further = {key: value for key, value in given.items() if key not in cls.model_fields or key == "more"}
        sent = json.dumps(given, sort_keys=True, ensure_ascii=False)
        known = {
            "id": hashlib.sha256(sent.encode(errors="replace")).hexdigest()[:32],
            "at": now,
            **{key: value for key, value in given.items() if key not in further},
            "more": {key[:100]: _as_text(value) for key, value in list(further.items())[:_MOST_FURTHER]},
        }
        try:
            return cls.model_validate(known)
        except ValidationError as mistakes:
            found = mistakes.errors(include_url=False, include_context=False, include_input=False)[:3]
            said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
            raise BadArguments(f"This is no change: {said}.") from None


def _as_text(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_LONGEST_FURTHER]


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


@runtime_checkable
class ChangeLog(Protocol):
    """Keeps the changes that other systems report."""

    async def add(self, change: Change) -> bool:
        """Keep it; once this returns it survives a crash. False: one with this id is kept already, and stays as it is.

        Raises BadArguments for a time that is too long ago or to come, ToolUnavailable when it cannot be kept now.
        """
