"""The state seam: tables and the durable queue, in one database so that one transaction covers both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

from connectors.state.incident_port import AlertLog, Incidents
from connectors.state.remedy_port import Remedies

T = TypeVar("T", bound=BaseModel)

Journey: TypeAlias = Callable[[str], Awaitable[None]]
"""A durable workflow: it gets the id of its row, and is run again from its last finished step after a crash."""


@dataclass(frozen=True)
class Work:
    """A kind of durable work: its journey, and what closes a row visibly whose work is given up."""

    journey: Journey
    give_up: Journey


ATTEMPTS = 5
"""How often work is begun before it is given up."""

UNSENT_KEPT = timedelta(days=1)
"""How long a file waits for a message that refers to it; then it is forgotten."""

UNSENT_BYTES = 200 * 1024 * 1024
"""How much one author may have waiting."""


@dataclass(frozen=True)
class Received:
    """A message as it is kept: ``body`` is the whole of it as JSON, the rest is what rows are looked up by.

    ``attachments`` are the digests of the author's files that the message refers to.
    """

    event_id: str
    channel: str
    thread_id: str
    author: str
    text: str
    body: str
    received_at: datetime
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptFile:
    """A file that an author sent: ``digest`` is the SHA-256 of its bytes, in hexadecimal."""

    author: str
    digest: str
    media_type: str
    content: bytes
    kept_at: datetime


@dataclass(frozen=True)
class Question:
    """A stored question. ``card`` is the delivered answer as JSON, None until there is one."""

    id: str
    thread_id: str
    channel: str
    author: str
    text: str
    body: str
    received_at: datetime
    card: str | None = None


@dataclass(frozen=True)
class ThreadSummary:
    """A thread in a list: its first question is its title."""

    id: str
    title: str
    questions: int
    updated_at: datetime


@dataclass(frozen=True)
class Frame:
    """One step of progress, numbered from 1 within its question without gaps."""

    sequence: int
    kind: Literal["status", "append", "replace", "card"]
    data: str


@dataclass(frozen=True)
class Feedback:
    """A person's verdict on one answer; the last one of a person counts."""

    question_id: str
    author: str
    vote: Literal["up", "down"]
    reason: str
    given_at: datetime


@dataclass(frozen=True)
class Rated:
    """A person's verdict and the answer that it is about, as its card."""

    card: str
    vote: Literal["up", "down"]


class StateUnavailable(Exception):
    """The database cannot be used; nothing was accepted, and the sender should try again."""


class MissingAttachment(Exception):
    """A message refers to a file that its author never sent, or that was forgotten; nothing was accepted."""


class TooMuchUnsent(Exception):
    """An author has more files waiting for a message than are kept."""


class Attachments(Protocol):
    """Files of messages, each kept once for its author, and by nobody else's digest to be had.

    A file comes before its message, and is forgotten when none has referred to it for UNSENT_KEPT; what we keep for
    our own ends, such as the files of an answer, waits for none.
    """

    async def keep(self, file: KeptFile, *, for_good: bool = False) -> None:
        """Keep a file; the same one again only waits longer. Raises TooMuchUnsent, unless it is kept for good."""

    async def attachment(self, author: str, digest: str) -> KeptFile | None:
        """A file of this author, or None."""


class Inbox(Protocol):
    """What came in. One transaction commits the row and enqueues its work; only then is anything acknowledged."""

    async def accept(self, received: Received) -> tuple[str, bool]:
        """The question's id, and whether it is new: the same event id again gives the same question and no new work.

        From then on the files that it refers to are kept with it. Raises MissingAttachment.
        """

    async def question(self, question_id: str) -> Question | None:
        """One question, or None."""

    async def asked_as(self, channel: str, event_id: str) -> Question | None:
        """The question that a delivery became, or None."""

    async def asked_by(self, author: str, limit: int = 10) -> tuple[Question, ...]:
        """What a person asked last, latest first."""

    async def thread(self, thread_id: str, limit: int = 20) -> tuple[Question, ...]:
        """The latest questions of a thread, oldest first."""

    async def threads(self, author: str | None, limit: int = 50) -> tuple[ThreadSummary, ...]:
        """Threads a person took part in (all when None), latest first."""


class Progress(Protocol):
    """The stream of one answer in the making; it survives a dropped connection and a restart."""

    async def append(self, question_id: str, kind: str, data: str) -> None:
        """Add a frame."""

    def follow(self, question_id: str, after: int) -> AsyncIterator[Frame]:
        """Frames with a number above ``after``, as they come; ends with the frame of kind ``card``, seen or not."""


class Outbox(Protocol):
    """What goes out: an answer is settled once, and each channel's delivery has one receipt."""

    async def settle(self, question_id: str, card: str) -> bool:
        """Store the answer and append its ``card`` frame in one transaction; False when there is one already."""

    async def claim(self, question_id: str) -> bool:
        """Whether the caller is to post the answer: it has no receipt, and nobody else is posting it now."""

    async def release(self, question_id: str) -> None:
        """The caller has posted what it claimed, or could not."""

    async def record_delivery(self, question_id: str, channel: str, rung: str, message_id: str) -> bool:
        """Keep the receipt; False when this channel has one for this question."""

    async def undelivered(self) -> tuple[str, ...]:
        """Ids of questions that have no answer yet or no receipt."""

    async def record_feedback(self, feedback: Feedback) -> bool:
        """Keep a verdict; False when there is no such question."""

    async def rated(self, limit: int = 1000) -> tuple[Rated, ...]:
        """The latest verdicts on answers, the newest first."""


class Engine(Protocol):
    """The durable queue."""

    async def start(self, journeys: Mapping[str, Work]) -> None:
        """Take up work, what a crash interrupted first.

        ``answer`` is that of a question, ``diagnose`` of a diagnosis, ``execute`` of an approved proposal. Work that
        raises StateUnavailable goes on a little later, behind its last finished step. Work that was begun ATTEMPTS
        times and never came to its end, because it raised that or brought the process down, is given up; so is, at the
        next start, a question's work that ended without a receipt, a diagnosis's without an end, and a proposal's that
        is still approved and whose execution is not settled.
        """

    async def stop(self) -> None:
        """Let what runs finish for a moment, then leave it to the next start. Call it before closing what work uses."""

    async def step(self, name: str, shape: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` once: after a crash its stored result comes back instead. Only inside a journey.

        It is run again when it was cut off, or when what an older program has kept is of no use to this one.
        """


class State(Inbox, Attachments, Progress, Outbox, AlertLog, Incidents, Remedies, Engine, Protocol):
    """One database with all of it."""

    async def check(self) -> Mapping[str, str]:
        """Facts for the doctor: kind, place, schema revision, journal mode, open work. Raises StateUnavailable."""
