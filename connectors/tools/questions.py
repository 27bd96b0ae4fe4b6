"""Tools described by the model of their arguments: one class gives the schema, the check and the words about it."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from connectors.tools.port import Arguments, BadArguments, Kind, Result, Tool
from connectors.tools.summary import clock

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Asked(BaseModel):
    """Arguments of a tool: the class's docstring describes the tool, each field's docstring the argument."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


A = TypeVar("A", bound=Asked)


class Span(Asked):
    """A span of time."""

    start: AwareDatetime | None = None
    """Where to begin, ISO 8601 with an offset, such as 2026-03-02T09:00:00Z. Without it: `last` before the end."""

    end: AwareDatetime | None = None
    """Where to end, ISO 8601 with an offset; now when left out."""

    last: str = Field(default="1h", pattern=r"^[1-9]\d{0,4}[smhdw]$")
    """How far back without a start: a number and s, m, h, d or w."""

    def within(self, now: float) -> tuple[float, float]:
        """Start and end in seconds since 1970. Raises BadArguments when the end is not after the start."""
        end = self.end.timestamp() if self.end else now
        start = self.start.timestamp() if self.start else end - seconds(self.last)
        if start >= end:
            raise BadArguments(f"start ({self.start}) has to be before end ({self.end or 'now'}).")
        return start, end

    def window(self, now: float) -> "Window":
        """The same as one value. Raises BadArguments."""
        return Window(*self.within(now))


class Day(Span):
    """A span of time, the last day of it when nothing is said."""

    last: str = Field(default="1d", pattern=r"^[1-9]\d{0,4}[smhdw]$")
    """How far back without a start: a number and s, m, h, d or w."""


@dataclass(frozen=True)
class Window:
    """A span of time in seconds since 1970, both ends in it."""

    start: float
    end: float

    def holds(self, at: dt.datetime | None) -> bool:
        """Whether a moment lies in it; none does not."""
        return at is not None and self.start <= at.timestamp() <= self.end

    def __str__(self) -> str:
        return f"from {clock(self.start)} to {clock(self.end)} UTC"


@dataclass(frozen=True)
class Question(Generic[A]):
    """A tool, what it takes, and how it is asked."""

    name: str
    title: str
    kind: Kind
    shape: type[A]
    ask: Callable[[A], Awaitable[Result]]

    @property
    def tool(self) -> Tool:
        """The tool as the port describes it."""
        description = " ".join((self.shape.__doc__ or "").split())
        return Tool(self.name, self.title, description, schema(self.shape), self.kind)

    async def answer(self, arguments: Arguments) -> Result:
        """Check the arguments and ask. Raises what ``ask`` raises, and BadArguments."""
        return await self.ask(checked(self.shape, arguments, self.name))


class Questions:
    """The Tools port over a fixed list of questions."""

    def __init__(self, *questions: Question[Any]) -> None:
        self._questions: dict[str, Question[Any]] = {one.name: one for one in questions}

    async def list(self) -> Sequence[Tool]:
        """In the order that they were given in."""
        return [one.tool for one in self._questions.values()]

    async def call(self, name: str, arguments: Arguments) -> Result:
        """Ask one of them. Raises BadArguments for a name that is none."""
        if name not in self._questions:
            raise BadArguments(f"There is no tool {name!r}; there are {', '.join(self._questions)}.")
        return await self._questions[name].answer(arguments)


def checked(shape: type[A], arguments: Arguments, name: str) -> A:
    """The arguments in their shape. Raises BadArguments that names the first three mistakes."""
    # A model that has nothing to say for an argument often says null.
    given = {key: value for key, value in arguments.items() if value is not None}
    try:
        return shape.model_validate(given)
    except ValidationError as mistakes:
        found = mistakes.errors(include_url=False, include_context=False, include_input=False)[:3]
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in found)
        raise BadArguments(f"{name}: {said}. It takes: {', '.join(shape.model_fields)}.") from None


def schema(shape: type[BaseModel]) -> Mapping[str, JsonValue]:
    """The JSON schema of a model, without the titles that pydantic adds to each name."""
    return cast("Mapping[str, JsonValue]", _untitled(shape.model_json_schema()))


def _untitled(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _untitled(one) for key, one in value.items() if key != "title" or not isinstance(one, str)}
    return [_untitled(one) for one in value] if isinstance(value, list) else value


def seconds(duration: str) -> int:
    """A duration such as 90s, 15m, 2h, 7d in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def step_for(start: float, end: float, most: int = 200, least: int = 15) -> int:
    """The shortest round step, in seconds, with which a span takes at most ``most`` points."""
    steps = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
    need = max((end - start) / most, least)
    return next((step for step in steps if step >= need), -(-int(need) // 86400) * 86400)
