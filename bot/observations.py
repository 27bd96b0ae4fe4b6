"""What came of asking a tool: free of secrets, short enough to read, quotable by its id."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from bot.guards.redaction import redact
from bot.rules.live import spoken
from bot.vocabulary import Evidence, Frozen, Line, Rows
from connectors.tools.port import Arguments, Cell, Result, Series, Table, Tool

MOST_COLUMNS, LONGEST_CELL = 100, 1_000
LONGEST_QUOTED, LONGEST_HEADING = 2_500, 120

Outcome = Literal["answered", "failed", "refused", "unavailable"]


class ToolCall(Frozen):
    """What somebody wants to ask: a tool's name and arguments, both untrusted."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Observation(Frozen):
    """What came of a call.

    ``answered``: the system said this. ``failed``: it said that the question went wrong. ``refused``: the call was
    never made, and ``text`` says why. ``unavailable``: the system could not be asked. ``whole`` names the file that
    holds all of a long text, ``hidden`` counts what was taken out.
    """

    id: str
    tool: str
    title: str
    arguments: dict[str, JsonValue]
    outcome: Outcome
    text: str
    query: str = ""
    link: str = ""
    asked_at: datetime
    seconds: float = 0.0
    truncated: bool = False
    whole: str = ""
    hidden: dict[str, int] = Field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    series: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = ()


@dataclass(frozen=True)
class Shelf:
    """A folder for long results. Texts above ``characters``, rows above ``rows`` and wide ones are cut at hand."""

    folder: Path
    characters: int
    rows: int

    def seen(self, tool: Tool, arguments: Arguments, result: Result, now: datetime) -> Observation:
        """A result without secrets; all of a long one lies in the folder."""
        clean, id = redact(result.text), _id(tool.name, arguments, now)
        text, whole = self._shortened(clean.text, id)
        table = result.table or Table((), ())
        columns = tuple(str(_clean(name)) for name in table.columns[:MOST_COLUMNS])
        rows = tuple(tuple(map(_clean, row[:MOST_COLUMNS])) for row in table.rows[: self.rows])
        cut = len(table.rows) > len(rows) or len(table.columns) > MOST_COLUMNS
        return Observation(
            id=id,
            tool=tool.name,
            title=redact(tool.title[:100]).text,
            arguments=clean_arguments(arguments),
            outcome="failed" if result.failed else "answered",
            text=text,
            query=redact(result.query).text,
            link=redact(result.link).text,
            asked_at=now,
            truncated=result.truncated or bool(whole) or cut,
            whole=whole,
            hidden=dict(clean.hidden),
            columns=columns,
            rows=rows,
            series=tuple((redact(one.name).text, one.points) for one in result.series),
        )

    def told(self, call: ToolCall, outcome: Outcome, said: str, now: datetime, title: str = "") -> Observation:
        """That a call brought nothing, and why."""
        name = call.tool[:80]
        return Observation(
            id=_id(name, call.arguments, now),
            tool=name,
            title=title or name,
            arguments=clean_arguments(call.arguments),
            outcome=outcome,
            text=redact(said).text[: self.characters],
            asked_at=now,
        )

    def whole(self, name: str) -> str:
        """All of a long result, by the name that its observation gives. Raises KeyError when it is not kept."""
        file = self.folder / Path(name).name
        if not file.is_file():
            raise KeyError(name)
        return file.read_text("utf-8")

    def as_result(self, seen: Observation, result: Result) -> Result:
        """What was observed as a result again, whole and without secrets, to be recorded."""
        return replace(
            result,
            text=self.whole(seen.whole) if seen.whole else seen.text,
            query=seen.query,
            link=seen.link,
            table=Table(seen.columns, seen.rows) if seen.columns else None,
            series=tuple(Series(name, points) for name, points in seen.series),
        )

    def forget(self, before: float) -> int:
        """Delete what was written before a moment, in seconds since 1970; how many files that were."""
        old = [one for one in self.folder.glob("*.txt") if one.stat().st_mtime < before]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def _shortened(self, text: str, id: str) -> tuple[str, str]:
        """A text as it is, or the beginning and end of a long one and the name of the file that holds all of it."""
        if len(text) <= self.characters:
            return text, ""
        name = f"{id.removeprefix('tool:')}.txt"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, "utf-8")
        first, last = text[: self.characters * 3 // 4], text[-self.characters // 4 :]
        head, tail = first.rpartition("\n")[0] or first, last.partition("\n")[2] or last
        left_out = len(text) - len(head) - len(tail)
        return f"{head}\n… {left_out} characters left out; all of it: {name} …\n{tail}", name


def _id(tool: str, arguments: Arguments, now: datetime) -> str:
    asked = json.dumps([tool, dict(arguments), now.isoformat()], sort_keys=True, ensure_ascii=False)
    return f"tool:{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


def clean_arguments(arguments: Arguments) -> dict[str, JsonValue]:
    """Arguments without secrets: somebody may have pasted one into the question."""
    return {key: _clean_value(value) for key, value in arguments.items()}


def _clean_value(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_clean_value(one) for one in value]
    if isinstance(value, dict):
        return {key: _clean_value(one) for key, one in value.items()}
    return redact(value).text if isinstance(value, str) else value


def _clean(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    # Cut behind what may be shown, so that no secret is cut in two before it is looked for.
    clean = redact(cell[: 2 * LONGEST_CELL]).text
    return clean if len(clean) <= LONGEST_CELL else f"{clean[: LONGEST_CELL - 1]}…"


def evidence_of(seen: Observation) -> Evidence | None:
    """An observation that can be quoted; a call that was refused says nothing about the systems."""
    if seen.outcome == "refused":
        return None
    if seen.outcome != "answered":
        return Evidence(id=f"failure:{seen.id}", kind="failure", title=seen.title, text=seen.text[:300])
    return Evidence(
        id=seen.id,
        kind="tool",
        title=seen.title,
        heading=_heading(seen),
        text=shortened(seen.text, LONGEST_QUOTED),
        link=seen.link,
        query=seen.query,
        rows=Rows(columns=seen.columns, rows=seen.rows, total=len(seen.rows), capped=seen.truncated)
        if seen.columns
        else None,
        lines=tuple(Line(name=name, points=points) for name, points in seen.series),
    )


def _heading(seen: Observation) -> str:
    """What was asked, short enough to be read: the exact words stand in ``query``."""
    asked = seen.arguments.get("query")
    return spoken(asked) if isinstance(asked, str) and asked else (seen.query or signature(seen))[:LONGEST_HEADING]


def signature(seen: Observation) -> str:
    """A call in one line."""
    return f"{seen.tool} {json.dumps(seen.arguments, ensure_ascii=False)}"


def shortened(text: str, most: int) -> str:
    """The beginning of a text up to the end of a line, with a mark where it was cut."""
    if len(text) <= most:
        return text
    head = text[:most]
    return f"{head.rpartition(chr(10))[0] or head}\n…"
