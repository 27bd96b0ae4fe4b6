"""The directory seam: who people are, which teams they are in, and who is on call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """One person, by the id that every platform's ids map to.

    ``accounts`` are those ids with their platform before them, such as ``slack:U024BE7LH``.
    """

    id: str
    name: str
    team: str
    language: str
    groups: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Duty:
    """Who is on call for a team at a moment, until when, and who comes next when nobody answers."""

    team: str
    primary: Person
    secondary: Person
    until: datetime
    escalation: tuple[str, ...]


class DirectoryUnavailable(Exception):
    """The directory cannot be read; the message says where it was looked for and what is wrong."""


class Directory(Protocol):
    """Read only."""

    async def people(self) -> Sequence[Person]:
        """Everybody."""

    async def on_call(self, team: str, now: datetime) -> Duty | None:
        """Who is on call for a team; None when the team has no rotation."""
