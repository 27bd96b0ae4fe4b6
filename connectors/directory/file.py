"""People and rotations from one YAML file, read again at every question so that an edit counts at once."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from connectors.configuration import HomePath
from connectors.directory.port import Directory, DirectoryUnavailable, Duty, Person


class Settings(BaseModel):
    """Where the file is."""

    path: HomePath = Path("oncall.yaml")
    """The YAML file of teams, members, rotations, policies and escalation."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(f"no such time zone: {name}") from unknown
    return name


class _Team(BaseModel):
    name: str
    title: dict[str, str] = {}
    channel: str = ""
    lead: str = ""
    members: list[str] = []


class _Member(BaseModel):
    id: str
    name: str
    language: str = "en"
    groups: list[str] = []
    accounts: dict[Annotated[str, Field(pattern="^[a-z]+$")], Annotated[str, Field(pattern=r"^\S+$")]] = {}


class _Handover(BaseModel):
    time: dt.time
    time_zone: Annotated[str, AfterValidator(_known_zone)]


class _Pair(BaseModel):
    primary: str
    secondary: str


class _Rotation(BaseModel):
    name: str
    team: str
    every: Literal["day", "week"] = "week"
    start: dt.date
    handover: _Handover
    order: list[_Pair]


class _Step(BaseModel):
    after_minutes: int
    notify: str


class _Policy(BaseModel):
    name: str
    steps: list[_Step]


class _Escalation(BaseModel):
    service: str
    rotation: str
    policy: str


class _Roster(BaseModel):
    teams: list[_Team] = []
    members: list[_Member] = []
    rotations: list[_Rotation] = []
    policies: list[_Policy] = []
    escalation: list[_Escalation] = []


class FileDirectory:
    """Answers from the file as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def people(self) -> Sequence[Person]:
        """Everybody, in the file's order."""
        return tuple((await asyncio.to_thread(self._people_and_roster))[0].values())

    async def on_call(self, team: str, now: dt.datetime) -> Duty | None:
        """The duty of a team, named by its name or its title in either language."""
        people, roster = await asyncio.to_thread(self._people_and_roster)
        found = next((one for one in roster.teams if team.casefold() in _names(one)), None)
        rotation = next((one for one in roster.rotations if found and one.team == found.name), None)
        if found is None or rotation is None or not rotation.order:
            return None
        turn = current_turn(rotation, now)
        if turn is None:
            return None
        pair, until = turn
        try:
            primary, secondary = people[pair.primary], people[pair.secondary]
        except KeyError as nobody:
            raise DirectoryUnavailable(
                f"{self._path}: rotation {rotation.name} names {nobody}, who is no member."
            ) from None
        roles = {"primary": primary.name, "secondary": secondary.name, "channel": found.channel}
        if found.lead in people:
            roles["lead"] = people[found.lead].name
        return Duty(found.name, primary, secondary, until, _steps(roster, rotation, roles))

    def _people_and_roster(self) -> tuple[Mapping[str, Person], _Roster]:
        try:
            roster = _Roster.model_validate(yaml.safe_load(self._path.read_text("utf-8")) or {})
        except OSError as failure:
            raise DirectoryUnavailable(
                f"{self._path} cannot be read ({failure.strerror}); check the path."
            ) from failure
        except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as mistake:
            raise DirectoryUnavailable(f"{self._path} cannot be used: {mistake}") from mistake
        teams = {member: team.name for team in reversed(roster.teams) for member in team.members}
        people = [
            Person(m.id, m.name, teams.get(m.id, ""), m.language, tuple(m.groups), _accounts(m)) for m in roster.members
        ]
        self._refuse_shared(people)
        return {person.id: person for person in people}, roster

    def _refuse_shared(self, people: Sequence[Person]) -> None:
        """Two people with one account would read what is meant for the other."""
        owners: dict[str, str] = {}
        for person in people:
            for account in person.accounts:
                if owners.setdefault(account, person.id) != person.id:
                    raise DirectoryUnavailable(
                        f"{self._path}: {account} is given to {owners[account]} and {person.id}."
                    )


def current_turn(rotation: _Rotation, now: dt.datetime) -> tuple[_Pair, dt.datetime] | None:
    """Who has the turn at ``now`` and when it ends; None before the rotation starts.

    Turns change at the same wall-clock time all year; where the clocks change, a turn is an hour longer or shorter.
    """
    zone = ZoneInfo(rotation.handover.time_zone)
    length = dt.timedelta(days=7 if rotation.every == "week" else 1)
    start = dt.datetime.combine(rotation.start, rotation.handover.time)
    turns = (now.astimezone(zone).replace(tzinfo=None) - start) // length
    if turns < 0:
        return None
    until = (start + (turns + 1) * length).replace(tzinfo=zone).astimezone(dt.UTC)
    return rotation.order[turns % len(rotation.order)], until


def _names(team: _Team) -> set[str]:
    return {name.casefold() for name in (team.name, *team.title.values())}


def _accounts(member: _Member) -> tuple[str, ...]:
    return tuple(f"{platform}:{id}" for platform, id in member.accounts.items())


def _steps(roster: _Roster, rotation: _Rotation, roles: Mapping[str, str]) -> tuple[str, ...]:
    """The most urgent policy among the services of a rotation, one line per step."""
    used = {one.policy for one in roster.escalation if one.rotation == rotation.name}
    policies = [policy for policy in roster.policies if policy.name in used and policy.steps]
    if not policies:
        return ()
    urgent = min(policies, key=lambda policy: [step.after_minutes for step in policy.steps])
    return tuple(f"+{step.after_minutes} min: {_who(step.notify, roles)}" for step in urgent.steps)


def _who(notify: str, roles: Mapping[str, str]) -> str:
    return f"{notify} ({roles[notify]})" if roles.get(notify) else notify


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Directory]:
    """The directory; the file is read when it is asked for."""
    yield FileDirectory(settings.path)
