"""The delivery ladder of Feishu: one card, several cards, text, a file, a link; in this order until one is taken."""

import asyncio
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from pydantic import JsonValue

from connectors.chat.card_port import Card
from connectors.chat.feishu_card import CAREFUL, WHOLE, Limits, Setting, cards, note
from connectors.chat.feishu_content import Json, read
from connectors.chat.feishu_drafts import Begun, Drafts, begun_of
from connectors.chat.feishu_events import ITSELF
from connectors.chat.feishu_messages import Gone, Messages, opens, place_of, thread_below
from connectors.chat.feishu_words import WORDS
from connectors.chat.ladder import Refused, Rung, descend, in_order, mark, pages
from connectors.chat.port import Delivery, Recipient, Undeliverable

# The platform takes 150 KB in a text; nobody reads that in one message.
_TEXT_BYTES = 12_000
_LONG = 5_000
_MENTION = re.compile(r"<(?=/?at\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Parcel:
    """One answer on its way: to whom, what, the message begun for it, and how its messages' keys begin."""

    to: Recipient
    card: Card
    setting: Setting
    begun: Begun | None
    key: str


@dataclass
class Deliveries:
    """Delivers answers. Every message has a key of its own, so that a second attempt brings nothing twice."""

    messages: Messages
    drafts: Drafts
    public_url: str = ""

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        """Change a message that was posted, or post anew in the thread below it. Raises as ``deliver`` does."""
        below = to.model_copy(update={"thread_id": thread_below(to, begun_of(message_id).message_id)})
        # Of the same card a second attempt brings nothing twice; another card is not the same message.
        digest = hashlib.sha256(card.model_dump_json().encode()).hexdigest()[:16]
        return await self.deliver(below, card, files, message_id, f"{card.question_id}/{digest}")

    async def deliver(
        self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str, key: str = ""
    ) -> Delivery:
        """The receipt. Raises ``Undeliverable`` with the reasons of all rungs, or ``ChatUnavailable``."""
        keys = {one.file: await self.messages.picture(files[one.file]) for one in card.charts if one.file in files}
        root = ITSELF if opens(to) else place_of(to).root
        setting = Setting(root=root, private=to.ephemeral, pictures=keys)
        begun = begun_of(message_id) if message_id else None
        parcel = Parcel(to, card, setting, begun, key or card.question_id)
        whole = await _drawn(card, setting, WHOLE)
        rungs = [
            Rung("card" if len(whole) == 1 else "split", lambda: self._cards(parcel, whole, "card")),
            Rung("split", lambda: self._carefully(parcel, whole)),
            Rung("text", lambda: self._text(parcel, whole, "text")),
            Rung("file", lambda: self._file(parcel, whole)),
        ]
        if self.public_url:
            rungs.append(Rung("link", lambda: self._link(parcel)))
        return await descend("feishu", rungs)

    async def _carefully(self, parcel: Parcel, whole: Sequence[Json]) -> str:
        careful = await _drawn(parcel.card, parcel.setting, CAREFUL)
        if careful == whole:
            raise Refused("there is nothing to divide")
        return await self._cards(parcel, careful, "split")

    async def _cards(self, parcel: Parcel, drawn: Sequence[Json], key: str) -> str:
        if len(drawn) == 1:
            return await self._card(parcel, drawn[0], key)
        parts = [self._part(parcel, one, number, f"{key}/{number}") for number, one in enumerate(drawn)]
        return await in_order("feishu", parts)

    def _part(self, parcel: Parcel, drawn: Json, number: int, key: str) -> list[Rung]:
        # Only the first part takes the place of the begun message.
        of = replace(parcel, begun=None) if number else parcel
        return [
            Rung("card", lambda: self._card(of, drawn, key)),
            Rung("text", lambda: self._text(of, [drawn], f"{key}/text")),
        ]

    async def _card(self, parcel: Parcel, drawn: Json, key: str) -> str:
        if parcel.begun:
            try:
                await self.drafts.finish(parcel.begun, drawn)
            except Gone:
                key = f"{key}/anew"
            else:
                return parcel.begun.message_id
        return await self._sent(parcel, drawn, key)

    async def _sent(self, parcel: Parcel, drawn: Json, key: str) -> str:
        return await self.messages.send(parcel.to, "interactive", drawn, f"{parcel.key}/{key}")

    async def _text(self, parcel: Parcel, drawn: Sequence[Json], key: str) -> str:
        await self._noted(parcel, "as_text")
        shown = pages(spoken(drawn), _TEXT_BYTES, lambda said: len(said.encode("utf-8", "replace")))
        texts = [f"{mark(number, len(shown))}\n{one}".strip() for number, one in enumerate(shown, start=1)]

        def rung(number: int, said: str) -> Rung:
            whole = f"{parcel.key}/{key}/{number}"
            return Rung("text", lambda: self.messages.send(parcel.to, "text", {"text": said}, whole))

        return await in_order("feishu", [[rung(number, said)] for number, said in enumerate(texts)])

    async def _file(self, parcel: Parcel, drawn: Sequence[Json]) -> str:
        await self._noted(parcel, "as_file")
        name = WORDS[parcel.card.language]["file"]
        content = spoken(drawn).encode("utf-8", "replace")
        return await self.messages.send_file(parcel.to, name, content, f"{parcel.key}/file")

    async def _link(self, parcel: Parcel) -> str:
        url = f"{self.public_url.rstrip('/')}/#thread={quote(parcel.to.thread_id, safe='')}"
        said = WORDS[parcel.card.language]["as_link"].format(url=url)
        return await self.messages.send(parcel.to, "text", {"text": said}, f"{parcel.key}/link")

    async def _noted(self, parcel: Parcel, word: str) -> None:
        """A begun message must not look as if work went on."""
        if not parcel.begun:
            return
        try:
            await self.drafts.finish(parcel.begun, note(WORDS[parcel.card.language][word]))
        except (Gone, Refused, Undeliverable):
            return


async def _drawn(card: Card, setting: Setting, limits: Limits) -> list[dict[str, JsonValue]]:
    """The cards of an answer; a long one is read in a thread, for a hostile one takes seconds."""
    if len(card.text) > _LONG:
        return await asyncio.to_thread(cards, card, setting, limits)
    return cards(card, setting, limits)


def spoken(drawn: Sequence[Json]) -> str:
    """Cards as one text that mentions nobody, with every word of them but the labels of their buttons."""
    said = (read("", "interactive", json.dumps(one, ensure_ascii=False), {}).text for one in drawn)
    return _MENTION.sub("<\u200b", html.unescape("\n\n".join(one for one in said if one)))
