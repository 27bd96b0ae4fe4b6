"""What Feishu tells the app, read from the bodies of its events and card callbacks; what is not ours says why.

https://open.feishu.cn/document/server-docs/im-v1/message/events/receive
https://open.feishu.cn/document/feishu-cards/card-callback-communication
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue

from connectors.chat.card_port import Language
from connectors.chat.feishu_content import Json, items, mapping, parsed, read, text
from connectors.chat.port import Action, ButtonClick, IncomingMessage

CHANNEL = "feishu"
ITSELF = "."
"""What a button says of its thread when its own message begins it."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_ACTIONS = frozenset(get_args(Action))
# By how many digits a time of this century has.
_UNITS = {10: 1, 13: 1_000, 16: 1_000_000}


@dataclass(frozen=True)
class Me:
    """Who the app is: events of other apps are not for it, and its own messages are not questions."""

    app_id: str
    open_id: str


@dataclass(frozen=True)
class Said:
    """A person's message. ``asks_for`` is the message to be read with it: a quoted or forwarded one, or itself.

    ``shown`` is what the event tells of it, ``merged``: it forwards others as one.
    """

    message: IncomingMessage
    asks_for: str = ""
    shown: str = ""
    merged: bool = False


@dataclass(frozen=True)
class Clicked:
    """A button of one of our cards; ``language`` is that of the card."""

    click: ButtonClick
    language: Language


@dataclass(frozen=True)
class Withdrawn:
    """A message was deleted by its author or by who runs the group."""

    event_id: str


@dataclass(frozen=True)
class Added:
    """The bot was added to a group."""

    event_id: str
    chat_id: str


@dataclass(frozen=True)
class MenuPressed:
    """A person pressed an entry of the bot's menu."""

    event_id: str
    author: str


@dataclass(frozen=True)
class Ignored:
    """Nothing for the assistant; the reason is for the log."""

    reason: str


Event = Said | Clicked | Withdrawn | Added | MenuPressed | Ignored


def read_event(body: Json, me: Me) -> Event:
    """What a body says. It never fails: a damaged one is ignored, with the reason."""
    header, event = mapping(body.get("header")), mapping(body.get("event"))
    if body.get("schema") != "2.0" or not header:
        return Ignored("not an event of version 2.0")
    if header.get("app_id") != me.app_id:
        return Ignored("of another app")
    kind = text(header.get("event_type"))
    reader = _READERS.get(kind)
    return reader(header, event, me) if reader else Ignored(f"no use for {kind[:100] or 'an event without a type'}")


def author_of(ids: Json, tenant: str, home: str) -> str:
    """How a person is named; people of another company never match somebody of ours. Empty when nobody is named."""
    open_id, user_id = text(ids.get("open_id")), text(ids.get("user_id"))
    person = open_id if _ID.fullmatch(open_id) else f"user/{user_id}" if _ID.fullmatch(user_id) else ""
    outside = f"{tenant}/" if tenant and home and tenant != home else ""
    return f"{CHANNEL}:{outside}{person}" if person else ""


def _received(header: Json, event: Json, me: Me) -> Event:
    sender, message = mapping(event.get("sender")), mapping(event.get("message"))
    if sender.get("sender_type") != "user":
        return _told(header, sender, message, me)
    message_id, chat_id = text(message.get("message_id")), text(message.get("chat_id"))
    ids = mapping(sender.get("sender_id"))
    author = author_of(ids, text(sender.get("tenant_key")), text(header.get("tenant_key")))
    sent_at = moment(message.get("create_time") or header.get("create_time"))
    if not (_ID.fullmatch(message_id) and _ID.fullmatch(chat_id) and author and sent_at):
        return Ignored("a damaged message")
    kind = text(message.get("message_type"))
    names, called = _mentions(message, me)
    content = read(message_id, kind, text(message.get("content")), names)
    direct, card = message.get("chat_type") == "p2p", kind == "interactive"
    said = IncomingMessage(
        event_id=message_id,
        channel=CHANNEL,
        thread_id=_thread(message, message_id, chat_id, direct=direct),
        author=author,
        text="" if card else content.text,
        sent_at=sent_at,
        attachments=content.files,
        conversation=chat_id,
        addressed=direct or called,
        audience="author" if direct else "conversation",
    )
    if card or kind == "merge_forward":
        # Both come shortened with the event.
        return Said(said, asks_for=message_id, shown=content.text if card else "", merged=not card)
    parent = text(message.get("parent_id"))
    return Said(said, asks_for=parent if _ID.fullmatch(parent) else "")


