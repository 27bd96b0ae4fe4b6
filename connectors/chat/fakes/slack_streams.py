"""chat.startStream, chat.appendStream and chat.stopStream: a message that grows while people read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.chat.fakes.slack_chat import Writing
from connectors.chat.fakes.slack_json import Json, items, mapping, mappings, text
from connectors.chat.fakes.slack_rules import MOST_BLOCKS, MOST_MARKDOWN, refusals
from connectors.chat.fakes.slack_web import Call, Method, Refused
from connectors.chat.fakes.slack_workspace import Channel, Message

_MOST_IN_ALL = 40_000
_CHUNKS = {"markdown_text": "text", "task_update": "id", "plan_update": "title", "blocks": "blocks"}


@dataclass
class Streams:
    """Messages that are being written."""

    writing: Writing

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        write = ("chat:write",)
        return {
            "chat.startStream": Method(self.start, 2, write),
            "chat.appendStream": Method(self.append, 4, write),
            "chat.stopStream": Method(self.stop, 2, write),
        }

    async def start(self, call: Call) -> Json:
        platform = self.writing.platform
        channel = platform.writable(call.required("channel"))
        thread = self.writing.thread(channel, call.required("thread_ts"))
        if channel.kind != "im":
            if not call.text("recipient_user_id"):
                raise Refused("missing_recipient_user_id")
            if not call.text("recipient_team_id"):
                raise Refused("missing_recipient_team_id")
            if call.text("recipient_user_id") not in platform.workspace.people:
                raise Refused("user_not_found")
        message = self.writing.written(channel, {}, thread)
        message.streaming = message.streamed = True
        self._grow(message, call)
        platform.workspace.add(message)
        platform.record("chat.startStream", channel, {"text": message.text}, ts=message.ts)
        await platform.announce(message)
        return {"channel": channel.id, "ts": message.ts}

    async def append(self, call: Call) -> Json:
        channel, message = self._streaming(call)
        if not call.text("markdown_text") and not call.arguments.get("chunks"):
            raise Refused("no_text")
        self._grow(message, call)
        self.writing.platform.record("chat.appendStream", channel, {"text": message.text}, ts=message.ts)
        return {"channel": channel.id, "ts": message.ts}

    async def stop(self, call: Call) -> Json:
        platform = self.writing.platform
        channel, message = self._streaming(call)
        payload = platform.contents.read(
            Call(call.method, {k: v for k, v in call.arguments.items() if k != "markdown_text"})
        )
        self._check(payload)
        before = platform.wording.message(message)
        self._grow(message, call)
        message.blocks = [*message.blocks, *platform.contents.numbered(payload)]
        metadata = payload.get("metadata")
        message.metadata = metadata if isinstance(metadata, dict) else message.metadata
        message.streaming = False
        shown: Json = {"text": message.text, "blocks": list(message.blocks)}
        platform.record("chat.stopStream", channel, shown, ts=message.ts)
        await platform.announce_change(message, before)
        said = platform.wording.message(message)
        return {"channel": channel.id, "ts": message.ts, "message": said}

    def _streaming(self, call: Call) -> tuple[Channel, Message]:
        channel = self.writing.platform.channel(call.required("channel"))
        message = self.writing.platform.own(channel, call.required("ts"), "message_not_owned_by_app")
        if not message.streaming:
            raise Refused("message_not_in_streaming_state")
        return channel, message

    def _check(self, payload: Json) -> None:
        found = [one for one in refusals({**payload, "text": "as streamed"}) if one[0] != "no_text"]
        if found:
            raise Refused(found[0][0], *(said for _, said in found))
        self.writing.platform.contents.check_pictures(payload)

    def _grow(self, message: Message, call: Call) -> None:
        chunks = _chunks(call)
        written = "".join(text(one.get("text")) for one in chunks if one.get("type") == "markdown_text")
        if len(written) > MOST_MARKDOWN or len(message.text) + len(written) > _MOST_IN_ALL:
            raise Refused("msg_too_long")
        blocks = [one for chunk in chunks if chunk.get("type") == "blocks" for one in mappings(chunk["blocks"])]
        if len(message.blocks) + len(blocks) > MOST_BLOCKS:
            raise Refused("msg_blocks_too_many")
        self._check({"blocks": list(blocks)})
        message.text += written
        message.blocks = [*message.blocks, *self.writing.platform.contents.numbered({"blocks": list(blocks)})]
        for chunk in chunks:
            if chunk.get("type") == "task_update":
                kept = mapping(message.tasks.get(text(chunk["id"])))
                message.tasks[text(chunk["id"])] = {**kept, **chunk}


def _chunks(call: Call) -> list[Json]:
    """The pieces of a call; plain Markdown is one too."""
    sent = items(call.json("chunks", "invalid_chunks"))
    chunks = mappings(sent)
    if len(chunks) < len(sent) or any(not one.get(_CHUNKS.get(text(one.get("type")), "")) for one in chunks):
        raise Refused("invalid_chunks")
    if call.text("markdown_text"):
        return [{"type": "markdown_text", "text": call.text("markdown_text")}, *chunks]
    return chunks
