"""What people do in Slack besides talking: commands, buttons, forms and shortcuts, as what they ask for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from pydantic import JsonValue, TypeAdapter, ValidationError

from connectors.chat.card_port import Frozen
from connectors.chat.port import Action, Attachment, ButtonClick, IncomingMessage, Quoted
from connectors.chat.slack_events import (
    CHANNEL,
    Identity,
    Ignored,
    Said,
    attachments,
    author_of,
    not_ours,
    thread_id,
)
from connectors.chat.slack_json import Json, mapping, mappings, text
from connectors.chat.slack_text import Names, message_text, readable

ASK, EDIT, REASON, CAUSE = "nightshift_ask", "nightshift_edit", "nightshift_reason", "nightshift_cause"
"""Names of our forms; the message shortcut has that of the first."""
BUTTON = "nightshift_"
"""What the names of our buttons begin with."""
FIELD, INPUT, QUOTED = "field", "input", "quoted"
_HELP = frozenset({"", "help", "?", "帮助", "使用说明"})
_ACTIONS = frozenset(get_args(Action))
_SENT: Mapping[str, Action] = {EDIT: "edit", REASON: "down", CAUSE: "wrong"}


class Place(Frozen):
    """Where a form came from, kept in it: private_metadata comes back as it was sent."""

    channel: str
    thread: str
    question_id: str = ""
    author: str = ""
    """Who wrote the message that the question is about."""
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Helped:
    """Somebody wants to know what the command does."""

    language: str


@dataclass(frozen=True)
class Pressed:
    """A button was pressed; what it needs to open a form or to answer is beside the click."""

    click: ButtonClick
    user: str
    channel: str
    thread: str
    trigger: str
    answer_at: str
    ephemeral: bool


@dataclass(frozen=True)
class Looked:
    """A button that only shows something: ``what`` is sources, home, or a link that Slack has opened itself."""

    what: str
    question_id: str
    user: str
    author: str
    trigger: str


@dataclass(frozen=True)
class Submitted:
    """A form behind a button was sent."""

    click: ButtonClick
    user: str
    place: Place


@dataclass(frozen=True)
class Shortcut:
    """Somebody wants to ask about a message."""

    user: str
    trigger: str
    place: Place
    quoted: str


Asked = Said | Helped | Pressed | Looked | Submitted | Shortcut | Ignored


def read_command(body: Json, us: Identity, now: datetime) -> Asked:
    """A slash command (docs.slack.dev/interactivity/implementing-slash-commands): a question, or a call for help."""
    stranger = not_ours(body, us)
    said = readable(text(body.get("text")), lambda one: one)
    user, channel = text(body.get("user_id")), text(body.get("channel_id"))
    if stranger or not (user and channel):
        return Ignored(stranger or "incomplete: no user or channel")
    if said.casefold() in _HELP:
        return Helped("zh" if said in ("帮助", "使用说明") else "")
    event = f"{channel}/command/{text(body.get('trigger_id'))}"
    return Said(
        IncomingMessage(
            event_id=event,
            channel=CHANNEL,
            thread_id=thread_id(us, channel, f"command/{text(body.get('trigger_id'))}"),
            author=author_of(user, text(body.get("team_id")), us),
            text=said,
            sent_at=now,
            conversation=channel,
            audience="author",
            ephemeral=True,
        )
    )


def read_interaction(body: Json, us: Identity, names: Names, now: datetime) -> Asked:
    """A press, a sent form or a shortcut (docs.slack.dev/reference/interaction-payloads). It never fails."""
    stranger = not_ours(body, us)
    if stranger:
        return Ignored(stranger)
    kind = text(body.get("type"))
    if kind == "block_actions":
        return _pressed(body, us, now)
    if kind == "view_submission":
        return _sent(body, us, names, now)
    if kind == "message_action":
        return _shortcut(body, us, names)
    return Ignored(f"not asked for: {kind[:60] or 'no type'}")


def _pressed(body: Json, us: Identity, now: datetime) -> Asked:
    action = next(iter(mappings(body.get("actions"))), {})
    name = text(action.get("action_id"))
    what = name.removeprefix(BUTTON).partition(":")[0]
    value, trigger = text(action.get("value")), text(body.get("trigger_id"))
    user, author = _who(body, us)
    if not name.startswith(BUTTON) or not user:
        return Ignored("not a button of ours")
    question, _, further = value.partition(" ")
    if what not in _ACTIONS or what == "home":
        return Looked(what, question, user, author, trigger)
    container, message = mapping(body.get("container")), mapping(body.get("message"))
    channel = text(container.get("channel_id")) or text(mapping(body.get("channel")).get("id"))
    ts = text(container.get("message_ts"))
    ephemeral = container.get("is_ephemeral") is True
    # Nothing can be put under an ephemeral message, which only its reader has.
    thread = text(message.get("thread_ts")) or text(container.get("thread_ts")) or ("" if ephemeral else ts)
    click = ButtonClick(
        event_id=f"{channel}/{ts}/{what}/{user}/{text(action.get('action_ts'))}",
        channel=CHANNEL,
        thread_id=thread_id(us, channel, thread),
        conversation=channel,
        author=author,
        action=cast("Action", what),
        question_id=question,
        text=further,
        clicked_at=now,
    )
    return Pressed(click, user, channel, thread, trigger, text(body.get("response_url")), ephemeral)


def _sent(body: Json, us: Identity, names: Names, now: datetime) -> Asked:
    view = mapping(body.get("view"))
    kind = text(view.get("callback_id"))
    user, author = _who(body, us)
    place = _place(text(view.get("private_metadata")))
    if kind not in (ASK, *_SENT) or place is None or not user:
        return Ignored("not a form of ours")
    said = _filled(view).strip()
    if kind == ASK:
        return Said(_question(view, us, place, (author, said), now))
    click = ButtonClick(
        event_id=f"{place.channel}/form/{text(view.get('id'))}",
        channel=CHANNEL,
        thread_id=thread_id(us, place.channel, place.thread),
        conversation=place.channel,
        author=author,
        action=_SENT[kind],
        question_id=place.question_id,
        text=said,
        clicked_at=now,
    )
    return Submitted(click, user, place)


def _question(view: Json, us: Identity, place: Place, said: tuple[str, str], now: datetime) -> IncomingMessage:
    shown = [one for one in mappings(view.get("blocks")) if text(one.get("block_id")).startswith(QUOTED)]
    about = "".join(text(mapping(one.get("text")).get("text")) for one in shown)
    return IncomingMessage(
        event_id=f"{place.channel}/form/{text(view.get('id'))}",
        channel=CHANNEL,
        thread_id=thread_id(us, place.channel, place.thread),
        author=said[0],
        text=said[1],
        sent_at=now,
        attachments=place.files,
        conversation=place.channel,
        quoted=(Quoted(author=place.author, text=about),) if about else (),
        audience="author" if place.channel.startswith("D") else "conversation",
    )


def _shortcut(body: Json, us: Identity, names: Names) -> Asked:
    message, channel = mapping(body.get("message")), text(mapping(body.get("channel")).get("id"))
    ts = text(body.get("message_ts")) or text(message.get("ts"))
    user, _ = _who(body, us)
    if text(body.get("callback_id")) != ASK or not (user and channel and ts):
        return Ignored("not a shortcut of ours")
    writer = text(mapping(message.get("bot_profile")).get("name")) or text(message.get("username"))
    place = Place(
        channel=channel,
        thread=text(message.get("thread_ts")) or ts,
        author=(writer or names(text(message.get("user"))))[:100],
        files=attachments(mappings(message.get("files")))[:5],
    )
    return Shortcut(user, text(body.get("trigger_id")), place, message_text(message, names))


def _who(body: Json, us: Identity) -> tuple[str, str]:
    user = mapping(body.get("user"))
    name = text(user.get("id"))
    team = text(user.get("team_id")) or text(mapping(body.get("team")).get("id"))
    return name, author_of(name, team, us) if name else ""


def _filled(view: Json) -> str:
    values: Mapping[str, JsonValue] = mapping(mapping(view.get("state")).get("values"))
    return text(mapping(mapping(values.get(FIELD)).get(INPUT)).get("value"))


_PLACE = TypeAdapter(Place)


def _place(metadata: str) -> Place | None:
    try:
        return _PLACE.validate_json(metadata)
    except ValidationError:
        return None
