"""What a recorded body of Slack comes to, in one line, for the app that it was recorded for."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from connectors.chat.slack_clicks import Asked, Looked, Pressed, Shortcut, Submitted, read_command, read_interaction
from connectors.chat.slack_events import (
    AssistantOpened,
    Event,
    HomeOpened,
    Identity,
    Ignored,
    Said,
    Withdrawn,
    read_event,
)
from connectors.chat.slack_json import mapping, mappings, text

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fingerprint(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


def receiver(body: dict[str, Any]) -> Identity:
    """The app that a body was sent to, as far as it says."""
    granted = next(iter(mappings(body.get("authorizations"))), {})
    view = mapping(body.get("view"))
    team = text(view.get("app_installed_team_id")) or text(granted.get("team_id")) or text(body.get("context_team_id"))
    named = body.get("authed_users") or []
    mentioned = re.search(r"<@(\w+)>", text(mapping(body.get("event")).get("text")))
    user = text(granted.get("user_id")) or (mentioned[1] if mentioned else named[0] if named else "U_US")
    return Identity(
        team_id=team or text(body.get("team_id")) or text(mapping(body.get("team")).get("id")) or "T111",
        bot_user_id=user,
        bot_id="BZYBOTHED",
        app_id=text(body.get("api_app_id")) or "A111",
        enterprise_id=text(granted.get("enterprise_id")) if not granted.get("team_id") else "",
    )


def outcome(body: dict[str, Any], us: Identity) -> str:
    """In one line."""
    if "command" in body:
        return _asked(read_command(body, us, NOW))
    if "event" in body:
        return _event(read_event(body, us, lambda one: "" if one == us.bot_user_id else one))
    return _asked(read_interaction(body, us, lambda one: one, NOW))


def _event(found: Event) -> str:
    match found:
        case Said(message=message):
            to = "by a bot" if message.by_bot else "to us" if message.addressed else "to others"
            marks = ["said", to, message.author, repr(message.text)]
            marks += [f"replaces {message.replaces}"] if message.replaces else []
            marks += [f"files {[one.name for one in message.attachments]}"] if message.attachments else []
            return " · ".join(marks)
        case Withdrawn(event_id=event_id):
            return f"withdrawn · {event_id}"
        case HomeOpened(author=author):
            return f"home · {author}"
        case AssistantOpened(channel=channel, thread=thread):
            return f"assistant · {channel}/{thread}"
        case Ignored(reason=reason):
            return f"left out · {reason}"


def _asked(found: Asked) -> str:
    match found:
        case Said() | Ignored():
            return _event(found)
        case Pressed(click=click) | Submitted(click=click):
            return f"pressed · {click.action} · {click.author}"
        case Looked(what=what):
            return f"looked · {what}"
        case Shortcut(place=place):
            return f"shortcut · {place.channel}/{place.thread}"
        case _:
            return "helped"
