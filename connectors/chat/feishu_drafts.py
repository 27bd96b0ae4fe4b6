"""The message that an answer grows in: a card that streams through CardKit, or one that is replaced where it may not.

https://open.feishu.cn/document/cardkit-v1/streaming-updates-openapi-overview
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from pydantic import JsonValue

from connectors.chat.feishu_api import FeishuApi, Json, NoScope, Refusal
from connectors.chat.feishu_card import DOING, DRAFT, doing, draft
from connectors.chat.feishu_content import text
from connectors.chat.feishu_elements import size
from connectors.chat.feishu_markdown import rendered
from connectors.chat.feishu_messages import Gone, Messages, opens, refused
from connectors.chat.feishu_pace import Pace
from connectors.chat.ladder import pages
from connectors.chat.markdown import parse
from connectors.chat.port import ChatUnavailable, Progress, Recipient

log = structlog.get_logger()

_STREAMING_ENDED = frozenset({200850, 300309})
_OUT_OF_ORDER = 300317
_UNKNOWN_CARD = frozenset({300311, 300303})
_REMEMBERED = 2_000
_SHOWN_BYTES = 6_000
_HOUR = 3_600_000
_LOCKED, _LOCKED_SECONDS = "card action is lock", (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Begun:
    """A begun message; ``card_id`` is empty when it is replaced as a whole, ``since`` is in seconds since 1970."""

    message_id: str
    card_id: str = ""
    since: int = 0

    def __str__(self) -> str:
        return f"{self.message_id}|{self.card_id}|{self.since}" if self.card_id else self.message_id


def begun_of(message_id: str) -> Begun:
    """What ``begin`` gave out, however long ago and in which process."""
    first, _, rest = message_id.partition("|")
    card_id, _, since = rest.partition("|")
    return Begun(first, card_id, int(since)) if card_id and since.isdecimal() else Begun(first)


@dataclass
class _Shown:
    sequence: int = 0
    at: float = float("-inf")
    texts: dict[str, str] = field(default_factory=dict)


@dataclass
class Drafts:
    """Begins, updates and finishes messages. What it remembers only saves calls: a new process goes on without."""

    api: FeishuApi
    messages: Messages
    streaming: bool = True
    # The app has 1,000 such calls a minute, for all answers that grow at the same time.
    _pace: Pace = field(default_factory=lambda: Pace(per_second=14, burst=14), init=False)
    _shown: OrderedDict[str, _Shown] = field(default_factory=OrderedDict, init=False)

    @property
    def seconds_between_updates(self) -> float:
        """The platform allows ten operations a second for a card that streams, five for all others; quota is finite."""
        return 0.5 if self.streaming else 1.5

    async def begin(self, to: Recipient, question_id: str, said: str) -> Begun:
        """Post the card that will become the answer. Again for the same question within an hour: the same message."""
        key, since = f"{question_id}/begin", int(self.api.network.clock()) - 1
        # What begins a thread does not grow, and is changed for days: longer than CardKit goes on with a card.
        if self.streaming and not opens(to):
            try:
                card_id = await self._entity(draft(said, streaming=True))
            except NoScope as missing:
                log.warning("feishu cannot stream", reason=str(missing))
                self.streaming = False
            else:
                message_id = await self.messages.send(
                    to, "interactive", {"type": "card", "data": {"card_id": card_id}}, key
                )
                return Begun(message_id, await self._card_of(message_id, card_id), since)
        return Begun(await self.messages.send(to, "interactive", draft(said, streaming=False), key))

    async def _entity(self, card: Json) -> str:
        body = {"type": "card_json", "data": json.dumps(card, ensure_ascii=False)}
        try:
            return text((await self.api.call("POST", "/open-apis/cardkit/v1/cards", body)).get("card_id"))
        except Refusal as refusal:
            raise refused(refusal) from refusal

    async def _card_of(self, message_id: str, made: str) -> str:
        """The card that the message shows: an earlier one when the platform knew the message already."""
        path = "/open-apis/cardkit/v1/cards/id_convert"
        try:
            return text((await self.api.call("POST", path, {"message_id": message_id})).get("card_id")) or made
        except Refusal:
            return made

    async def update(self, begun: Begun, progress: Progress) -> None:
        """Show how far it is. A step that comes too soon, or that the platform refuses, is left out."""
        shown, now = self._of(begun), self.api.network.clock()
        if 0 <= now - shown.at < 0.9 * self.seconds_between_updates:
            return
        shown.at = now
        wanted = {DOING: doing(progress.doing), DRAFT: _readable(progress.draft)}
        changed = {name: said for name, said in wanted.items() if said and shown.texts.get(name) != said}
        if not all(self._pace.free(now) for _ in changed):
            return
        try:
            await self._show(begun, changed, progress.doing, wanted)
        except Refusal as refusal:
            await self._recover(begun, shown, refusal)
        except (ChatUnavailable, Gone) as failed:
            log.info("feishu update left out", reason=str(failed))

    async def _show(self, begun: Begun, changed: Mapping[str, str], said: str, wanted: Mapping[str, str]) -> None:
        shown = self._of(begun)
        if not begun.card_id:
            if changed:
                await self._replace(begun, draft(said, wanted[DRAFT], streaming=False), patient=False)
                shown.texts.update(changed)
            return
        for name, text_now in changed.items():
            await self._operate(begun, "PUT", f"/elements/{name}/content", {"content": text_now}, patient=False)
            shown.texts[name] = text_now

    async def _recover(self, begun: Begun, shown: _Shown, refusal: Refusal) -> None:
        """The next step may do better: streaming ends by itself after ten minutes, and clocks differ."""
        log.info("feishu update left out", reason=str(refusal))
        if refusal.code == _OUT_OF_ORDER:
            shown.sequence += _HOUR
        if refusal.code in _STREAMING_ENDED:
            try:
                # What has run out of time still counts as open.
                await self._streaming(begun, on=False)
                await self._streaming(begun, on=True)
            except (Refusal, ChatUnavailable) as failed:
                log.info("feishu update left out", reason=str(failed))

    async def finish(self, begun: Begun, card: Json) -> None:
        """Put the final card in its place. Raises ``Refused``, ``Gone``, ``Undeliverable`` or ``ChatUnavailable``.

        Streaming ends first: a card that streams takes no buttons, and no click may change it.
        """
        try:
            if begun.card_id:
                await self._streaming(begun, on=False)
                data: JsonValue = {"type": "card_json", "data": json.dumps(card, ensure_ascii=False)}
                await self._operate(begun, "PUT", "", {"card": data}, patient=True)
            else:
                await self._replace(begun, card, patient=True)
        except Refusal as refusal:
            raise (Gone(str(refusal)) if refusal.code in _UNKNOWN_CARD else refused(refusal)) from refusal

    async def _streaming(self, begun: Begun, *, on: bool) -> None:
        settings = json.dumps({"config": {"streaming_mode": on}})
        await self._operate(begun, "PATCH", "/settings", {"settings": settings}, patient=not on)

    async def _replace(self, begun: Begun, card: Json, *, patient: bool) -> None:
        path = f"/open-apis/im/v1/messages/{begun.message_id}"
        body = {"content": json.dumps(card, ensure_ascii=False)}
        for seconds in _LOCKED_SECONDS:
            try:
                await self.api.call("PATCH", path, body, patient=patient)
            except Refusal as refusal:
                # While somebody's click on it is being answered, the platform lets nobody change a card.
                if not patient or _LOCKED not in str(refusal):
                    raise
                await self.api.network.sleep(seconds)
            else:
                return
        raise ChatUnavailable("Feishu still waits for the answer to a click on the card.")

    async def _operate(self, begun: Begun, method: str, path: str, body: Json, *, patient: bool) -> None:
        """One operation on a card, under a number higher than any before: the milliseconds since it was begun."""
        shown, path = self._of(begun), f"/open-apis/cardkit/v1/cards/{begun.card_id}{path}"
        for again in (True, False):
            passed = int((self.api.network.clock() - begun.since) * 1000)
            shown.sequence = min(max(shown.sequence + 1, passed), 2_147_483_647)
            try:
                await self.api.call(method, path, {**body, "sequence": shown.sequence}, patient=patient)
            except Refusal as refusal:
                if not (again and patient and refusal.code == _OUT_OF_ORDER):
                    raise
                shown.sequence += _HOUR
            else:
                return

    def _of(self, begun: Begun) -> _Shown:
        shown = self._shown.setdefault(begun.message_id, _Shown())
        self._shown.move_to_end(begun.message_id)
        if len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)
        return shown


def _readable(said: str) -> str:
    """As much of a draft as a card shows well; its beginning, so that what follows is typed behind it."""
    first = next(iter(pages(said, _SHOWN_BYTES, lambda text: len(text.encode("utf-8", "replace")))), "")
    shown = rendered(parse(first))
    return shown if size(shown) < 4 * _SHOWN_BYTES else ""
