"""The state's twin: everything in this process's memory, the same promises but for survival."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import BaseModel

from connectors.state.memory_incidents import MemoryIncidents
from connectors.state.memory_remedies import MemoryRemedies
from connectors.state.port import (
    UNSENT_BYTES,
    UNSENT_KEPT,
    Feedback,
    Frame,
    KeptFile,
    MissingAttachment,
    Question,
    Rated,
    Received,
    ThreadSummary,
    TooMuchUnsent,
    Work,
)
from connectors.state.pulses import Pulses, heard


class Settings(BaseModel):
    """Nothing to set."""


@dataclass
class MemoryAttachments:
    """Files by author and digest; those that a message refers to are also in ``sent``."""

    files: dict[tuple[str, str], KeptFile] = field(default_factory=dict)
    sent: set[tuple[str, str]] = field(default_factory=set)

    async def keep(self, file: KeptFile, *, for_good: bool = False) -> None:
        self._forget_unsent(file.kept_at)
        key = (file.author, file.digest)
        if for_good:
            self.sent.add(key)
        waiting = [one for other, one in self.files.items() if other[0] == file.author and other not in self.sent]
        new = key not in self.files and not for_good
        if new and sum(len(one.content) for one in (*waiting, file)) > UNSENT_BYTES:
            raise TooMuchUnsent
        self.files[key] = file

    async def attachment(self, author: str, digest: str) -> KeptFile | None:
        return self.files.get((author, digest))

    def _claim(self, received: Received) -> None:
        self._forget_unsent(received.received_at)
        wanted = {(received.author, digest) for digest in received.attachments}
        if not wanted <= self.files.keys():
            raise MissingAttachment
        self.sent |= wanted

    def _forget_unsent(self, now: datetime) -> None:
        for key, file in list(self.files.items()):
            if key not in self.sent and file.kept_at < now - UNSENT_KEPT:
                del self.files[key]


@dataclass
class MemoryState(MemoryAttachments, MemoryIncidents, MemoryRemedies):
    """The state port on dictionaries."""

    inbox: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: dict[str, Question] = field(default_factory=dict)
    progress: dict[str, list[Frame]] = field(default_factory=dict)
    receipts: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], Feedback] = field(default_factory=dict)
    _posting: set[str] = field(default_factory=set)
    _pulses: Pulses = field(default_factory=Pulses)

    async def accept(self, received: Received) -> tuple[str, bool]:
        key = (received.channel, received.event_id)
        if key in self.inbox:
            return self.inbox[key], False
        self._claim(received)
        question_id = self.inbox[key] = str(uuid.uuid4())
        self.kept[question_id] = Question(
            id=question_id,
            thread_id=received.thread_id,
            channel=received.channel,
            author=received.author,
            text=received.text,
            body=received.body,
            received_at=received.received_at,
        )
        self._begin("answer", question_id)
        return question_id, True

    async def question(self, question_id: str) -> Question | None:
        return self.kept.get(question_id)

    async def asked_as(self, channel: str, event_id: str) -> Question | None:
        return self.kept.get(self.inbox.get((channel, event_id), ""))

    async def asked_by(self, author: str, limit: int = 10) -> tuple[Question, ...]:
        own = [question for question in self.kept.values() if question.author == author]
        return tuple(sorted(own, key=lambda question: question.received_at, reverse=True)[:limit])

    async def thread(self, thread_id: str, limit: int = 20) -> tuple[Question, ...]:
        inside = [question for question in self.kept.values() if question.thread_id == thread_id]
        return tuple(sorted(inside, key=lambda question: question.received_at)[-limit:])

    async def threads(self, author: str | None, limit: int = 50) -> tuple[ThreadSummary, ...]:
        mine = [q for q in self.kept.values() if author in (None, q.author)]
        summaries = []
        for thread_id in {question.thread_id for question in mine}:
            inside = await self.thread(thread_id, limit=len(self.kept))
            last = max(question.received_at for question in inside)
            summaries.append(ThreadSummary(thread_id, inside[0].text[:120], len(inside), last))
        return tuple(sorted(summaries, key=lambda summary: summary.updated_at, reverse=True)[:limit])

    async def append(self, question_id: str, kind: str, data: str) -> None:
        frames = self.progress.setdefault(question_id, [])
        if not frames or frames[-1].kind != "card":
            frames.append(Frame(len(frames) + 1, kind, data))  # type: ignore[arg-type]  # the port takes any string
        self._pulses.beat(question_id)

    async def follow(self, question_id: str, after: int) -> AsyncIterator[Frame]:
        while True:
            pulse = self._pulses.listen(question_id)
            frames, question = self.progress.get(question_id, [])[after:], self.kept.get(question_id)
            for frame in frames:
                yield frame
                after = frame.sequence
            if question and question.card is not None:
                return
            await heard(pulse, seconds=1.0)

    async def settle(self, question_id: str, card: str) -> bool:
        question = self.kept[question_id]
        if question.card is not None:
            return False
        self.kept[question_id] = replace(question, card=card)
        await self.append(question_id, "card", card)
        return True

    async def claim(self, question_id: str) -> bool:
        free = question_id in await self.undelivered() and question_id not in self._posting
        self._posting |= {question_id} if free else set()
        return free

    async def release(self, question_id: str) -> None:
        self._posting.discard(question_id)

    async def record_delivery(self, question_id: str, channel: str, rung: str, message_id: str) -> bool:
        if (question_id, channel) in self.receipts:
            return False
        self.receipts[question_id, channel] = (rung, message_id)
        return True

    async def undelivered(self) -> tuple[str, ...]:
        delivered = {question_id for question_id, _ in self.receipts}
        return tuple(question_id for question_id in self.kept if question_id not in delivered)

    async def record_feedback(self, feedback: Feedback) -> bool:
        if feedback.question_id not in self.kept:
            return False
        self.verdicts[feedback.question_id, feedback.author] = feedback
        return True

    async def rated(self, limit: int = 1000) -> tuple[Rated, ...]:
        latest = sorted(
            self.verdicts.values(), key=lambda one: (-one.given_at.timestamp(), one.question_id, one.author)
        )
        answered = [(one, self.kept[one.question_id].card) for one in latest]
        return tuple(Rated(card, one.vote) for one, card in answered if card is not None)[:limit]

    async def start(self, journeys: Mapping[str, Work]) -> None:
        self._works = journeys
        for question_id in await self.undelivered():
            self._begin("answer", question_id)
        for diagnosis_id in self._unended():
            self._begin("diagnose", diagnosis_id)
        for proposal_id in self._unexecuted():
            self._begin("execute", proposal_id)

    async def check(self) -> Mapping[str, str]:
        return {
            "database": "memory",
            "open questions": str(len(await self.undelivered())),
            "open incidents": str(sum(one.status == "open" for one in self.incident_rows.values())),
            "alerts waiting": str(len(self.waiting)),
            "open proposals": str(sum(one.status == "pending" for one in self.offered.values())),
        }


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryState]:
    """Open an empty state."""
    del settings
    state = MemoryState()
    try:
        yield state
    finally:
        await state.stop()