def _told(header: Json, sender: Json, message: Json, me: Me) -> Event:
    """What another bot says in a group, cards too; who cannot be told from us is not listened to."""
    ids = mapping(sender.get("sender_id"))
    known = {text(ids.get("open_id")): me.open_id, text(ids.get("app_id")): me.app_id}
    bot = next((id for id, ours in known.items() if _ID.fullmatch(id) and ours and id != ours), "")
    if not bot or any(id and id == ours for id, ours in known.items()):
        return Ignored("said by a bot that may be us")
    message_id, chat_id = text(message.get("message_id")), text(message.get("chat_id"))
    sent_at = moment(message.get("create_time") or header.get("create_time"))
    if not (_ID.fullmatch(message_id) and _ID.fullmatch(chat_id) and sent_at):
        return Ignored("a damaged message")
    names, _ = _mentions(message, me)
    content = read(message_id, text(message.get("message_type")), text(message.get("content")), names)
    return Said(
        IncomingMessage(
            event_id=message_id,
            channel=CHANNEL,
            thread_id=_thread(message, message_id, chat_id, direct=False),
            author=f"{CHANNEL}:bot/{bot}",
            text=content.text,
            sent_at=sent_at,
            conversation=chat_id,
            addressed=False,
            audience="conversation",
            by_bot=True,
        )
    )


def _thread(message: Json, message_id: str, chat_id: str, *, direct: bool) -> str:
    """In a group, what hangs under one message; a direct chat is one thread, but for the topics in it."""
    root = text(message.get("root_id"))
    root = root if _ID.fullmatch(root) else message_id
    return f"{CHANNEL}:{chat_id}/{'' if direct and not message.get('thread_id') else root}"


def _mentions(message: Json, me: Me) -> tuple[Mapping[str, str], bool]:
    """Names by placeholder, that of the bot itself left out; and whether it was mentioned by name."""
    names, called = {}, False
    for mention in map(mapping, items(message.get("mentions"))):
        one = mention.get("id")
        open_id = text(one) or text(mapping(one).get("open_id"))
        mine = bool(me.open_id) and open_id == me.open_id
        called = called or mine
        names[text(mention.get("key"))] = "" if mine else " ".join(text(mention.get("name")).split())[:100] or "someone"
    return names, called


def _clicked(header: Json, event: Json, me: Me) -> Event:
    action, context, operator = (mapping(event.get(key)) for key in ("action", "context", "operator"))
    raw = action.get("value")
    value = mapping(parsed(raw)) if isinstance(raw, str) else mapping(raw)
    asked, question_id = text(value.get("a")), text(value.get("q"))
    if asked not in _ACTIONS:
        return Ignored("not one of our buttons")
    author = author_of(operator, text(operator.get("tenant_key")), text(header.get("tenant_key")))
    chat_id, event_id = text(context.get("open_chat_id")), text(header.get("event_id"))
    clicked_at = moment(header.get("create_time"))
    if not (author and _ID.fullmatch(chat_id) and _ID.fullmatch(event_id) and clicked_at):
        return Ignored("a damaged click")
    # A card that begins its thread cannot name the message that it stands in.
    root = text(context.get("open_message_id")) if value.get("t") == ITSELF else text(value.get("t"))
    click = ButtonClick(
        event_id=event_id,
        channel=CHANNEL,
        # The chat is the platform's word; of the thread inside it only the card knows.
        thread_id=f"{CHANNEL}:{chat_id}/{root if _ID.fullmatch(root) else ''}",
        conversation=chat_id,
        author=author,
        action=next(one for one in get_args(Action) if one == asked),
        question_id=question_id[:100],
        text=_filled_in(action, value),
        clicked_at=clicked_at,
    )
    return Clicked(click, "zh" if value.get("l") == "zh" else "en")


def _filled_in(action: Json, value: Json) -> str:
    form = mapping(action.get("form_value"))
    written = text(form.get(text(value.get("f")))) or text(action.get("input_value"))
    return (written or text(value.get("x")))[:4000].strip()


def _recalled(header: Json, event: Json, me: Me) -> Event:
    message_id = text(event.get("message_id"))
    return Withdrawn(message_id) if _ID.fullmatch(message_id) else Ignored("a damaged withdrawal")


def _added(header: Json, event: Json, me: Me) -> Event:
    event_id, chat_id = text(header.get("event_id")), text(event.get("chat_id"))
    return Added(event_id, chat_id) if event_id and _ID.fullmatch(chat_id) else Ignored("a damaged notice")


def _menu(header: Json, event: Json, me: Me) -> Event:
    operator = mapping(event.get("operator"))
    author = author_of(mapping(operator.get("operator_id")), "", "")
    event_id = text(header.get("event_id"))
    return MenuPressed(event_id, author) if event_id and author else Ignored("a damaged menu entry")


def moment(value: JsonValue) -> dt.datetime | None:
    """A time that the platform gives in seconds, milliseconds or microseconds since 1970."""
    digits = str(value) if isinstance(value, int) else text(value)
    unit = _UNITS.get(len(digits))
    return dt.datetime.fromtimestamp(int(digits) / unit, dt.UTC) if unit and digits.isdecimal() else None


_READERS: Mapping[str, Callable[[Json, Json, Me], Event]] = {
    "im.message.receive_v1": _received,
    "im.message.recalled_v1": _recalled,
    "card.action.trigger": _clicked,
    "im.chat.member.bot.added_v1": _added,
    "application.bot.menu_v6": _menu,
}
