"""Reads server-sent events (WHATWG HTML, section 9.2), as far as ours go: id, event and data."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One step of progress: its number within the question, its kind, its data as JSON."""

    sequence: int
    kind: str
    data: str


async def events(lines: AsyncIterator[str]) -> AsyncGenerator[Event]:
    """Whole events that have a number; one that was cut off in the middle does not count."""
    fields: dict[str, list[str]] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        number = fields.get("id", [""])[-1]
        if number.isdecimal() and "data" in fields:
            yield Event(int(number), fields.get("event", ["message"])[-1], "\n".join(fields["data"]))
        fields = {}
