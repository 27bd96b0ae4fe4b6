"""What chat platforms hand in: messages, clicks, edits and deletions; each is committed before it is acknowledged."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from bot.assistant import Assistant
from bot.guards.alerts import admit
from bot.incident_clicks import IncidentClicks
from bot.rules.conversations import for_all
from bot.rules.reports import heard, said_in
from bot.rules.routes import find_route
from bot.rules.short_names import file_name
from bot.steps.deliver import files, recipient
from bot.steps.wording import CLICKED, WITHDRAWN
from connectors.alerts.port import Listener
from connectors.chat.card_port import Card
from connectors.chat.port import (
    ButtonClick,
    Chat,
    ChatUnavailable,
    IncomingMessage,
    NotAccepted,
    Recent,
    Reply,
    Undeliverable,
)
from connectors.state.incident_port import Outdated
from connectors.state.port import Question, State, StateUnavailable
from knowledge.language import language_of

log = structlog.get_logger()

_NOT_HERE = Reply(text=CLICKED["en"]["unknown"], refused=True)


@dataclass
class ChatInbox:
    """The inbox of every adapter; answers are pushed to ``chats``, and ``listener`` finds alerts of other bots.

    Without ``incidents`` nobody judges one.
    """

    assistant: Assistant
    chats: Mapping[str, Chat]
    listener: Listener | None = None
    incidents: IncidentClicks | None = None
    _at_work: set[asyncio.Task[None]] = field(default_factory=set)

    async def on_message(self, message: IncomingMessage) -> bool:
        """See the port. What nobody said to us counts in a thread that we take part in, unless it is small talk."""
        try:
            if message.by_bot:
                await _listen(message, self.listener, self.assistant.state)
                return False
            if not message.addressed and not await self._concerns_us(message):
                return False
            if message.replaces and not await self._changed(message):
                return False
            await self.assistant.on_message(message)
        except StateUnavailable as down:
            raise NotAccepted(str(down)) from down
        return True

    async def on_click(self, click: ButtonClick) -> Reply:
        """See the port."""
        try:
            question = await self.assistant.question(click.question_id)
            # What was diagnosed for one person alone is an answer to them, and no incident of others.
            alone = question is not None and not for_all(IncomingMessage.model_validate_json(question.body))
            if click.action in ("right", "wrong") and not alone:
                return await self._judge(click)
            if question is None or not _stands_there(question, click) or not _may_see(question, click.author):
                return _NOT_HERE
            return await self._do(click, question)
        except StateUnavailable as down:
            raise NotAccepted(str(down)) from down

    async def on_withdrawn(self, channel: str, event_id: str) -> None:
        """See the port."""
        try:
            for version in await _versions(self.assistant.state, channel, event_id):
                await _withdraw(self.assistant.state, version)
        except StateUnavailable as down:
            raise NotAccepted(str(down)) from down

    async def card(self, question_id: str, author: str) -> Card | None:
        """See the port."""
        question = await self.assistant.question(question_id)
        if question is None and self.incidents:
            return await self.incidents.card(question_id, author)
        if question is None or question.card is None or not _may_see(question, author):
            return None
        return Card.model_validate_json(question.card)

    async def recent(self, author: str, limit: int = 10) -> tuple[Recent, ...]:
        """See the port."""
        asked = await self.assistant.state.asked_by(author, limit)
        return tuple(map(_recent, asked))

    async def close(self) -> None:
        """Let go of what clicks have set off."""
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _concerns_us(self, message: IncomingMessage) -> bool:
        if message.text.lstrip().startswith("@") or find_route(message.text) == "chat":
            return False
        state, thread = self.assistant.state, message.thread_id
        return bool(await state.thread(thread, limit=1)) or bool(await state.incident_in(thread))

    async def _judge(self, click: ButtonClick) -> Reply:
        try:
            return await self.incidents.judge(click) if self.incidents else _NOT_HERE
        except Outdated as busy:
            raise NotAccepted(str(busy)) from busy

    async def _changed(self, message: IncomingMessage) -> bool:
        """Whether an edit asks something else; then what it replaces need not be answered any more."""
        if await self.assistant.state.asked_as(message.channel, message.event_id):
            # It came before, and others may have replaced it since.
            return True
        versions = await _versions(self.assistant.state, message.channel, message.replaces)
        if not versions:
            return message.addressed
        same = [one for one in versions if one.text.strip() == message.text.strip()]
        if same and (len(versions) == 1 or any(one.card is None for one in same)):
            return False
        for version in versions:
            await _withdraw(self.assistant.state, version)
        return True

    async def _do(self, click: ButtonClick, question: Question) -> Reply:
        language = language_of(question.text)
        match click.action:
            case "up" | "down" | "right" | "wrong":
                vote: Literal["up", "down"] = "up" if click.action in ("up", "right") else "down"
                await self.assistant.on_feedback(question.id, click.author, vote, click.text[:2000], click.clicked_at)
                return Reply(text=CLICKED[language]["thanks"])
            case "edit":
                await self.on_message(_again(click, question))
                return Reply(text=CLICKED[language]["asked"])
            case "publish" if click.author == question.author and question.card:
                self._set_off(self._publish(question, question.card))
                return Reply(text=CLICKED[language]["published"])
            case "csv" if question.card:
                return await self._send_file(click, question, question.card)
            case _:
                return Reply(text=CLICKED[language]["unknown"], refused=True)

    async def _publish(self, question: Question, answer: str) -> None:
        card = Card.model_validate_json(answer)
        to = recipient(question).model_copy(update={"ephemeral": False})
        await self.chats[question.channel].post(to, card, await files(card, question.author, self.assistant.state))

    async def _send_file(self, click: ButtonClick, question: Question, answer: str) -> Reply:
        card, language = Card.model_validate_json(answer), language_of(question.text)
        table = next((one for one in card.tables if one.file == click.text), None)
        kept = await self.assistant.state.attachment(question.author, table.file) if table else None
        if table is None or kept is None:
            return Reply(text=CLICKED[language]["gone"], refused=True)
        name = f"{file_name(table.title)}.csv"
        self._set_off(self.chats[question.channel].send_file(recipient(question), name, kept.content))
        return Reply(text=CLICKED[language]["sending"])

    def _set_off(self, work: Awaitable[None]) -> None:
        """Do it behind the acknowledgement; whoever clicked sees what comes of it, and can click again."""

        async def run() -> None:
            try:
                await work
            except (ChatUnavailable, Undeliverable, StateUnavailable) as failed:
                log.warning("click not carried out", reason=str(failed))

        task = asyncio.create_task(run())
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)


async def _listen(message: IncomingMessage, listener: Listener | None, state: State) -> None:
    found = listener.alerts_in(message.text, message.sent_at) if listener else ()
    if found:
        await state.hear([heard(said_in(admit(one), message.thread_id), message.sent_at) for one in found])


async def _versions(state: State, channel: str, event_id: str) -> Sequence[Question]:
    """A message as it was asked first, and as its author has edited it since."""
    first = await state.asked_as(channel, event_id)
    thread = await state.thread(first.thread_id) if first else ()
    edits = [one for one in thread if IncomingMessage.model_validate_json(one.body).replaces == event_id]
    return [first, *edits] if first else []


async def _withdraw(state: State, question: Question) -> None:
    """Close a question that is not answered yet."""
    if question.card is None:
        language = language_of(question.text)
        card = Card(question_id=question.id, kind="notice", language=language, text=WITHDRAWN[language])
        await state.settle(question.id, card.model_dump_json())


def _stands_there(question: Question, click: ButtonClick) -> bool:
    """Whether a button can be that of the answer; one for its author alone may have gone to them directly."""
    alone = IncomingMessage.model_validate_json(question.body).ephemeral and question.author == click.author
    return question.thread_id == click.thread_id or alone


def _may_see(question: Question, author: str) -> bool:
    """Whether somebody may see an answer: its author, and who is in the channel where everybody reads it."""
    return question.author == author or for_all(IncomingMessage.model_validate_json(question.body))


def _recent(one: Question) -> Recent:
    return Recent(
        question_id=one.id,
        thread_id=one.thread_id,
        channel=one.channel,
        text=one.text[:200],
        asked_at=one.received_at,
        answered=one.card is not None,
    )


def _again(click: ButtonClick, question: Question) -> IncomingMessage:
    """A message as it was said, with the query that somebody wrote instead."""
    said = IncomingMessage.model_validate_json(question.body)
    again = {
        "event_id": click.event_id,
        "author": click.author,
        "sent_at": click.clicked_at,
        "query": click.text,
        "replaces": "",
        "addressed": True,
    }
    return said.model_copy(update=again)
