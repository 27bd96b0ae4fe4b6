"""The chat seam: messages that come in, cards that go out, the same for every platform."""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]


class Frozen(BaseModel):
    """A value: it never changes, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Attachment(Frozen):
    """A picture that came with a message, by reference: the state keeps its bytes under the author and ``digest``.

    ``text`` is what a person says it reads, having corrected what was read; then it is not read again.
    """

    name: str
    digest: str
    text: str | None = None


class IncomingMessage(Frozen):
    """One message as a person sent it.

    ``event_id`` is the platform's own id of the delivery: the same id twice is the same message twice.
    ``query`` is set when the person edited the rewritten query and asked for it to be run as it stands.
    """

    event_id: str
    channel: str
    thread_id: str
    author: str
    text: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    query: str | None = None


class Citation(Frozen):
    """Where a claim comes from: ``quote`` stands word for word in the document."""

    number: int
    document_id: str
    chunk_id: str
    title: str
    heading: str
    quote: str
    link: str


class PictureText(Frozen):
    """What was read on a picture, or what a person corrected that to. It is material, whatever it says."""

    name: str
    digest: str
    text: str
    corrected: bool = False


class Footer(Frozen):
    """What an answer cost: which level of model wrote it, its tokens, seconds, and money when a price is known."""

    level: Literal["endpoint", "local", "none"]
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: str | None = None
    rounds: int = 1


class Card(Frozen):
    """An answer as every front end gets it; what a platform cannot show degrades in its adapter.

    ``text`` is Markdown without HTML or images; ``[1]`` in it refers to the citation of that number.
    ``looked_for`` lists what was searched when the evidence was not enough; ``notices`` what could not be done.
    ``readings`` are shown as what they are, plain text, for the person to correct.
    """

    question_id: str
    kind: Literal["answer", "insufficient", "notice", "failure"]
    language: Language
    text: str
    citations: tuple[Citation, ...] = ()
    rewritten_query: str | None = None
    looked_for: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    readings: tuple[PictureText, ...] = ()
    footer: Footer | None = None


class Delivery(Frozen):
    """The receipt of a card that arrived: by which rung of the ladder, and the platform's id of the message."""

    channel: str
    rung: Literal["card", "split", "text", "file", "link"]
    message_id: str


class Chat(Protocol):
    """One platform. ``post`` is safe to repeat: the same card for the same question arrives once."""

    name: str

    async def post(self, thread_id: str, card: Card) -> Delivery:
        """Deliver the card into the thread, or raise ``Undeliverable``."""


class Undeliverable(Exception):
    """The platform refused the card on every rung of the delivery ladder."""
