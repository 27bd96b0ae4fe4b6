"""Single messages in Slack: where they go, how one is found again, and the parts of an answer in their places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from connectors.chat import ladder
from connectors.chat.ladder import Rung
from connectors.chat.port import Recipient
from connectors.chat.slack_api import Gone, MissingScope, NoPlace, Refusal, SlackApi, answers
from connectors.chat.slack_card import MOST_TEXT, Page
from connectors.chat.slack_events import Identity, thread_id
from connectors.chat.slack_json import Json, mapping, mappings, text
from connectors.chat.slack_streams import Streams
from connectors.chat.slack_text import blocks_text
from connectors.chat.slack_words import escaped

_THREAD = re.compile(r"slack:\w+/([CDG]\w+)/(.*)", re.DOTALL)
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_TS = re.compile(r"\d{1,12}\.\d{1,9}")
_METADATA = "nightshift_answer"
_PROCESSING_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Slack takes a while until a picture that was uploaded can be shown."""


@dataclass(frozen=True)
class Spot:
    """Where messages go: a conversation, a thread in it or none, and one reader when they are for them alone.

    ``name`` is what the thread is called outside, whatever becomes of the place.
    """

    channel: str
    thread: str
    reader: str = ""
    name: str = ""


def spot_of(to: Recipient) -> Spot:
    """The place of a recipient. Raises ``NoPlace`` when it is not one of ours."""
    found = _THREAD.fullmatch(to.thread_id)
    if not found:
        raise NoPlace(f"Slack has no thread {to.thread_id[:100]!r}.")
    user = to.author.removeprefix("slack:").rpartition("/")[2]
    return Spot(found[1], found[2] if _TS.fullmatch(found[2]) else "", user if to.ephemeral else "", to.thread_id)


def opening(team: str, conversation: str) -> Recipient:
    """Where a message goes that begins a thread in a channel. Raises ``ValueError`` for what is no channel's id."""
    if not _CHANNEL.fullmatch(conversation):
        raise ValueError(f"{conversation!r} is no channel of Slack: write its id, such as C0123456789")
    return Recipient(thread_id=f"slack:{team}/{conversation}/", author="")


def thread_below(us: Identity, to: Recipient, message_id: str) -> str:
    """The thread below a message that was posted there, as its answers name it."""
    spot = spot_of(to)
    return thread_id(us, spot.channel, spot.thread or message_id)


def labelled(shown: str, blocks: Sequence[JsonValue], question_id: str, part: str) -> dict[str, JsonValue]:
    """A message that can be found again by its question."""
    payload: JsonValue = {"question_id": question_id, "part": part}
    metadata: JsonValue = {"event_type": _METADATA, "event_payload": payload}
    return {"text": shown, "blocks": list(blocks), "metadata": metadata}


@dataclass
class Posting:
    """Posts, changes and finds messages."""

    api: SlackApi
    us: Identity
    streams: Streams

    async def send(self, spot: Spot, message: Json, question_id: str = "", part: str = "0") -> str:
        """Post a message; its ts. When Slack's answer is lost, look whether it arrived before posting it again."""
        arguments: dict[str, JsonValue] = {"channel": spot.channel, **message}
        arguments |= {"thread_ts": spot.thread} if spot.thread else {}
        if spot.reader:
            arguments = {name: value for name, value in arguments.items() if name != "metadata"}
            shown = await self.api.call("chat.postEphemeral", {**arguments, "user": spot.reader})
            return text(shown.get("message_ts"))
        arguments |= {"unfurl_links": False, "unfurl_media": False}

        async def arrived() -> Json | None:
            found = (await self.posted(spot, question_id)).get(part)
            return {"ts": found} if found else None

        done = arrived if question_id else None
        return text((await self.api.call("chat.postMessage", arguments, done=done)).get("ts"))

    async def change(self, spot: Spot, ts: str, message: Json) -> str:
        """Put a message in the place of another one. Raises ``Gone`` when that cannot be changed."""
        arguments = {"channel": spot.channel, "ts": ts, **message}
        try:
            await self.api.call("chat.update", arguments)
        except Refusal as refused:
            if refused.error != "streaming_state_conflict":
                raise
            await self.streams.end(spot.channel, ts)
            await self.api.call("chat.update", arguments)
        return ts

    async def posted(self, spot: Spot, question_id: str, since: str = "", but: str = "") -> dict[str, str]:
        """The parts of an answer that are there, by name, ``but`` for one; ``since`` is the ts of the question."""
        asked: dict[str, JsonValue] = {"channel": spot.channel, "limit": 200, "include_all_metadata": "true"}
        asked |= {"oldest": since} if _TS.fullmatch(since) else {}
        asked |= {"ts": spot.thread} if spot.thread else {}
        method = "conversations.replies" if spot.thread else "conversations.history"
        try:
            found = await self.api.call(method, asked, reading=True)
        except (ladder.Refused, NoPlace, MissingScope):
            # Whether it is there cannot be seen; an answer that comes twice is better than none.
            return {}
        return answers(found, self.us.bot_id, question_id, but)

    async def share(self, spot: Spot, name: str, content: bytes, words: str = "") -> str:
        """Show a file; never to more people than the one reader, when there is one."""
        if spot.reader:
            spot = await self.direct(spot.reader)
        where: dict[str, JsonValue] = {"channel_id": spot.channel}
        where |= {"thread_ts": spot.thread} if spot.thread else {}
        where |= {"initial_comment": words} if words else {}
        return await self.api.upload(name, content, name, where)

    async def direct(self, user: str) -> Spot:
        """The direct messages with somebody."""
        opened = await self.api.call("conversations.open", {"users": user})
        return Spot(text(mapping(opened.get("channel")).get("id")), "")


