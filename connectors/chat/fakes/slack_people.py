"""What people do in a workspace: talk, change, delete, react."""

import mimetypes
import re
from collections.abc import Iterable, Sequence

from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_workspace import Channel, Message, Person, StoredFile

Attached = tuple[str, bytes] | tuple[str, bytes, str]
"""Name, bytes, and what kind of file it is when the name does not tell."""
_CONTROL = re.compile(r"<(?:[@#!][^<>\s]+|(?:https?://|mailto:)[^<>\s]+(?:\|[^<>]*)?)>")
_URL = re.compile(r"https?://[^\s<>]+")


class People:
    """People's messages. What is done here reaches the app as events; nothing of it is limited."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._workspace = platform.workspace

    async def say(self, person: Person, channel: Channel, words: str = "", *, thread: Message | str = "",
                  files: Sequence[Attached] = (), blocks: Sequence[Json] = ()) -> Message:  # fmt: skip
        """A message as a person types it."""
        message = self._written(person, channel, words, thread)
        message.blocks = list(blocks) or message.blocks
        message.files = [self._stored(one, person, message) for one in files]
        message.subtype = "file_share" if files else ""
        self._workspace.add(message)
        await self._platform.announce(message)
        return message

    async def broadcast(self, person: Person, channel: Channel, words: str, thread: Message | str) -> Message:
        """An answer in a thread that the channel sees too."""
        message = self._written(person, channel, words, thread)
        message.broadcast, message.subtype = True, "thread_broadcast"
        self._workspace.add(message)
        await self._platform.announce(message)
        return message

    def _written(self, person: Person, channel: Channel, words: str, thread: Message | str) -> Message:
        if person.id not in channel.members:
            channel.members.append(person.id)
        words = typed(words)
        return Message(
            channel.id, self._workspace.new_ts(), person.id, words, self._rich(words), thread_ts=root(thread)
        )

    def _rich(self, words: str) -> list[Json]:
        if not words:
            return []
        section: Json = {"type": "rich_text_section", "elements": list(rich(words))}
        return [{"type": "rich_text", "block_id": self._workspace.new_id("b"), "elements": [section]}]

    async def mention(self, person: Person, channel: Channel, words: str, *, thread: Message | str = "",
                      files: Sequence[Attached] = ()) -> Message:  # fmt: skip
        """A message that begins with the app's name."""
        return await self.say(person, channel, f"<@{self._platform.app.bot.id}> {words}", thread=thread, files=files)

    async def tell(self, person: Person, words: str, *, thread: Message | str = "",
                   files: Sequence[Attached] = ()) -> Message:  # fmt: skip
        """A direct message to the app."""
        channel = self._workspace.direct((self._platform.app.bot.id, person.id))
        return await self.say(person, channel, words, thread=thread, files=files)

    async def edit(self, message: Message, words: str) -> None:
        """The author changes what a message says."""
        before = self._platform.wording.message(message)
        message.keep()
        message.text = typed(words)
        message.blocks = self._rich(message.text)
        message.edited = self._workspace.new_ts()
        await self._platform.announce_change(message, before)

    async def unfold(self, message: Message, title: str = "A page") -> None:
        """Slack adds the preview of a link: the app sees a change, although nobody edited anything."""
        before = self._platform.wording.message(message)
        preview: Json = {"from_url": "https://example.com", "title": title, "text": "What the page says", "id": 1}
        message.attachments = [*message.attachments, preview]
        await self._platform.announce_change(message, before)

    async def delete(self, message: Message) -> None:
        """The author deletes a message; of one with answers a tombstone stays."""
        channel = self._workspace.channels[message.channel]
        before = self._platform.wording.message(message)
        if len(self._workspace.thread(message.channel, message.ts, "")) > 1:
            message.keep()
            message.subtype, message.text, message.blocks = "tombstone", "This message was deleted.", []
            message.user, message.files, message.attachments = "USLACKBOT", [], []
            await self._platform.announce_change(message, before)
            return
        self._workspace.remove(message)
        await self._platform.announce_deletion(channel, before)

    async def react(self, person: Person, message: Message, name: str) -> None:
        """A person adds an emoji."""
        message.reactions.setdefault(name, []).append(person.id)
        event: Json = {"type": "reaction_added", "user": person.id, "reaction": name, "item_user": message.user,
                       "item": {"type": "message", "channel": message.channel, "ts": message.ts},
                       "event_ts": self._workspace.new_ts()}  # fmt: skip
        await self._platform.notify(event, self._workspace.channels[message.channel])

    def _stored(self, attached: Attached, person: Person, message: Message) -> StoredFile:
        name, content = attached[0], attached[1]
        media_type = attached[2] if len(attached) > 2 else mimetypes.guess_type(name)[0] or "text/plain"
        file = self._workspace.file(name, media_type, person.id, content=content)
        file.complete, file.shared = True, {message.channel: message.ts}
        return file


def root(thread: Message | str) -> str:
    """The time of the first message of a thread."""
    return thread if isinstance(thread, str) else thread.thread_ts or thread.ts


def typed(words: str) -> str:
    """Text as Slack keeps what a person typed: three characters escaped, links in angle brackets."""
    parts, at = [], 0
    for found in _CONTROL.finditer(words):
        parts += [_escaped(words[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, _escaped(words[at:])])


def _escaped(words: str) -> str:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _URL.sub(lambda found: f"<{found[0]}>", escaped)


def rich(words: str) -> Iterable[Json]:
    """The elements of rich text that Slack's editor makes of a message."""
    at = 0
    for found in _CONTROL.finditer(words):
        if found.start() > at:
            yield {"type": "text", "text": _plain(words[at : found.start()])}
        yield _element(found[0][1:-1])
        at = found.end()
    if at < len(words):
        yield {"type": "text", "text": _plain(words[at:])}


def _element(inner: str) -> Json:
    name, _, label = inner.partition("|")
    if name.startswith("@"):
        return {"type": "user", "user_id": name[1:]}
    if name.startswith("#"):
        return {"type": "channel", "channel_id": name[1:]}
    if name.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": name.removeprefix("!subteam^")}
    if name.startswith("!"):
        return {"type": "broadcast", "range": name[1:]}
    link: Json = {"type": "link", "url": name}
    return link | ({"text": label} if label else {})


def _plain(words: str) -> str:
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
