"""People of a company on Feishu or Lark, in their departments and user groups, as far as the app may see (contact v3).

https://open.feishu.cn/document/server-docs/contact-v3/resources
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from connectors.configuration import BadSettings
from connectors.directory.calls import REAL, Network, open_calls, trusted
from connectors.directory.feishu_contacts import Contacts, Department, Group, User, limited
from connectors.directory.kept import Keeping, KeptPeople
from connectors.directory.port import Directory, Person

_PLATFORMS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}


def _platform(domain: str) -> str:
    return trusted(_PLATFORMS.get(domain, domain)).rstrip("/")


class Settings(Keeping):
    """The app that reads: the same as that of the chat, since people have another id for every app.

    It needs contact:contact.base:readonly, contact:user.base:readonly and contact:department.base:readonly; user groups
    count with contact:group:readonly. What it may see is set as its range of contact data.
    """

    app_id: str = Field(default="", pattern=r"^(cli_\w+)?$")
    """The app's id, under Credentials & Basic Info; that of the chat when it is left out."""

    app_secret: SecretStr = SecretStr("")
    """The app's secret, beside its id; that of the chat when it is left out."""

    domain: Annotated[str, AfterValidator(_platform)] = Field(default="feishu", validate_default=True)
    """``feishu`` (feishu.cn), ``lark`` (larksuite.com), or the address of an installation of one's own."""


class Company:
    """Everybody that the app may see."""

    def __init__(self, settings: Settings, contacts: Contacts) -> None:
        self._settings = settings
        self._contacts = contacts
        self._language = "en" if settings.domain == _PLATFORMS["lark"] else "zh"

    async def people(self) -> tuple[Person, ...]:
        """Everybody with the departments that they are in, those above them, and user groups.

        Raises DirectoryUnavailable.
        """
        seen = await self._contacts.range()
        departments = await self._contacts.departments(seen.department_ids)
        above = {id: _above(id, departments) for id in departments}
        names = self._names(departments, above)
        users, places = await self._users(departments, seen.user_ids)
        groups = [
            (name, one) for one in await self._contacts.groups() if (name := self._settings.named(one.id, one.name))
        ]
        found = []
        for user in users.values():
            within = dict.fromkeys(id for place in places.get(user.open_id, []) for id in above[place])
            named = [names[id] for id in within] + [name for name, one in groups if _in(one, user, within)]
            found.append(self._person(user, named))
        return tuple(found)

    async def _users(
        self, departments: dict[str, Department], alone: Sequence[str]
    ) -> tuple[dict[str, User], dict[str, list[str]]]:
        """Who works here, by open_id, and the departments that each is in."""
        users: dict[str, User] = {}
        places: dict[str, list[str]] = {}
        for id, members in zip(departments, await self._contacts.members(list(departments)), strict=True):
            for user in members:
                users.setdefault(user.open_id, user)
                places.setdefault(user.open_id, []).append(id)
        missing = [id for id in alone if id not in users]
        for user in await self._contacts.users(missing):
            users[user.open_id] = user
        return {id: user for id, user in users.items() if user.status.works_here}, places

    def _names(self, departments: dict[str, Department], above: dict[str, list[str]]) -> dict[str, str]:
        """What each department is called here. One whose name others have as well is called by its whole path:
        otherwise somebody could found a second one elsewhere, and read what is meant for the first.
        """
        taken = [one.name for one in departments.values()]
        names = {}
        for id, one in departments.items():
            path = "/".join(departments[up].name for up in reversed(above[id]))
            name = path if taken.count(one.name) > 1 else one.name
            names[id] = self._settings.named(id, name) or self._settings.named(one.department_id, name)
        return names

    def _person(self, user: User, groups: Sequence[str]) -> Person:
        accounts = [f"feishu:{user.open_id}", *([f"feishu:user/{user.user_id}"] if user.user_id else [])]
        kept = tuple(dict.fromkeys(name for name in groups if name))
        return Person(accounts[0], user.name or user.open_id, "", self._language, kept, tuple(accounts))


def _above(id: str, departments: dict[str, Department]) -> list[str]:
    """A department and those above it, as far as they are seen; a damaged tree that bites its tail ends there."""
    found: list[str] = []
    while id in departments and id not in found:
        found.append(id)
        id = departments[id].parent_department_id
    return found


def _in(group: Group, user: User, departments: dict[str, None]) -> bool:
    return user.open_id in group.users or any(one in departments for one in group.departments)


@asynccontextmanager
async def opened(settings: Settings, network: Network) -> AsyncIterator[KeptPeople]:
    """The directory with a network and a clock of its own, which a test may have. Raises BadSettings."""
    secret = settings.app_secret.get_secret_value()
    if not (settings.app_id and secret):
        raise BadSettings(
            "connectors.directory.feishu.app_id, .app_secret: set them, or those of connectors.chat.feishu"
        )
    async with open_calls("Feishu", settings.domain, network, limited) as calls:
        people = KeptPeople(Company(settings, Contacts(calls, settings.app_id, secret)).people, settings, network.clock)
        try:
            yield people
        finally:
            await people.close()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Directory]:
    """The people of the company; the platform is asked at once, and nobody waits for it."""
    async with opened(settings, REAL) as people:
        people.begin()
        yield people
