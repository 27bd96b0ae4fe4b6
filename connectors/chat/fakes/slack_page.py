"""A workspace as a page that looks like Slack, for pictures of demos."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from connectors.chat.fakes.slack_assistant import AssistantThreads
from connectors.chat.fakes.slack_emoji import drawn
from connectors.chat.fakes.slack_json import Json, mapping, mappings, text
from connectors.chat.fakes.slack_markup import Markup, picture
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_reading import said
from connectors.chat.fakes.slack_transcript import speaker
from connectors.chat.fakes.slack_workspace import Channel, Message, Person, StoredFile

_STYLE = Path(__file__).with_name("slack_page.css")
_COLOURS = ("#2eb67d", "#e01e5a", "#36c5f0", "#ecb22e", "#4a154b", "#1264a3")


class Page:
    """Draws what one person sees; nothing in it is loaded from elsewhere."""

    def __init__(self, platform: Platform, assistant: AssistantThreads) -> None:
        self._workspace = platform.workspace
        self._assistant = assistant
        self._markup = Markup(platform.workspace)

    def channel(self, channel: Channel, viewer: Person, thread: str, modal: Json | None) -> str:
        """A channel, with a thread at its side when one is asked for."""
        said_here = self._workspace.messages(channel.id, viewer.id)
        roots = [one for one in said_here if not one.thread_ts or one.thread_ts == one.ts or one.broadcast]
        middle = self._column(self._name(channel, viewer), f"{len(channel.members)} members", roots)
        side = ""
        if thread:
            status = self._assistant.showing(channel.id, thread)
            messages = self._workspace.thread(channel.id, thread, viewer.id)
            side = f"<aside>{self._column('Thread', self._name(channel, viewer), messages, status)}</aside>"
        return self._window(viewer, channel.id, f"<main>{middle}</main>{side}{self._modal(modal)}")

    def home(self, viewer: Person, view: Json | None, modal: Json | None) -> str:
        """The app's home tab."""
        inside = self._markup.blocks(view.get("blocks")) if view else "<p>Nothing here yet.</p>"
        main = f'<main><header>Nightshift <small>Home</small></header><div class="message"><div class="said">{inside}'
        return self._window(viewer, "", f"{main}</div></div></main>{self._modal(modal)}")

    def _window(self, viewer: Person, here: str, inside: str) -> str:
        style = _STYLE.read_text("utf-8")
        shown = [one for one in self._workspace.channels.values() if viewer.id in one.members]
        links = "".join(f"<p{' class=here' if one.id == here else ''}>{self._name(one, viewer)}</p>" for one in shown)
        head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Slack</title><style>{style}</style>'
        nav = f"<nav><h1>{escape(self._workspace.domain.title())}</h1>{links}</nav>"
        return f"{head}{drawn(f'<body><div class=window>{nav}{inside}</div></body>')}</html>"

    def _name(self, channel: Channel, viewer: Person) -> str:
        if channel.kind in ("im", "mpim"):
            return escape(", ".join(speaker(self._workspace, one) for one in channel.members if one != viewer.id))
        return escape(f"{'🔒' if channel.kind == 'group' else '#'} {channel.name}")

    def _column(self, title: str, small: str, messages: list[Message], status: str = "") -> str:
        inside = "".join(self._message(one) for one in messages)
        line = f'<div class="status">{escape(status)}</div>' if status else ""
        return f'<header>{title} <small>{small}</small></header><div class="list">{inside}{line}</div>'

    def _message(self, message: Message) -> str:
        name = speaker(self._workspace, message.user) or message.username or "Slackbot"
        person = self._workspace.people.get(message.user)
        title = person.title if person else name
        colour = _COLOURS[sum(map(ord, name)) % len(_COLOURS)]
        note = '<div class="note">👁 Only visible to you</div>' if message.ephemeral_to else ""
        app = ' <span class="app">APP</span>' if message.bot else ""
        at = datetime.fromtimestamp(float(message.ts), UTC).strftime("%H:%M")
        body = f'<span class="who">{escape(title)}</span>{app} <time>{at}</time>{self._body(message)}'
        kind = "message ephemeral" if message.ephemeral_to else "message"
        avatar = f'<div class="avatar" style="background:{colour}">{escape(title[:1].upper())}</div>'
        return f'{note}<div class="{kind}">{avatar}<div class="said">{body}</div></div>'

    def _body(self, message: Message) -> str:
        inside = ""
        if message.streamed or not message.blocks:
            inside = f'<div class="block">{self._words(message)}</div>'
        inside += "".join(
            f'<div class="block">◌ {escape(text(one.get("title")))}</div>' for one in message.tasks.values()
        )
        inside += self._markup.blocks(list(message.blocks))
        inside += "".join(self._attachment(one) for one in message.attachments)
        inside += "".join(_file(one) for one in message.files)
        inside += ' <span class="edited">(edited)</span>' if message.edited and not message.bot else ""
        inside += "".join(
            f'<span class="pill">{self._markup.mrkdwn(f":{name}:")} {len(users)}</span>'
            for name, users in message.reactions.items()
        )
        answers = len(self._workspace.thread(message.channel, message.ts, "")) - 1
        return inside + (f'<div class="replies">{answers} replies</div>' if answers > 0 else "")

    def _words(self, message: Message) -> str:
        if message.streamed:
            return self._markup.blocks([{"type": "markdown", "text": message.text}])
        return self._markup.mrkdwn(message.text)

    def _attachment(self, one: Json) -> str:
        title = f"<b>{self._markup.mrkdwn(text(one.get('title')))}</b><br>" if one.get("title") else ""
        fields = "".join(
            f"<div><b>{escape(text(each.get('title')))}</b><br>{self._markup.mrkdwn(text(each.get('value')))}</div>"
            for each in mappings(one.get("fields"))
        )
        inside = title + self._markup.mrkdwn(text(one.get("text"))) + self._markup.blocks(one.get("blocks"))
        return f'<div class="attachment">{inside}<div class="fields">{fields}</div></div>'

    def _modal(self, view: Json | None) -> str:
        if view is None:
            return ""
        buttons = "".join(
            f'<span class="button {style}">{escape(said(view.get(name)) or otherwise)}</span>'
            for name, style, otherwise in (("close", "", "Cancel"), ("submit", "primary", ""))
            if view.get(name) or otherwise
        )
        title = escape(text(mapping(view.get("title")).get("text")))
        inside = self._markup.blocks(view.get("blocks"))
        return (
            f'<div class="veil"><div class="modal"><h2>{title}</h2><div class="inside">{inside}</div>'
            f"<footer>{buttons}</footer></div></div>"
        )


def _file(file: StoredFile) -> str:
    if file.media_type.startswith("image/") and file.content:
        return f'<div class="block"><small>{escape(file.title)}</small><img src="{picture(file)}" alt=""></div>'
    size = len(file.content or b"")
    return f'<div class="block"><span class="file">📄 <b>{escape(file.title)}</b><br>{size} bytes</span></div>'
