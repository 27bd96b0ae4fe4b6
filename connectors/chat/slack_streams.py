"""Slack's streamed messages: a draft that grows, without an edit mark; whatever Slack refuses is done by edits.

https://docs.slack.dev/reference/methods/chat.startStream
"""

from dataclasses import dataclass, field

from pydantic import JsonValue

from connectors.chat.ladder import Refused
from connectors.chat.markdown import clean
from connectors.chat.port import ChatUnavailable, Progress
from connectors.chat.slack_api import Busy, NoPlace, Refusal, SlackApi, begun_as
from connectors.chat.slack_events import Identity
from connectors.chat.slack_words import cut, escaped

_MOST_AT_ONCE = 8_000
_MOST_KEPT = 1_000
_MOST_REFUSALS = 3
_NEVER = frozenset(
    {"unknown_method", "method_deprecated", "feature_not_enabled", "method_not_supported_for_channel_type"}
)


@dataclass
class Streams:
    """The messages that are being streamed; empty when streams are off, or Slack does not have them for us."""

    api: SlackApi
    us: Identity
    on: bool
    _drafts: dict[str, str] = field(default_factory=dict)
    _refusals: int = 0

    async def start(self, channel: str, thread: str, author: str, question_id: str, words: str) -> str:
        """Begin a message in a thread for who asked; its ts, or empty when it has to be an ordinary one."""
        team, _, user = author.removeprefix("slack:").rpartition("/")
        if not (self.on and thread and user):
            return ""
        status: JsonValue = {"type": "mrkdwn", "text": f"⏳ {escaped(cut(words, 250))}"}
        block: JsonValue = {"type": "context", "block_id": begun_as(question_id), "elements": [status]}
        arguments: dict[str, JsonValue] = {
            "channel": channel,
            "thread_ts": thread,
            "recipient_user_id": user,
            "recipient_team_id": team or self.us.team_id,
            "chunks": [{"type": "blocks", "blocks": [block]}],
        }
        try:
            ts = str((await self.api.once("chat.startStream", arguments)).get("ts") or "")
        except (Refused, ChatUnavailable) as refused:
            # Not there in this workspace, or not for this app: then it would be refused every time.
            self._refusals += 1
            never = not isinstance(refused, Refusal) or refused.error in _NEVER
            self.on = not never and self._refusals < _MOST_REFUSALS
            return ""
        except (Busy, NoPlace):
            return ""
        self._refusals = 0
        while len(self._drafts) >= _MOST_KEPT:
            self._drafts.pop(next(iter(self._drafts)))
        self._drafts[ts] = ""
        return ts

    async def append(self, channel: str, ts: str, shown: Progress) -> bool:
        """Show what the draft has more than before. False when this message has to be edited instead."""
        before = self._drafts.get(ts)
        draft = disarmed(shown.draft)
        if before is None:
            return False
        if not draft.startswith(before) or len(draft) > _MOST_AT_ONCE:
            # What is streamed cannot be taken back.
            await self.stop(channel, ts)
            return False
        if draft == before:
            return True
        chunk: JsonValue = {"type": "markdown_text", "text": draft[len(before) :]}
        await self.api.once("chat.appendStream", {"channel": channel, "ts": ts, "chunks": [chunk]})
        self._drafts[ts] = draft
        return True

    async def stop(self, channel: str, ts: str) -> None:
        """End the stream of a message, when it has one; then it can be edited."""
        if self._drafts.pop(ts, None) is not None:
            await self.end(channel, ts)

    async def end(self, channel: str, ts: str) -> None:
        """End a stream that another process may have begun. One that is over stays so."""
        try:
            await self.api.call("chat.stopStream", {"channel": channel, "ts": ts})
        except (Refused, NoPlace):
            return


def disarmed(draft: str) -> str:
    """Markdown in which nobody is mentioned, and no picture is loaded."""
    said = clean(draft)
    for sign in ("<@", "<!", "<#"):
        said = said.replace(sign, f"<\u200b{sign[1]}")
    return said.replace("![", "[")
