"""A workspace: its people, channels, groups, messages and files, and nothing that talks to anybody."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_reading import attachment_text, block_text, task_text

Kind = Literal["channel", "group", "im", "mpim"]


@dataclass(frozen=True)
class Person:
    """Somebody, or a bot's user. ``team`` is another workspace's for people who come in through Slack Connect."""

    id: str
    name: str
    title: str
    team: str
    email: str = ""
    language: str = "en-US"
    bot: str = ""


@dataclass
class Channel:
    """A channel or a direct message; ``refuses`` is the error that posting into it gets."""

    id: str
    name: str
    kind: Kind
    members: list[str]
    archived: bool = False
    shared: bool = False
    refuses: str = ""


@dataclass
class Group:
    """A user group."""

    id: str
    handle: str
    members: list[str]


@dataclass
class StoredFile:
    """A file, with its bytes once they have come; ``shared`` says by which message in which channel."""

    id: str
    name: str
    media_type: str
    title: str
    owner: str
    created: float
    content: bytes | None = None
    complete: bool = False
    ready_at: float = 0.0
    """Until then Slack works on it: its kind is not known yet, and no block can show it."""
    shared: dict[str, str] = field(default_factory=dict)


@dataclass
class Message:
    """One message as people see it now; ``revisions`` are the payloads that it was before, oldest first."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    thread_ts: str = ""
    bot: str = ""
    username: str = ""
    subtype: str = ""
    metadata: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: str = ""
    ephemeral_to: str = ""
    streaming: bool = False
    streamed: bool = False
    """Its text is Markdown that is shown above its blocks, instead of standing in for them."""
    broadcast: bool = False
    tasks: dict[str, Json] = field(default_factory=dict)
    revisions: list[Json] = field(default_factory=list)

    @property
    def readable(self) -> str:
        """What a reader gets out of it, as plain text, in the order in which it is shown."""
        parts = [self.text] if self.streamed or not self.blocks else []
        parts += [task_text(one) for one in self.tasks.values()]
        parts += [block_text(one) for one in self.blocks]
        parts += [attachment_text(one) for one in self.attachments]
        parts += [f"[{one.title}: {one.media_type}, {len(one.content or b'')} bytes]" for one in self.files]
        return "\n".join(part for part in parts if part)

    def keep(self) -> None:
        """Remember what it says before it changes; of very many changes the first and the latest."""
        self.revisions.append({"text": self.text, "blocks": list(self.blocks), "ts": self.edited or self.ts})
        if len(self.revisions) > 200:
            del self.revisions[100]


class Workspace:
    """Everything that is in a workspace. Ids and times are the same in every run with the same clock."""

    def __init__(self, clock: Callable[[], float], most_messages: int = 2_000, most_bytes: int = 64_000_000) -> None:
        self.clock = clock
        self.team, self.domain = "T0FAKE0001", "acme"
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, Group] = {}
        self.files: dict[str, StoredFile] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._numbers = count(1)
        self._latest = 0

    def new_id(self, prefix: str) -> str:
        """An id that looks like Slack's."""
        return f"{prefix}0FAKE{next(self._numbers):04X}"

    def new_ts(self) -> str:
        """The time in microseconds, and never the same twice."""
        self._latest = max(self._latest + 1, int(self.clock() * 1_000_000))
        return f"{self._latest // 1_000_000}.{self._latest % 1_000_000:06d}"

    def person(self, name: str, *, title: str = "", team: str = "", email: str = "", language: str = "en-US") -> Person:
        """Somebody new."""
        found = Person(
            self.new_id("U"), name, title or name.title(), team or self.team, email or f"{name}@acme.example", language
        )
        self.people[found.id] = found
        return found

    def bot(self, name: str, title: str) -> Person:
        """A bot's user."""
        found = Person(self.new_id("U"), name, title, self.team, bot=self.new_id("B"))
        self.people[found.id] = found
        return found

    def channel(self, name: str, members: Iterable[str], kind: Kind = "channel") -> Channel:
        """A new channel."""
        prefix = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}[kind]
        found = Channel(self.new_id(prefix), name, kind, list(dict.fromkeys(members)))
        self.channels[found.id] = found
        self._messages[found.id] = {}
        return found

    def direct(self, users: Sequence[str]) -> Channel:
        """The direct message of these people, which is the same every time."""
        for found in self.channels.values():
            if found.kind in ("im", "mpim") and set(found.members) == set(users):
                return found
        return self.channel("-".join(users), users, "im" if len(users) == 2 else "mpim")

    def group(self, handle: str, members: Iterable[str]) -> Group:
        """A user group."""
        found = Group(self.new_id("S"), handle, list(members))
        self.groups[found.id] = found
        return found

    def file(
        self, name: str, media_type: str, owner: str, *, title: str = "", content: bytes | None = None
    ) -> StoredFile:
        """A file; its bytes may come later."""
        found = StoredFile(self.new_id("F"), name, media_type, title or name, owner, self.clock(), content)
        self.files[found.id] = found
        return found

    def full(self, more: int) -> bool:
        """Whether there is no room for so many bytes."""
        return sum(len(one.content or b"") for one in self.files.values()) + more > self._most_bytes

    def add(self, message: Message) -> Message:
        """Take a message in; the oldest of the channel goes when there are very many."""
        kept = self._messages[message.channel]
        kept[message.ts] = message
        while len(kept) > self._most_messages:
            del kept[next(iter(kept))]
        return message

    def remove(self, message: Message) -> None:
        """Take a message away."""
        self._messages[message.channel].pop(message.ts, None)

    def find(self, channel: str, ts: str) -> Message | None:
        """The message at that time."""
        return self._messages.get(channel, {}).get(ts)

    def messages(self, channel: str, viewer: str | None = None) -> list[Message]:
        """All of a channel, oldest first; what only one person sees is there for that viewer, or for None."""
        seen = (None, "", viewer)
        return [one for one in self._messages[channel].values() if viewer is None or one.ephemeral_to in seen]

    def thread(self, channel: str, ts: str, viewer: str | None = None) -> list[Message]:
        """A message and the answers to it, oldest first."""
        return [one for one in self.messages(channel, viewer) if ts in (one.ts, one.thread_ts)]
