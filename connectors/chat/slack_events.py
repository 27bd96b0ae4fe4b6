"""What Slack sends as what happened: pure, and a reason for everything that is not for us."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.chat.port import Attachment, IncomingMessage, Quoted
from connectors.chat.slack_json import Json, mapping, mappings, text
from connectors.chat.slack_text import Names, forwarded, forwarded_text, message_text

CHANNEL = "slack"
_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
_TS = re.compile(r"\d{1,11}\.\d{1,9}")


@dataclass(frozen=True)
class Identity:
    """Who we are in Slack, as auth.test says. ``app_id`` is empty when it could not be learned."""

    team_id: str
    bot_user_id: str
    bot_id: str
    app_id: str = ""
    enterprise_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class Said:
    """Somebody said something. ``root`` is the thread's first message, when it may be what was meant."""

    message: IncomingMessage
    root: str = ""


@dataclass(frozen=True)
class Withdrawn:
    """Somebody deleted a message."""

    event_id: str


@dataclass(frozen=True)
class HomeOpened:
    """Somebody looks at the App Home."""

    user: str
    author: str


@dataclass(frozen=True)
class AssistantOpened:
    """Somebody opened the messages with the assistant, or a thread there: then it is named."""

    channel: str
    thread: str


@dataclass(frozen=True)
class Ignored:
    """Not for us; the reason in a few words. It is acknowledged."""

    reason: str


Event = Said | Withdrawn | HomeOpened | AssistantOpened | Ignored


def read_event(body: Json, us: Identity, names: Names) -> Event:
    """What a delivery of the Events API says (docs.slack.dev/apis/events-api). It never fails."""
    stranger = not_ours(body, us)
    event = mapping(body.get("event"))
    kind = text(event.get("type"))
    if stranger:
        return Ignored(stranger)
    if kind == "app_home_opened":
        home = HomeOpened(text(event.get("user")), _author(body, event, us))
        return home if event.get("tab") == "home" else AssistantOpened(text(event.get("channel")), "")
    if kind in ("assistant_thread_started", "assistant_thread_context_changed"):
        thread = mapping(event.get("assistant_thread"))
        return AssistantOpened(text(thread.get("channel_id")), text(thread.get("thread_ts")))
    if kind in ("message", "app_mention"):
        return _message(body, event, us, names)
    return Ignored(f"not asked for: {kind[:60] or text(body.get('type'))[:60] or 'no type'}")


def not_ours(body: Json, us: Identity) -> str:
    """Why a delivery is meant for somebody else; empty when it is ours."""
    app = text(body.get("api_app_id"))
    if app and us.app_id and app != us.app_id:
        return "another app"
    if teams(body) & {us.team_id, us.enterprise_id} - {""}:
        return ""
    # What a person of another organisation presses in a shared channel names their workspace alone.
    pressed = text(body.get("type")) in ("block_actions", "view_submission", "message_action")
    return "" if pressed and app and app == us.app_id else "another workspace"


def teams(body: Json) -> set[str]:
    """Every workspace and organisation that a delivery names as its own."""
    view, granted = mapping(body.get("view")), mappings(body.get("authorizations"))
    named = [body.get("team_id"), body.get("context_team_id"), body.get("context_enterprise_id")]
    named += [body.get("enterprise_id"), mapping(body.get("team")).get("id"), view.get("app_installed_team_id")]
    named += [one.get(name) for one in granted for name in ("team_id", "enterprise_id")]
    return {name for one in named if (name := text(one))}


def author_of(user: str, team: str, us: Identity) -> str:
    """The id of a person as the directory knows it; people of other workspaces never get one that it knows."""
    return f"slack:{user}" if team in ("", us.team_id, us.enterprise_id) else f"slack:{team}/{user}"


def thread_id(us: Identity, channel: str, thread: str) -> str:
    """One string from which can be posted; see ``slack_places``."""
    return f"slack:{us.team_id}/{channel}/{thread}"


def moment(ts: str) -> datetime:
    """The time that a message's ts tells."""
    return datetime.fromtimestamp(float(ts), UTC)


def attachments(files: list[Json]) -> tuple[Attachment, ...]:
    """The files that Slack itself keeps; the reference is a file's id. Those it only links to are left out."""
    kept = (one for one in files if one.get("mode") not in ("tombstone", "hidden_by_limit", "external"))
    return tuple(
        Attachment(
            name=text(one.get("name")) or text(one.get("title")) or text(one.get("id")),
            reference=text(one.get("id")),
            media_type=text(one.get("mimetype")),
        )
        for one in kept
        if one.get("id")
    )


def quoted_root(message: Json, names: Names) -> Quoted | None:
    """A thread's first message, as what a question in the thread is about."""
    said = message_text(message, names)
    return Quoted(author=_speaker(message, names), text=said) if said else None


