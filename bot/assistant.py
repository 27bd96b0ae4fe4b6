"""The door: messages and verdicts come in here, and each question that was let in leaves with a card."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

import structlog

from bot import metrics
from bot.answering import answer_question
from bot.errors import UserFacing
from bot.membership import NO_DIRECTORY, Membership
from bot.ports import Ports
from bot.steps.deliver import deliver
from bot.steps.wording import FAILED
from connectors.alerts.port import Receiver
from connectors.chat.card_port import Card
from connectors.chat.port import Chat, ChatUnavailable, IncomingMessage, Undeliverable
from connectors.directory.port import DirectoryUnavailable
from connectors.images import inspect
from connectors.state.port import Feedback, Frame, KeptFile, Question, Received, State, StateUnavailable, ThreadSummary
from connectors.tools.port import ChangeLog
from knowledge.catalogue import Catalogue, Order
from knowledge.language import language_of
from knowledge.library import Library, StoredDocument

log = structlog.get_logger()


@dataclass(frozen=True)
class Assistant:
    """Accepts messages and hands out what became of them. It decides nothing; the journey does."""

    state: State
    library: Library
    membership: Membership = NO_DIRECTORY
    order: Order = field(default_factory=Order)
    chats: Mapping[str, Chat] = field(default_factory=dict)
    changes: ChangeLog | None = None
    receivers: Mapping[str, Receiver] = field(default_factory=dict)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the library holds, listed for each reader, with its gaps."""
        return Catalogue(self.library, self.order)

    async def on_message(self, message: IncomingMessage) -> tuple[str, bool]:
        """Commit the message and its work. The question's id, and False when the same delivery came before.

        Its pictures were kept before it. Raises MissingAttachment.
        """
        return await self.state.accept(received(message))

    async def keep_picture(self, author: str, content: bytes, now: datetime) -> str:
        """Keep a picture for a message of its author to come; its digest. Raises BadImage or TooMuchUnsent."""
        kind = inspect(content).media_type
        digest = hashlib.sha256(content).hexdigest()
        await self.state.keep(KeptFile(author, digest, kind, content, now))
        return digest

    async def picture(self, author: str, digest: str) -> KeptFile | None:
        """A picture that this author sent."""
        return await self.state.attachment(author, digest)

    def follow(self, question_id: str, after: int = 0) -> AsyncIterator[Frame]:
        """Progress of a question, from the frame behind ``after`` to its card."""
        return self.state.follow(question_id, after)

    async def question(self, question_id: str) -> Question | None:
        """One question with its card, when it has one."""
        return await self.state.question(question_id)

    async def thread(self, thread_id: str) -> tuple[Question, ...]:
        """A conversation, oldest question first."""
        return await self.state.thread(thread_id, limit=200)

    async def threads(self, author: str | None) -> tuple[ThreadSummary, ...]:
        """A person's conversations, latest first."""
        return await self.state.threads(author)

    async def on_feedback(
        self, question_id: str, author: str, vote: Literal["up", "down"], reason: str, now: datetime
    ) -> bool:
        """Keep a thumb and its reason; False when there is no such question."""
        return await self.state.record_feedback(Feedback(question_id, author, vote, reason, now))

    async def groups(self, author: str) -> tuple[str, ...]:
        """What decides which documents there are for an author; nothing while the directory cannot be read."""
        try:
            return await self.membership.groups(author)
        except DirectoryUnavailable as unreadable:
            log.warning("directory unreadable", reason=str(unreadable))
            return ()

    async def accounts(self, author: str) -> tuple[str, ...]:
        """What else a person is known by, on this page and on chat platforms; nothing while the directory is away."""
        try:
            return await self.membership.accounts(author)
        except DirectoryUnavailable:
            return ()

    async def document(self, document_id: str, groups: Sequence[str]) -> StoredDocument | None:
        """A document that these groups may read, cut as it is stored, to be opened at a passage."""
        return await self.library.document(document_id, groups)


async def take_up(question_id: str, ports: Ports) -> None:
    """Answer a question that was let in. Whatever goes wrong, the person gets a card that says so."""
    question = await ports.state.question(question_id)
    if question is None:
        return
    started = ports.clock()
    try:
        await answer_question(question, ports)
    except UserFacing as refusal:
        await close(question, _said(question, "notice", str(refusal)), ports)
    except StateUnavailable:
        # Without the database there is nothing to say it with; the work stays and is taken up again.
        raise
    except (ChatUnavailable, Undeliverable) as refused:
        # The answer is stored, and is delivered again.
        log.warning("answer not delivered", question=question.id, channel=question.channel, reason=str(refused))
    # Whatever else a step raises is a fault of ours: it is logged with the question's id, and the person is told.
    except Exception:
        log.exception("question failed", question=question.id)
        await give_up(question_id, ports)
    settled = await ports.state.question(question_id)
    if settled and settled.card:
        card = Card.model_validate_json(settled.card)
        metrics.ANSWERED.labels(card.kind, card.footer.level if card.footer else "none").inc()
        metrics.SECONDS.observe(ports.clock() - started)


async def give_up(question_id: str, ports: Ports) -> None:
    """Close a question that cannot be answered, visibly and with the id it is found by."""
    if question := await ports.state.question(question_id):
        words = FAILED[language_of(question.text)].format(id=question.id)
        await close(question, _said(question, "failure", words), ports)


def _said(question: Question, kind: Literal["notice", "failure"], text: str) -> Card:
    return Card(question_id=question.id, kind=kind, language=language_of(question.text), text=text)


async def close(question: Question, card: Card, ports: Ports) -> None:
    """Deliver the card that is stored, or this one. When the platform refuses, it is tried again later."""
    try:
        await deliver(question, card, ports.chats, ports.state)
    except (ChatUnavailable, Undeliverable) as refused:
        log.warning("answer not delivered", question=question.id, channel=question.channel, reason=str(refused))


async def deliver_again(question: Question, ports: Ports) -> None:
    """Deliver an answer that has no receipt. Raises StateUnavailable; whatever else is wrong with it is logged."""
    try:
        await close(question, Card.model_validate_json(question.card or ""), ports)
    except StateUnavailable:
        raise
    # What is wrong with one answer must not keep all others from arriving.
    except Exception:
        log.exception("redelivery failed", question=question.id)


def received(message: IncomingMessage) -> Received:
    """The row that keeps a message."""
    return Received(
        event_id=message.event_id,
        channel=message.channel,
        thread_id=message.thread_id,
        author=message.author,
        text=message.text,
        body=message.model_dump_json(),
        received_at=message.sent_at,
        attachments=tuple(one.digest for one in message.attachments if one.digest),
    )
