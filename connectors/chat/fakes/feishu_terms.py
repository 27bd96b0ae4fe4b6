"""What a fake Feishu is set to: the app in its console, its limits, its clock, and how it refuses."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
"""A JSON object as it travels: the platform's own bodies have too many shapes to name each."""

DAY = 86_400.0
_SOME_DAY = 1_772_442_000.0
SCOPES = frozenset(
    {
        "im:message",
        "im:message:send_as_bot",
        "im:message.group_at_msg:readonly",
        "im:message.group_msg",
        "im:message.p2p_msg:readonly",
        "im:message.reactions:write_only",
        "im:resource",
        "im:chat:readonly",
        "cardkit:card:write",
        "contact:contact.base:readonly",
        "contact:user.base:readonly",
        "contact:user.employee_id:readonly",
        "contact:user.email:readonly",
        "contact:department.base:readonly",
        "contact:group:readonly",
        "application:application:self_manage",
    }
)
EVENTS = frozenset(
    {
        "im.message.receive_v1",
        "im.message.recalled_v1",
        "im.message.reaction.created_v1",
        "im.message.reaction.deleted_v1",
        "im.chat.member.bot.added_v1",
        "im.chat.member.bot.deleted_v1",
        "application.bot.menu_v6",
    }
)


@dataclass
class Console:
    """The app as its developer has set it up; a test takes things away from it.

    ``delivery`` is how events travel, ``callbacks`` how clicks on cards do; empty means that nobody has set it up.
    """

    app_id: str = "cli_a1b2c3d4e5f60718"
    app_secret: str = "secret-of-the-app"  # noqa: S105  # it opens nothing but this fake
    app_name: str = "Nightshift"
    encrypt_key: str = "key-of-the-events"
    verification_token: str = "token-of-the-events"  # noqa: S105
    tenant_key: str = "2ca1d211f64f6438"
    bot_open_id: str = "ou_b0700000000000000000000000000001"
    version: str = "1.0.0"
    delivery: str = "socket"
    callbacks: str = "socket"
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    events: set[str] = field(default_factory=lambda: set(EVENTS))
    contacts: set[str] | None = None
    """The keys of the departments whose people the app may see; None: everybody."""


@dataclass(frozen=True)
class Limits:
    """The limits of the platform. Where practice is stricter than the documentation, practice is the default."""

    card_bytes: int = 30 * 1024
    post_bytes: int = 30 * 1024
    text_bytes: int = 150 * 1024
    elements: int = 200
    tables: int = 3
    """Documented are five; cards with more than three have been refused since March 2026."""
    tables_per_markdown: int = 4
    nesting: int = 5
    per_chat_second: int = 5
    per_api_second: int = 50
    per_api_minute: int = 1000
    patch_per_second: int = 5
    cardkit_per_second: int = 10
    edits: int = 20
    card_seconds: float = 14 * DAY
    click_seconds: float = 14 * DAY
    streaming_seconds: float = 600
    buttons_while_streaming: bool = False
    """Documented as possible; refused with 99992402 in practice."""
    connections: int = 50
    ack_seconds: float = 3
    redeliver_after: tuple[float, ...] = (15, 300, 3600, 21_600)
    token_seconds: float = 7200
    token_renewed_before: float = 1800
    uuid_seconds: float = 3600
    frame_bytes: int = 64 * 1024
    image_bytes: int = 10 * 1024 * 1024
    file_bytes: int = 30 * 1024 * 1024
    kept: int = 10_000
    """Calls, posts and deliveries that are remembered; older ones are forgotten."""


class Clock:
    """Seconds since the epoch: the machine's when live, else standing still; and moved by hand on top of that."""

    def __init__(self, *, live: bool = True, start: float | None = None) -> None:
        self._start = start if start is not None else time.time() if live else _SOME_DAY
        self._live = live
        self._begun = time.monotonic()
        self._moved = 0.0

    def now(self) -> float:
        return self._start + self._moved + (time.monotonic() - self._begun if self._live else 0.0)

    def move(self, seconds: float) -> None:
        self._moved += seconds

    def milliseconds(self) -> str:
        return str(int(self.now() * 1000))


class Refused(Exception):
    """The platform says no: a code, its sentence, and the HTTP status that goes with it."""

    def __init__(self, code: int, msg: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {msg}")
        self.code, self.msg, self.status, self.headers = code, msg, status, headers or {}


def invalid(why: str) -> Refused:
    """The refusal of a parameter of the message API."""
    return Refused(230001, f"Your request contains an invalid request parameter, ext={why}")


def bad_card(code: int, why: str, value: str = "") -> Refused:
    """The refusal of a card inside a message, with the code of what is wrong in it."""
    return Refused(230099, f"Failed to create card content, ext=ErrCode: {code}; ErrMsg: {why}; ErrorValue: {value}; ")


def parsed(raw: object, refusal: Refused) -> Json:
    """The JSON object inside a string, or the refusal."""
    try:
        value = json.loads(raw) if isinstance(raw, str) else None
    except ValueError as error:
        raise refusal from error
    if not isinstance(value, dict):
        raise refusal
    return value


def compact(value: object) -> str:
    """JSON as the platform writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