def _speaker(message: Json, names: Names) -> str:
    profile = mapping(message.get("bot_profile"))
    return text(message.get("username")) or text(profile.get("name")) or names(text(message.get("user")))


def _author(body: Json, event: Json, us: Identity) -> str:
    team = text(event.get("user_team")) or text(event.get("source_team")) or text(event.get("team"))
    if not team and body.get("is_ext_shared_channel") is True:
        team = text(body.get("team_id"))
    return author_of(text(event.get("user")), team, us)


def _message(body: Json, event: Json, us: Identity, names: Names) -> Event:
    subtype, channel = text(event.get("subtype")), text(event.get("channel"))
    inner = mapping(event.get("message"))
    gone = text(event.get("deleted_ts")) or text(inner.get("ts"))
    if subtype == "message_deleted" or (subtype == "message_changed" and inner.get("subtype") == "tombstone"):
        return Withdrawn(f"{channel}/{gone}") if gone else Ignored("incomplete: no ts")
    if subtype == "message_changed":
        return _edited(body, event, us, names)
    if subtype == "bot_message" or event.get("bot_id"):
        return Ignored("our own message") if _is_us(event, us) else _told(event, us, names)
    if subtype not in _SPOKEN:
        return Ignored(f"a system message ({subtype[:60]})")
    return _said(body, event, us, names)


def _edited(body: Json, event: Json, us: Identity, names: Names) -> Event:
    now, before = mapping(event.get("message")), mapping(event.get("previous_message"))
    edited, by_bot = text(mapping(now.get("edited")).get("ts")), bool(now.get("bot_id"))
    # A bot that writes its alert anew when it is over does not count as its author.
    shown = ("text", "files", "attachments", "blocks") if by_bot else ("text", "files")
    if not (edited or by_bot) or (before and all(now.get(part) == before.get(part) for part in shown)):
        return Ignored("nothing its author changed")
    around = {name: event[name] for name in ("channel", "channel_type") if name in event}
    found = _message(body, {"ts": before.get("ts"), **now, **around, "type": "message"}, us, names)
    if not isinstance(found, Said):
        return found
    original = found.message.event_id
    change = {"event_id": f"{original}#{edited}", "replaces": original}
    return Said(found.message.model_copy(update=change), found.root)


def _said(body: Json, event: Json, us: Identity, names: Names) -> Event:
    channel, ts, user = text(event.get("channel")), text(event.get("ts")), text(event.get("user"))
    if not (channel and user and _TS.fullmatch(ts)):
        return Ignored("incomplete: no channel, user or ts")
    if user in (us.bot_user_id, "USLACKBOT"):
        return Ignored("our own message" if user == us.bot_user_id else "another bot's message")
    private = event.get("channel_type") == "im" or channel.startswith("D")
    named = any(f"<@{us.bot_user_id}{end}" in text(event.get("text")) for end in ">|")
    meant = private or named or event.get("type") == "app_mention"
    thread = text(event.get("thread_ts")) or ts
    message = IncomingMessage(
        event_id=f"{channel}/{ts}",
        channel=CHANNEL,
        thread_id=thread_id(us, channel, thread),
        author=_author(body, event, us),
        text=message_text(event, names),
        sent_at=moment(ts),
        attachments=attachments(mappings(event.get("files"))),
        conversation=channel,
        quoted=tuple(_forwarded(event, names)),
        addressed=meant,
        audience="author" if private else "conversation",
    )
    answers_us = event.get("parent_user_id") == us.bot_user_id
    return Said(message, thread if meant and not private and thread != ts and not answers_us else "")


def _told(event: Json, us: Identity, names: Names) -> Event:
    """What another bot says, in a channel that we are in."""
    channel, ts = text(event.get("channel")), text(event.get("ts"))
    bot = text(event.get("bot_id")) or text(event.get("user"))
    if not (channel and bot and _TS.fullmatch(ts)):
        return Ignored("another bot's message")
    return Said(
        IncomingMessage(
            event_id=f"{channel}/{ts}",
            channel=CHANNEL,
            thread_id=thread_id(us, channel, text(event.get("thread_ts")) or ts),
            author=f"slack:bot/{bot}",
            text=message_text(event, names),
            sent_at=moment(ts),
            conversation=channel,
            addressed=False,
            audience="conversation",
            by_bot=True,
        )
    )


def _forwarded(event: Json, names: Names) -> list[Quoted]:
    shared = (one for one in mappings(event.get("attachments")) if forwarded(one))
    found = [(text(one.get("author_name")), forwarded_text(one, names)) for one in shared]
    return [Quoted(author=author, text=said) for author, said in found if said]


def _is_us(event: Json, us: Identity) -> bool:
    app, ours = text(event.get("app_id")), (us.bot_id, us.bot_user_id)
    return text(event.get("bot_id")) in ours or text(event.get("user")) in ours or (app != "" and app == us.app_id)
