"""From an event of Feishu to the inbox, with what it quotes; and back what a callback answers."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field

import structlog

from connectors.chat.card_port import Language
from connectors.chat.feishu_api import Json, Refusal
from connectors.chat.feishu_card import listed, note
from connectors.chat.feishu_content import items, mapping, read, text
from connectors.chat.feishu_events import Added, Clicked, Event, Me, MenuPressed, Said, Withdrawn, read_event
from connectors.chat.feishu_messages import Messages
from connectors.chat.feishu_words import WORDS
from connectors.chat.ladder import Refused
from connectors.chat.port import (
    Attachment,
    ChatUnavailable,
    Inbox,
    IncomingMessage,
    NotAccepted,
    Quoted,
    Recipient,
    Undeliverable,
)

log = structlog.get_logger()

# The platform takes an event as lost after three seconds; what is quoted gets less than half of them.
_SECONDS = 2.6
_QUOTE_SECONDS = 1.2
_MOST_QUOTES = 30
_MOST_CHARACTERS = 20_000


@dataclass
class Inbound:
    """Hands in what arrives. A greeting or a list that the bot owes for it is posted after the acknowledgement."""

    messages: Messages
    inbox: Inbox
    me: Me
    name: str
    language: Language
    _owed: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def take(self, body: Json) -> Json | None:
        """Do what an event says within the platform's time. Raises ``NotAccepted`` for whatever went wrong."""
        task = asyncio.ensure_future(self._done(read_event(body, self.me)))
        try:
            await asyncio.wait({task}, timeout=_SECONDS)
            if not task.done():
                raise NotAccepted("too slow")
            failure = task.exception()
        finally:
            task.cancel()
        if failure is None:
            return task.result()
        if not isinstance(failure, NotAccepted):
            log.error("feishu event failed", exc_info=failure)
        raise NotAccepted(str(failure)) from failure

    async def _done(self, event: Event) -> Json | None:
        match event:
            case Said():
                await self.inbox.on_message(await self._complete(event))
            case Clicked():
                return await self._clicked(event)
            case Withdrawn(event_id=event_id):
                await self.inbox.on_withdrawn("feishu", event_id)
            case Added(event_id=event_id, chat_id=chat_id):
                hello = WORDS[self.language]["hello"].format(name=self.name)
                self._owe(self._posted(Recipient(thread_id=f"feishu:{chat_id}/", author=""), hello, event_id))
            case MenuPressed(event_id=event_id, author=author):
                self._owe(self._recent(author, event_id))
            case _:
                log.debug("feishu event ignored", reason=event.reason)
        return None

    async def _clicked(self, event: Clicked) -> Json:
        say = WORDS[event.language]
        try:
            reply = await self.inbox.on_click(event.click)
        except NotAccepted:
            # A click is not sent again: the person has to know.
            return {"toast": {"type": "error", "content": say["not_kept"]}}
        return (
            {"toast": {"type": "warning" if reply.refused else "success", "content": reply.text}} if reply.text else {}
        )

    async def _complete(self, said: Said) -> IncomingMessage:
        """The message with what it quotes, which is asked for only when the assistant is meant."""
        message = said.message
        if not said.asks_for or not message.addressed:
            return message
        try:
            async with asyncio.timeout(_QUOTE_SECONDS):
                found = await self.messages.read(said.asks_for)
        except (Refusal, ChatUnavailable, TimeoutError) as failed:
            why = WORDS[self.language]["unread"].format(why=str(failed)[:200] or "timeout")
            return message.model_copy(update={"quoted": (Quoted(author="", text=said.shown or why),)})
        shown = found[1:] if said.merged else found[:1]
        quoted, files = self._quotes(shown, own=said.asks_for == message.event_id)
        if not quoted and said.shown:
            quoted = (Quoted(author="", text=said.shown),)
        return message.model_copy(update={"quoted": quoted, "attachments": (*message.attachments, *files)})

    def _quotes(self, found: Sequence[Json], *, own: bool) -> tuple[tuple[Quoted, ...], tuple[Attachment, ...]]:
        quoted: list[Quoted] = []
        files: list[Attachment] = []
        for one in found[:_MOST_QUOTES]:
            sender = mapping(one.get("sender"))
            # Of our own answers the thread knows already.
            if not own and sender.get("id") == self.me.app_id:
                continue
            names = {text(m.get("key")): text(m.get("name")) for m in map(mapping, items(one.get("mentions")))}
            content = mapping(one.get("body")).get("content")
            kept = read(text(one.get("message_id")), text(one.get("msg_type")), text(content), names)
            files += kept.files if not one.get("upper_message_id") else ()
            if kept.text:
                author = text(sender.get("sender_name")) or text(sender.get("id"))
                quoted.append(Quoted(author=author, text=kept.text[:_MOST_CHARACTERS]))
        return tuple(quoted), tuple(files)

    async def _recent(self, author: str, event_id: str) -> None:
        to, say = Recipient(thread_id="feishu:menu/", author=author, ephemeral=True), WORDS[self.language]
        marks = {True: "", False: f" ({say['open']})"}
        lines = [one.text + marks[one.answered] for one in await self.inbox.recent(author)]
        card = listed(say["recent"], lines) if lines else note(say["none_yet"])
        await self._sent(to, card, event_id)

    async def _posted(self, to: Recipient, said: str, key: str) -> None:
        await self._sent(to, note(said), key)

    async def _sent(self, to: Recipient, card: Json, key: str) -> None:
        try:
            await self.messages.send(to, "interactive", card, key)
        except (Refused, Undeliverable, ChatUnavailable) as failed:
            log.warning("feishu greeting failed", reason=str(failed))

    def _owe(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._owed.add(task)
        task.add_done_callback(self._owed.discard)

    async def settle(self) -> None:
        """Wait for what is still owed."""
        await asyncio.gather(*self._owed, return_exceptions=True)
