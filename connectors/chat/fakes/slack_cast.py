"""Who and what there is in a workspace besides the app: people, groups, channels, other bots."""

from collections.abc import Iterable, Sequence

from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_people import root
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_workspace import Channel, Group, Message, Person


class Cast:
    """Makes them, brings them together, and speaks for the other bots."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._workspace = platform.workspace

    def person(self, name: str, *, title: str = "", email: str = "", language: str = "en-US",
               external: bool = False, groups: Iterable[str] = ()) -> Person:  # fmt: skip
        """Somebody new; external people belong to another workspace."""
        team = "T0FAKE0009" if external else ""
        found = self._workspace.person(name, title=title, email=email, language=language, team=team)
        for handle in groups:
            self.group(handle, [found])
        return found

    def group(self, handle: str, people: Iterable[Person] = ()) -> Group:
        """A user group, which is made or gets these people too."""
        members = [one.id for one in people]
        found = next((one for one in self._workspace.groups.values() if one.handle == handle), None)
        if found is None:
            return self._workspace.group(handle, members)
        found.members += [one for one in members if one not in found.members]
        return found

    def channel(self, name: str, members: Iterable[Person] = (), *, private: bool = False, with_bot: bool = True,
                archived: bool = False, shared: bool = False) -> Channel:  # fmt: skip
        """A channel; ``shared`` with another workspace."""
        bot = [self._platform.app.bot.id] if with_bot else []
        ids = [*(one.id for one in members), *bot]
        found = self._workspace.channel(name, ids, "group" if private else "channel")
        found.archived, found.shared = archived, shared
        return found

    def direct(self, *people: Person) -> Channel:
        """The direct message of these people with the app."""
        return self._workspace.direct((self._platform.app.bot.id, *(one.id for one in people)))

    async def join(self, person: Person, channel: Channel) -> None:
        """Somebody, or the app by its own user, comes into a channel: a message says so, and an event."""
        channel.members.append(person.id)
        message = Message(channel.id, self._workspace.new_ts(), person.id, f"<@{person.id}> has joined the channel")
        message.subtype = "channel_join"
        self._workspace.add(message)
        await self._platform.announce(message)
        event: Json = {"type": "member_joined_channel", "user": person.id, "channel": channel.id,
                       "channel_type": channel.id[0], "team": person.team, "event_ts": message.ts}  # fmt: skip
        await self._platform.notify(event, channel)

    async def alert(self, channel: Channel, words: str = "", *, blocks: Sequence[Json] = (),
                    attachments: Sequence[Json] = (), name: str = "Alertmanager", thread: Message | str = "",
                    ) -> Message:  # fmt: skip
        """A message that comes through a webhook: it has a bot and a name, but no user."""
        message = Message(
            channel.id, self._workspace.new_ts(), "", words, list(blocks), list(attachments), thread_ts=root(thread),
            bot=self._bot(name).bot, username=name, subtype="bot_message",
        )  # fmt: skip
        self._workspace.add(message)
        await self._platform.announce(message)
        return message

    async def bot_says(self, channel: Channel, words: str, *, blocks: Sequence[Json] = (), name: str = "Deploybot",
                       thread: Message | str = "") -> Message:  # fmt: skip
        """A message of another app's bot user."""
        bot = self._bot(name)
        message = Message(channel.id, self._workspace.new_ts(), bot.id, words, list(blocks), thread_ts=root(thread))
        message.bot = bot.bot
        self._workspace.add(message)
        await self._platform.announce(message)
        return message

    def _bot(self, name: str) -> Person:
        known = (one for one in self._workspace.people.values() if one.bot and one.title == name)
        return next(known, None) or self._workspace.bot(name.lower(), name)
