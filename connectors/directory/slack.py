"""People of a Slack workspace and the user groups that they are in, by the groups' handles (docs.slack.dev)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from connectors.configuration import BadSettings
from connectors.directory.calls import REAL, Calls, Json, Network, Part, open_calls, trusted
from connectors.directory.kept import Keeping, KeptPeople
from connectors.directory.port import Directory, DirectoryUnavailable, Person

_CONSOLE = "OAuth & Permissions at https://api.slack.com/apps"
_PAGE, _MOST_PAGES = 500, 200
_SLACKBOT = "USLACKBOT"
_NO_GROUPS = frozenset({"plan_upgrade_required", "paid_teams_only"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})


class Settings(Keeping):
    """The app whose token reads; it needs the scopes users:read and usergroups:read."""

    bot_token: SecretStr = SecretStr("")
    """The bot's token, xoxb-…, from OAuth & Permissions; that of the chat when it is left out."""

    base_url: Annotated[str, AfterValidator(trusted)] = "https://slack.com/api/"
    """Slack's Web API; another only for GovSlack, or a fake on this machine."""


class _Ours(Part):
    team_id: str


class _Profile(Part):
    display_name: str = ""
    real_name: str = ""


class _Grid(Part):
    teams: tuple[str, ...] = ()


class _User(Part):
    id: str
    name: str = ""
    team_id: str = ""
    locale: str = ""
    deleted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    profile: _Profile = _Profile()
    enterprise_user: _Grid = _Grid()

    def belongs(self, team: str) -> bool:
        """Whether this is somebody who works here: no bot, not deactivated, not of another organisation."""
        machine = self.is_bot or self.id == _SLACKBOT
        return not (machine or self.deleted or self.is_stranger) and team in (self.team_id, *self.enterprise_user.teams)


class _Cursor(Part):
    next_cursor: str = ""


class _Users(Part):
    members: tuple[_User, ...] = ()
    response_metadata: _Cursor = _Cursor()


class _Group(Part):
    id: str
    handle: str = ""
    date_delete: int = 0
    user_count: int = 0
    users: tuple[str, ...] = ()


class _Groups(Part):
    usergroups: tuple[_Group, ...] = ()


class _Members(Part):
    users: tuple[str, ...] = ()


class _Refused(DirectoryUnavailable):
    def __init__(self, said: str, error: str) -> None:
        super().__init__(said)
        self.error = error


class Workspace:
    """The workspace that a token belongs to."""

    def __init__(self, settings: Settings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls

    async def people(self) -> tuple[Person, ...]:
        """Everybody who works here, with their groups. Raises DirectoryUnavailable."""
        team = self._calls.read(await self._ask("auth.test", {}), _Ours).team_id
        users = [one for one in await self._users() if one.belongs(team)]
        groups = await self._groups()
        return tuple(_person(one, [group for group, members in groups if one.id in members]) for one in users)

    async def _users(self) -> Sequence[_User]:
        found: list[_User] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            query = {"limit": str(_PAGE), "include_locale": "true", **({"cursor": cursor} if cursor else {})}
            page = self._calls.read(await self._ask("users.list", query), _Users)
            found += page.members
            cursor = page.response_metadata.next_cursor
            if not cursor:
                return found
        raise DirectoryUnavailable(f"The workspace has more than {_PAGE * _MOST_PAGES:,} people.")

    async def _groups(self) -> Sequence[tuple[str, frozenset[str]]]:
        """The groups that count, each with the ids of its members. A plan without user groups has none."""
        try:
            body = await self._ask("usergroups.list", {"include_users": "true"})
        except _Refused as refused:
            if refused.error in _NO_GROUPS:
                return []
            raise
        listed = self._calls.read(body, _Groups).usergroups
        named = [(self._settings.named(one.id, one.handle), one) for one in listed if not one.date_delete]
        return [(name, await self._members(group)) for name, group in named if name]

    async def _members(self, group: _Group) -> frozenset[str]:
        if group.users or not group.user_count:
            return frozenset(group.users)
        body = await self._ask("usergroups.users.list", {"usergroup": group.id})
        return frozenset(self._calls.read(body, _Members).users)

    async def _ask(self, method: str, query: Mapping[str, str]) -> Json:
        body = await self._calls.json(lambda: self._calls.http.build_request("GET", method, params=query))
        if body.get("ok") is True:
            return body
        error = str(body.get("error"))[:60]
        advice = f"check bot_token; a new one is under {_CONSOLE}"
        if error == "missing_scope":
            advice = f"add the scope {str(body.get('needed'))[:60]} under {_CONSOLE}, then install the app again"
        raise _Refused(f"Slack refuses {method} ({error}): {advice}.", error)


def _person(user: _User, groups: Sequence[str]) -> Person:
    account = f"slack:{user.id}"
    name = user.profile.display_name or user.profile.real_name or user.name or user.id
    language = "zh" if user.locale.startswith("zh") else "en"
    return Person(account, name, "", language, tuple(dict.fromkeys(groups)), (account,))


def _limited(body: Json) -> bool:
    return body.get("error") in _LIMITED


@asynccontextmanager
async def opened(settings: Settings, network: Network) -> AsyncIterator[KeptPeople]:
    """The directory with a network and a clock of its own, which a test may have. Raises BadSettings."""
    if not settings.bot_token.get_secret_value():
        raise BadSettings("connectors.directory.slack.bot_token: set it, or that of connectors.chat.slack")
    headers = {"Authorization": f"Bearer {settings.bot_token.get_secret_value()}"}
    async with open_calls("Slack", settings.base_url, network, _limited, headers) as calls:
        people = KeptPeople(Workspace(settings, calls).people, settings, network.clock)
        try:
            yield people
        finally:
            await people.close()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Directory]:
    """The people of the workspace; Slack is asked at once, and nobody waits for it."""
    async with opened(settings, REAL) as people:
        people.begin()
        yield people
