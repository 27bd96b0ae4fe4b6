"""The door: every front end comes in here with a message or a verdict, and leaves with a question's id."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.chat.port import IncomingMessage
from connectors.state.port import Feedback, Frame, Question, Received, State, ThreadSummary
from knowledge.library import Library, StoredDocument


@dataclass(frozen=True)
class Assistant:
    """Accepts messages and hands out what became of them. It decides nothing; the journey does."""

    state: State
    library: Library

    async def on_message(self, message: IncomingMessage) -> tuple[str, bool]:
        """Commit the message and its work. The question's id, and False when the same delivery came before."""
        return await self.state.accept(received(message))

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

    async def document(self, document_id: str) -> StoredDocument | None:
        """A document of the library, cut as it is stored, to be opened at a passage."""
        return await self.library.document(document_id)


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
    )
