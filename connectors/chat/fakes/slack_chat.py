"""chat.*, reactions.* and response URLs: posting, changing, deleting (docs.slack.dev/reference/methods)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from pydantic import JsonValue

from connectors.chat.fakes.slack_json import Json, mapping, mappings, text
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_tickets import ResponseUrl
from connectors.chat.fakes.slack_web import Call, Method, Refused
from connectors.chat.fakes.slack_workspace import Channel, Message

_WRITE = ("chat:write",)


@dataclass
class Writing:
    """What an app writes."""

    platform: Platform

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        react = ("reactions:write",)
        return {
            "chat.postMessage": Method(self.post, None, _WRITE),
            "chat.postEphemeral": Method(self.whisper, 4, _WRITE),
            "chat.update": Method(self.update, 3, _WRITE),
            "chat.delete": Method(self.delete, 3, _WRITE),
            "chat.getPermalink": Method(self.permalink),
            "reactions.add": Method(self.react, 3, react),
            "reactions.remove": Method(self.unreact, 2, react),
        }

    async def post(self, call: Call) -> Json:
        channel = self.platform.writable(call.required("channel"))
        payload = self.platform.contents.read(call)
        self.platform.contents.check(payload)
        thread = self.thread(channel, call.text("thread_ts"))
        wait = self.platform.limits.wait_to_post(channel.id)
        if wait:
            raise Refused("ratelimited", retry_after=wait)
        message = self.written(channel, payload, thread)
        message.broadcast = bool(thread) and call.flag("reply_broadcast")
        self.platform.record("chat.postMessage", channel, payload, ts=message.ts, thread_ts=thread)
        self.platform.workspace.add(message)
        await self.platform.announce(message)
        said = self.platform.wording.message(message, metadata=True)
        return {"channel": channel.id, "ts": message.ts, "message": said}

    def thread(self, channel: Channel, ts: str) -> str:
        """The thread that a message goes into: an answer's is that of its parent.

        When the parent is gone Slack does not refuse: the message stands in the channel, for all to see, and only the
        missing ``thread_ts`` of the answer tells (slack-go/slack#1571).
        """
        parent = self.platform.workspace.find(channel.id, ts)
        return (parent.thread_ts or parent.ts) if parent else ""

    def written(self, channel: Channel, payload: Json, thread: str = "", only_for: str = "") -> Message:
        """A message of the app, not yet in the channel."""
        app = self.platform.app
        metadata = payload.get("metadata")
        return Message(
            channel.id, self.platform.workspace.new_ts(), app.bot.id, text(payload.get("text")),
            self.platform.contents.numbered(payload), mappings(payload.get("attachments")), thread_ts=thread,
            bot=app.bot.bot, metadata=metadata if isinstance(metadata, dict) else None, ephemeral_to=only_for,
        )  # fmt: skip

    async def whisper(self, call: Call) -> Json:
        channel = self.platform.writable(call.required("channel"))
        person = call.required("user")
        if person not in channel.members:
            raise Refused("user_not_in_channel")
        payload = self.platform.contents.read(call)
        self.platform.contents.check(payload)
        message = self.written(channel, payload, self.thread(channel, call.text("thread_ts")), person)
        self.platform.record("chat.postEphemeral", channel, payload, ts=message.ts, user=person)
        self.platform.workspace.add(message)
        return {"message_ts": message.ts}

    async def update(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        message = self.platform.own(channel, call.required("ts"), "cant_update_message")
        self._may_change(channel, message)
        payload = self.platform.contents.read(call)
        if not payload:
            raise Refused("no_text")
        kept: Json = {"text": message.text, "blocks": list(message.blocks), "attachments": list(message.attachments)}
        self.platform.contents.check(kept | payload)
        before = self.platform.wording.message(message)
        self._change(message, payload)
        message.edited = self.platform.workspace.new_ts()
        self.platform.record("chat.update", channel, payload, ts=message.ts)
        await self.platform.announce_change(message, before)
        said = self.platform.wording.message(message)
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": said}

    def _may_change(self, channel: Channel, message: Message) -> None:
        minutes = self.platform.app.edit_minutes
        if channel.archived:
            raise Refused("is_inactive")
        if message.streaming:
            raise Refused("streaming_state_conflict")
        if minutes is not None and self.platform.workspace.clock() - float(message.ts) > minutes * 60:
            raise Refused("edit_window_closed")

    def _change(self, message: Message, payload: Json) -> None:
        # Documented: what is not sent is retained; an empty list takes the blocks away.
        message.keep()
        message.streamed = False
        if "text" in payload:
            message.text = text(payload["text"])
        if "blocks" in payload:
            message.blocks = self.platform.contents.numbered(payload)
        if "attachments" in payload:
            message.attachments = mappings(payload["attachments"])
        metadata = payload.get("metadata")
        if isinstance(metadata, dict):
            message.metadata = metadata

    async def delete(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        message = self.platform.own(channel, call.required("ts"), "cant_delete_message")
        before = self.platform.wording.message(message)
        self.platform.workspace.remove(message)
        await self.platform.announce_deletion(channel, before)
        return {"channel": channel.id, "ts": message.ts}

    async def permalink(self, call: Call) -> Json:
        channel = self.platform.channel(call.required("channel"))
        ts = call.required("message_ts")
        if self.platform.workspace.find(channel.id, ts) is None:
            raise Refused("message_not_found")
        at = f"https://{self.platform.workspace.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
        return {"channel": channel.id, "permalink": at}

    async def react(self, call: Call) -> Json:
        message, name = self._reacted(call)
        users = message.reactions.setdefault(name, [])
        if self.platform.app.bot.id in users:
            raise Refused("already_reacted")
        users.append(self.platform.app.bot.id)
        return {}

    async def unreact(self, call: Call) -> Json:
        message, name = self._reacted(call)
        users = message.reactions.get(name, [])
        if self.platform.app.bot.id not in users:
            raise Refused("no_reaction")
        users.remove(self.platform.app.bot.id)
        if not users:
            del message.reactions[name]
        return {}

    def _reacted(self, call: Call) -> tuple[Message, str]:
        channel = self.platform.channel(call.required("channel"))
        message = self.platform.workspace.find(channel.id, call.required("timestamp"))
        if message is None:
            raise Refused("message_not_found")
        name = call.required("name")
        if not re.fullmatch(r"[a-z0-9_+'-]+", name):
            raise Refused("invalid_name")
        return message, name


@dataclass
class Responses:
    """Response URLs (docs.slack.dev/interactivity/handling-user-interaction#message_responses)."""

    writing: Writing

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One answer to an interaction, without a token."""
        try:
            payload: JsonValue = json.loads(await request.text())
            self._respond(self.writing.platform.tickets.respond(request.match_info["name"]), mapping(payload))
        except Refused as refused:
            gone = text(refused.answer.get("error")) in ("expired_url", "used_url")
            return web.json_response(refused.answer, status=404 if gone else 200)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=500)
        return web.Response(text="ok")

    def _respond(self, to: ResponseUrl, payload: Json) -> None:
        workspace = self.writing.platform.workspace
        channel, message = workspace.channels[to.channel], workspace.find(to.channel, to.message)
        if payload.get("delete_original") and message:
            workspace.remove(message)
            return
        self.writing.platform.contents.check(payload)
        if payload.get("replace_original") and message:
            message.keep()
            message.text = text(payload.get("text"))
            message.blocks = self.writing.platform.contents.numbered(payload)
        else:
            only_for = "" if payload.get("response_type") == "in_channel" else to.person
            message = workspace.add(self.writing.written(channel, payload, text(payload.get("thread_ts")), only_for))
        self.writing.platform.record("response_url", channel, payload, ts=message.ts)
