"""Who asks: the groups that a person is in, which decide what they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.directory.port import Directory, Duty, Person


@dataclass(frozen=True)
class Membership:
    """Groups by the directory; a team counts as one. Without a directory nobody is in any."""

    directory: Directory | None = None

    async def groups(self, author: str) -> tuple[str, ...]:
        """The groups of a message's author, by the person's id or account; none for guests.

        Raises DirectoryUnavailable.
        """
        person = await self._person(author)
        return tuple(dict.fromkeys(group for group in (*person.groups, person.team) if group)) if person else ()

    async def accounts(self, author: str) -> tuple[str, ...]:
        """Everything that the author of a message is known by. Raises DirectoryUnavailable."""
        person = await self._person(author)
        return (person.id, *person.accounts) if person else ()

    async def name(self, author: str) -> str:
        """What the author of a message is called; their account where nobody knows. Raises DirectoryUnavailable."""
        person = await self._person(author)
        return person.name if person and person.name else author.rpartition(":")[2]

    async def _person(self, author: str) -> Person | None:
        if self.directory is None:
            return None
        named = author.casefold()
        people = await self.directory.people()
        return next((one for one in people if named in map(str.casefold, (one.id, *one.accounts))), None)


@dataclass(frozen=True)
class Together:
    """Several directories as one, the first of them the best: a file with the rota, say, and a chat platform's groups.

    Whoever has an account that somebody of an earlier directory has is that person, and adds groups and accounts.
    Names and e-mail addresses never count: people choose those themselves.
    """

    directories: Sequence[Directory]

    async def people(self) -> Sequence[Person]:
        """Everybody. Raises DirectoryUnavailable when one of them does: less than all would be taken for all."""
        known: list[Person] = []
        for directory in self.directories:
            owners = {account: place for place, one in enumerate(known) for account in one.accounts}
            for person in await directory.people():
                places = {owners[one] for one in person.accounts if one in owners}
                if not places:
                    known.append(person)
                # Accounts of two people are a mistake in the file, which must give neither what the other may read.
                elif len(places) == 1:
                    [place] = places
                    known[place] = _as_one(known[place], person)
        return tuple(known)

    async def on_call(self, team: str, now: datetime) -> Duty | None:
        """What the first directory says that knows the team's rotation."""
        for directory in self.directories:
            if duty := await directory.on_call(team, now):
                return duty
        return None


def _as_one(known: Person, also: Person) -> Person:
    groups = (*known.groups, *also.groups, also.team)
    return replace(
        known,
        groups=tuple(dict.fromkeys(group for group in groups if group)),
        accounts=tuple(dict.fromkeys((*known.accounts, *also.accounts))),
    )


NO_DIRECTORY = Membership()
"""Nobody is in any group: what is open to everybody is all there is."""
