"""People and duties held in memory: the twin of the directory seam."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from pydantic import BaseModel

from connectors.directory.port import Directory, Duty, Person


class Member(BaseModel):
    """One person."""

    id: str
    """The id that every platform's ids map to."""

    name: str
    """What people call them."""

    team: str = ""
    """Their team."""

    language: str = "en"
    """The language they read."""

    groups: tuple[str, ...] = ()
    """What they may do."""

    accounts: tuple[str, ...] = ()
    """Their ids on chat platforms, such as slack:U024BE7LH."""


class Shift(BaseModel):
    """One duty that never changes before it ends."""

    primary: str
    """Id of the person on call."""

    secondary: str
    """Id of the person who comes next."""

    until: datetime
    """When it ends."""

    escalation: tuple[str, ...] = ()
    """Who is told when nobody answers, in order."""


class Settings(BaseModel):
    """Everybody, and who is on call."""

    members: tuple[Member, ...] = ()
    """All people."""

    duties: dict[str, Shift] = {}
    """The duty of each team."""


class MemoryDirectory:
    """Answers from values."""

    def __init__(self, people: Sequence[Person] = (), duties: Mapping[str, Duty] | None = None) -> None:
        self._people = tuple(people)
        self._duties = dict(duties or {})

    async def people(self) -> Sequence[Person]:
        """Everybody, in the order given."""
        return self._people

    async def on_call(self, team: str, now: datetime) -> Duty | None:
        """The team's duty while it lasts."""
        duty = self._duties.get(team)
        return duty if duty and now < duty.until else None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Directory]:
    """The people and duties of the settings."""
    people = {m.id: Person(m.id, m.name, m.team, m.language, m.groups, m.accounts) for m in settings.members}
    duties = {
        team: Duty(team, people[shift.primary], people[shift.secondary], shift.until, shift.escalation)
        for team, shift in settings.duties.items()
    }
    yield MemoryDirectory(tuple(people.values()), duties)
