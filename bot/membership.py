"""Who asks: the groups that a person is in, which decide what they are shown."""

from dataclasses import dataclass

from connectors.directory.port import Directory


@dataclass(frozen=True)
class Membership:
    """Groups by the directory; a team counts as one. Without a directory nobody is in any."""

    directory: Directory | None = None

    async def groups(self, author: str) -> tuple[str, ...]:
        """The groups of a message's author, by the person's id; none for guests. Raises DirectoryUnavailable."""
        if self.directory is None:
            return ()
        people = await self.directory.people()
        person = next((one for one in people if one.id.casefold() == author.casefold()), None)
        if person is None:
            return ()
        return tuple(dict.fromkeys(group for group in (*person.groups, person.team) if group))


NO_DIRECTORY = Membership()
"""Nobody is in any group: what is open to everybody is all there is."""