@dataclass
class Sender:
    """Sends the parts of one answer, each in the place of what was posted for it ``before``.

    The first of one that ``opens`` a thread has the others below it.
    """

    posting: Posting
    spot: Spot
    question_id: str
    before: dict[str, str]
    opens: bool = False

    def pages(self, made: Sequence[Page]) -> list[list[Rung]]:
        """The rungs of each page: as blocks, else in words."""
        return [[self._card(str(number), page), self._words(str(number), page)] for number, page in enumerate(made)]

    def words(self, made: Sequence[str]) -> list[list[Rung]]:
        """The rung of each text."""
        return [[self._text(str(number), said)] for number, said in enumerate(made)]

    async def page(self, part: str, page: Page) -> str:
        """Send blocks; while Slack still works on their pictures, again after a while."""
        for seconds in (*_PROCESSING_SECONDS, None):
            try:
                return await self._put(part, labelled(page.text, page.blocks, self.question_id, part))
            except Refusal as refused:
                if seconds is None or not _waits_for_picture(refused, page):
                    raise
                await self.posting.api.sleep(seconds)
        raise AssertionError

    async def text(self, part: str, said: str) -> str:
        """Send text in the place of whatever was there."""
        return await self._put(part, labelled(said, [], self.question_id, part))

    def _card(self, part: str, page: Page) -> Rung:
        return Rung("card", lambda: self.page(part, page))

    def _text(self, part: str, said: str) -> Rung:
        return Rung("text", lambda: self.text(part, said))

    def _words(self, part: str, page: Page) -> Rung:
        said = blocks_text(mappings(page.blocks), lambda one: one)
        pieces = ladder.pages(said, MOST_TEXT, lambda one: len(escaped(one)))
        names = [part if number == 0 else f"{part}.{number}" for number in range(len(pieces))]
        rungs = [[self._text(name, escaped(piece))] for name, piece in zip(names, pieces, strict=True)]
        return Rung("text", lambda: ladder.in_order("slack", rungs))

    async def _put(self, part: str, message: Json) -> str:
        there = self.before.get(part)
        if there:
            try:
                return await self.posting.change(self.spot, there, message)
            except (Gone, NoPlace):
                self.before.pop(part)
                anew = await self._stands_anew(part, there)
            if anew:
                return await self.posting.change(self.spot, anew, message)
        if not message.get("blocks"):
            message = {name: value for name, value in message.items() if name != "blocks"}
        spot = self.spot
        if self.opens and not spot.thread and part != "0":
            spot = replace(spot, thread=self.before.get("0", ""))
        ts = await self.posting.send(spot, message, self.question_id, part)
        if not self.spot.reader:
            self.before[part] = ts
        return ts

    async def _stands_anew(self, part: str, there: str) -> str:
        """What an earlier attempt has posted in the place of a message that can no longer be changed."""
        return (await self.posting.posted(self.spot, self.question_id, but=there)).get(part, "")


def _waits_for_picture(refused: Refusal, page: Page) -> bool:
    shows = any(block.get("type") == "image" for block in mappings(page.blocks))
    return shows and refused.error == "invalid_blocks" and "slack_file" in str(refused)
