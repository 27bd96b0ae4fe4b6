"""How an answer gets into Slack: begun, drafted, and delivered down the ladder, each question once."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from connectors.chat import ladder
from connectors.chat.card_port import Card
from connectors.chat.ladder import Rung
from connectors.chat.port import ChatUnavailable, Delivery, Progress, Recipient, Undeliverable
from connectors.chat.slack_api import Busy, Lost, NoPlace, SlackApi
from connectors.chat.slack_card import SMALL_PAGE, Page, as_text, pages, progress, texts
from connectors.chat.slack_events import CHANNEL
from connectors.chat.slack_posting import Posting, Sender, Spot, labelled, spot_of
from connectors.chat.slack_streams import Streams
from connectors.chat.slack_words import WORDS, cut, linked

_MOST_TRIED = 10_000
_MOST_FRAMES = 35
"""Of the fifty edits that Slack allows in a minute, the rest is for answers."""


@dataclass
class Delivering:
    """Delivers answers. ``fresh`` says whether nobody can have posted for a message yet, by its event id."""

    api: SlackApi
    posting: Posting
    streams: Streams
    public_url: str
    fresh: Callable[[str], bool]
    _tried: dict[str, None] = field(default_factory=dict)

    async def begin(self, to: Recipient, question_id: str, words: str) -> str:
        """The ts of the message that will be the answer; empty where none can be shown."""
        try:
            spot = spot_of(to)
            if spot.reader:
                # An ephemeral message cannot be changed; the command's own reply has said that work began.
                return ""
            before = await self._before(to, spot, "begin", question_id)
            if "0" in before:
                return before["0"]
            begun = await self.streams.start(spot.channel, spot.thread, to.author, question_id, words)
            if not begun and self.api.pace.crowded("chat.postMessage", {"channel": spot.channel}):
                # Answers are on their way there; a sign that work has begun would only hold them up.
                return ""
            shown, blocks = progress(words, "")
            return begun or await self.posting.send(spot, labelled(shown, blocks, question_id, "0"), question_id)
        except (ladder.Refused, NoPlace):
            return ""
        except (Lost, ChatUnavailable) as lost:
            # It may have been begun all the same: who posts the answer has to look.
            self._remember(f"post {spot_of(to).channel} {question_id}")
            raise ChatUnavailable(f"Slack did not say whether a message was begun: {lost}") from lost

    async def update(self, to: Recipient, message_id: str, shown: Progress) -> None:
        """Show a draft, or leave it out: a frame is never waited for."""
        try:
            spot = spot_of(to)
            if not message_id or spot.reader or await self.streams.append(spot.channel, message_id, shown):
                return
            if self.api.pace.crowded("chat.update", {}, _MOST_FRAMES):
                return
            words, blocks = await asyncio.to_thread(progress, shown.doing, shown.draft)
            await self.api.once(
                "chat.update", {"channel": spot.channel, "ts": message_id, "text": words, "blocks": blocks}
            )
        except (Busy, Lost, NoPlace, ladder.Refused, ChatUnavailable):
            return

    async def post(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        """Deliver a card; where nothing can be posted, to who asked as a direct message."""
        pictures = await _pictures(self.api, card, files)
        try:
            spot = spot_of(to)
            before = await self._before(to, spot, "post", card.question_id) if not spot.reader else {}
            if message_id:
                before["0"] = message_id
                await self.streams.stop(spot.channel, message_id)
            return await self._descend(spot, card, pictures, before)
        except NoPlace as nowhere:
            if not to.author:
                raise Undeliverable(f"{nowhere} Invite the app to the channel.") from nowhere
            try:
                return await self._elsewhere(to, card, pictures)
            except (NoPlace, ladder.Refused):
                raise Undeliverable(f"{nowhere} Invite the app to the channel.") from nowhere

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        """Change a message that was posted; where Slack no longer does, the card stands anew in the thread below."""
        pictures = await _pictures(self.api, card, files)
        try:
            spot = spot_of(to)
            below = replace(spot, thread=spot.thread or message_id)
            return await self._descend(below, card, pictures, {"0": message_id})
        except NoPlace as nowhere:
            raise Undeliverable(f"{nowhere} Invite the app to the channel.") from nowhere

    async def send_file(self, to: Recipient, name: str, content: bytes) -> None:
        """Put a file into a thread, or hand it to who asked."""
        try:
            try:
                await self.posting.share(spot_of(to), name, content)
            except NoPlace:
                await self.posting.share(await self._direct(to), name, content)
        except (NoPlace, ladder.Refused) as refused:
            raise Undeliverable(str(refused)) from refused

    async def _descend(self, spot: Spot, card: Card, pictures: Mapping[str, str], before: dict[str, str]) -> Delivery:
        sender = Sender(self.posting, spot, card.question_id, before, opens=card.kind == "incident")
        made = await asyncio.to_thread(pages, card, pictures, ephemeral=bool(spot.reader))
        return await ladder.descend(CHANNEL, self._forms(sender, card, made, bare=not pictures))

    def _forms(self, sender: Sender, card: Card, made: list[Page], *, bare: bool) -> Iterator[Rung]:
        """The rungs of a card, from the richest down; each is made only when the one before was refused."""
        alone = bool(sender.spot.reader)
        yield _as_pages(sender, made)
        if not bare:
            yield _as_pages(sender, pages(card, {}, ephemeral=alone))
        small = pages(card, {}, SMALL_PAGE, ephemeral=alone)
        yield Rung("split", lambda: ladder.in_order(CHANNEL, sender.pages(small)))
        yield Rung("text", lambda: ladder.in_order(CHANNEL, sender.words(texts(card))))
        yield Rung("file", lambda: self._as_file(sender, card))
        if self.public_url:
            address = f"{self.public_url.rstrip('/')}/#thread={quote(sender.spot.name, safe='')}"
            said = f"{WORDS[card.language]['open']} {linked(address, address)}"
            yield Rung("link", lambda: sender.text("0", said))

    async def _as_file(self, sender: Sender, card: Card) -> str:
        said = WORDS[card.language]["as_file"]
        there = await self.posting.share(sender.spot, "answer.txt", as_text(card).encode(), said)
        if "0" in sender.before:
            # The file has arrived, whatever becomes of the message that was begun.
            with contextlib.suppress(ladder.Refused):
                there = await sender.text("0", said)
        return there

    async def _elsewhere(self, to: Recipient, card: Card, pictures: Mapping[str, str]) -> Delivery:
        spot = await self._direct(to)
        before = await self._before(to, spot, "elsewhere", card.question_id)
        if not before:
            asked = to.thread_id.split("/")[1]
            await self.posting.send(spot, {"text": f"{WORDS[card.language]['elsewhere']} <#{asked}>"})
        return await self._descend(spot, card, pictures, before)

    async def _direct(self, to: Recipient) -> Spot:
        user = to.author.removeprefix("slack:")
        if "/" in user:
            raise NoPlace("Slack: who asked belongs to another workspace.")
        return await self.posting.direct(user)

    async def _before(self, to: Recipient, spot: Spot, step: str, question_id: str) -> dict[str, str]:
        """What an earlier attempt has posted; Slack is not asked when there cannot have been one."""
        name = f"{spot.channel} {question_id}"
        again = f"{step} {name}" in self._tried
        # Who began an answer here also knows whether it was posted.
        ours = self.fresh(to.event_id) or f"begin {name}" in self._tried
        self._remember(f"{step} {name}")
        if ours and not again:
            return {}
        return await self.posting.posted(spot, question_id, _asked_at(to.event_id))

    def _remember(self, tried: str) -> None:
        self._tried[tried] = None
        if len(self._tried) > _MOST_TRIED:
            self._tried.pop(next(iter(self._tried)))


async def _pictures(api: SlackApi, card: Card, files: Mapping[str, bytes]) -> dict[str, str]:
    """The charts that Slack has, by digest; one that it does not take is told in words."""
    found: dict[str, str] = {}
    for chart in card.charts:
        if chart.file in files and chart.file not in found:
            try:
                found[chart.file] = await api.upload("chart.png", files[chart.file], cut(chart.title, 100), {})
            except (ladder.Refused, NoPlace, ChatUnavailable):
                continue
    return found


def _as_pages(sender: Sender, made: list[Page]) -> Rung:
    if len(made) == 1:
        return Rung("card", lambda: sender.page("0", made[0]))
    return Rung("split", lambda: ladder.in_order(CHANNEL, sender.pages(made)))


def _asked_at(event_id: str) -> str:
    """The ts of a message in its event id, which an edit follows behind a sharp."""
    return event_id.partition("/")[2].partition("#")[0]
