"""The state of a fake Feishu, shared by its API, its events and the people who use it, and the gate before the API."""

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.chat.fakes.feishu_company import Chat, Company
from connectors.chat.fakes.feishu_messages import Entity, Message
from connectors.chat.fakes.feishu_terms import Clock, Console, Json, Limits, Refused, invalid


@dataclass(frozen=True)
class StoredFile:
    """A picture or file, and who put it there."""

    name: str
    content: bytes
    media_type: str
    owner: str


@dataclass(frozen=True)
class Download:
    """An answer that is bytes instead of JSON."""

    file: StoredFile


@dataclass(frozen=True)
class Call:
    """A request of the app: what is in its path, its query, its JSON body or its form."""

    path: dict[str, str]
    query: dict[str, str]
    body: Json
    form: dict[str, str | bytes]
    token: str
    size: int


@dataclass(frozen=True)
class Route:
    """A method of the API; any one of the ``scopes`` will do. A bare answer has its fields beside ``code``."""

    method: str
    path: str
    handle: Callable[["Platform", Call], Json | Download]
    scopes: tuple[str, ...] = ()
    bare: bool = False
    open: bool = False


@dataclass(frozen=True)
class Handled:
    """A request as it was answered."""

    method: str
    path: str
    code: int
    msg: str
    at: float


@dataclass(frozen=True)
class Posted:
    """Something that the app put before people: a message, a new version of one, or a part of a card."""

    kind: str
    msg_type: str
    content: Json
    chat_id: str
    size: int = 0


@dataclass
class Fault:
    """A failure to come: the next ``times`` calls of a path that contains ``path``."""

    times: int
    code: int
    status: int
    path: str = ""
    reset: int = 0
    drop: bool = False


class Dropped(Exception):
    """The connection breaks instead of an answer."""


@dataclass
class Platform:
    """Everything there is. Nothing in it grows without bound but the messages, which a test or demo has few of."""

    console: Console
    limits: Limits
    clock: Clock
    company: Company = field(init=False)
    messages: dict[str, Message] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    sent: dict[str, tuple[float, str]] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    windows: dict[tuple[str, float], deque[float]] = field(default_factory=dict)
    handled: deque[Handled] = field(init=False)
    posted: deque[Posted] = field(init=False)

    def __post_init__(self) -> None:
        self.company = Company(self.console)
        self.handled = deque(maxlen=self.limits.kept)
        self.posted = deque(maxlen=self.limits.kept)

    def over(self, key: str, most: int, seconds: float) -> int:
        """Count one more under ``key``; whole seconds until there is room again when that is too many, else 0."""
        now = self.clock.now()
        if len(self.windows) > self.limits.kept:
            self.windows = {one: seen for one, seen in self.windows.items() if seen and seen[-1] > now - one[1]}
        window = self.windows.setdefault((key, seconds), deque())
        while window and window[0] <= now - seconds:
            window.popleft()
        if len(window) >= most:
            return max(1, math.ceil(window[0] + seconds - now))
        window.append(now)
        return 0

    def admit(self, route: Route, call: Call, path: str) -> None:
        """Let a request through, or raise what stands against it."""
        self._failing(path)
        if route.open:
            return
        self._known(call.token)
        if route.scopes and not self.console.scopes & set(route.scopes):
            needed = ", ".join(route.scopes)
            raise Refused(99991672, f"Access denied. One of the following scopes is required: [{needed}].")
        for most, seconds in ((self.limits.per_api_second, 1.0), (self.limits.per_api_minute, 60.0)):
            if wait := self.over(f"{route.method} {route.path}", most, seconds):
                raise too_fast(most, wait)

    def _failing(self, path: str) -> None:
        fault = next((one for one in self.faults if one.path in path), None)
        if fault is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self.faults.remove(fault)
        if fault.drop:
            raise Dropped
        if fault.code == 99991400:
            raise too_fast(self.limits.per_api_second, fault.reset)
        raise Refused(fault.code, "This failure was ordered.", fault.status)

    def _known(self, token: str) -> None:
        if not token:
            raise Refused(
                99991661, "Missing access token for authorization. Please make a request with token attached."
            )
        if not token.startswith(("t-", "u-")):
            raise Refused(99991671, "Invalid token: must start with t-/u-")
        if self.tokens.get(token, 0.0) <= self.clock.now():
            said = "Invalid access token for authorization. Please make a request with token attached."
            raise Refused(99991663, said)

    def token(self) -> tuple[str, int]:
        """A token and its seconds; the last one again while it has more than half an hour."""
        now = self.clock.now()
        self.tokens = {one: until for one, until in self.tokens.items() if until > now}
        newest = max(self.tokens, key=lambda one: self.tokens[one], default="")
        if not newest or self.tokens[newest] - now < self.limits.token_renewed_before:
            newest = "t-" + self.company.new_id("", 40)
            self.tokens[newest] = now + self.limits.token_seconds
        return newest, int(self.tokens[newest] - now)

    def message(self, message_id: str) -> Message:
        """The message with this id, in a chat of the app's."""
        found = self.messages.get(message_id)
        if found is None:
            raise invalid("invalid message_id")
        self.company.may_speak(self.company.chats[found.chat_id])
        return found

    def own(self, message_id: str) -> Message:
        """A message that the app sent and that has not been recalled."""
        found = self.message(message_id)
        if found.deleted:
            raise Refused(230011, "The message is recalled.")
        if found.sender != self.console.app_id:
            raise Refused(230071, "The operator is not the sender of the message.")
        return found

    def may_send(self, chat: Chat) -> None:
        """Count one message in a chat."""
        if self.over(chat.chat_id, self.limits.per_chat_second, 1.0):
            raise Refused(230020, "This operation triggers the frequency limit.")

    def store(self, name: str, content: bytes, media_type: str, owner: str, prefix: str) -> str:
        """Keep a file; its key."""
        digest = hashlib.sha256(content).hexdigest()[:12]
        key = f"{prefix}{digest}-{self.company.new_id('', 8)}"
        self.files[key] = StoredFile(name, content, media_type, owner)
        return key

    def in_chat(self, chat_id: str) -> list[Message]:
        return [one for one in self.messages.values() if one.chat_id == chat_id and not one.upper_message_id]

    def remember(self, kind: str, message: Message, content: Json, size: int = 0) -> None:
        self.posted.append(Posted(kind, message.msg_type, content, message.chat_id, size))


def too_fast(most: int, seconds: int) -> Refused:
    """The refusal of the gateway."""
    headers = {"x-ogw-ratelimit-limit": str(most), "x-ogw-ratelimit-reset": str(seconds)}
    return Refused(99991400, "request trigger frequency limit", 429, headers)
