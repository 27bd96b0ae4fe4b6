"""What the web API takes and gives, as shapes, and how stored values become them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bot.web.rendering import to_html, web_link
from connectors.chat.card_port import Card, Citation, Folded
from connectors.chat.port import Attachment, IncomingMessage
from connectors.state.port import Question, ThreadSummary
from knowledge.library import StoredDocument

LONGEST_TEXT = 8_000
LONGEST_REASON = 2_000
LONGEST_NAME = 200
LONGEST_TITLE = 120
LONGEST_READING = 12_000
MOST_IMAGES = 5


def _storable(text: str) -> str:
    # PostgreSQL refuses a text with a zero byte in it.
    return text.replace("\0", "")


Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_storable)]


class Shape(BaseModel):
    """A value that crosses the web API; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Image(Shape):
    """A picture that was kept under ``id``; ``text`` is what it reads by a person's word, and is not read again."""

    id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    name: Annotated[Text, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
    text: Annotated[Text, StringConstraints(max_length=LONGEST_READING)] | None = None


class KeptImage(Shape):
    """A picture that is safe in the database until a message refers to it."""

    id: str


class NewMessage(Shape):
    """A question. The same ``event_id`` again is the same question; ``query`` is run as it stands."""

    text: Text
    event_id: UUID
    thread_id: str | None = None
    query: Text | None = None
    images: Annotated[tuple[Image, ...], Field(max_length=MOST_IMAGES)] = ()


class Verdict(Shape):
    """A thumb and its reason."""

    vote: Literal["up", "down"]
    reason: Annotated[Text, StringConstraints(max_length=LONGEST_REASON)] = ""


class Accepted(Shape):
    """A question that is safe in the database; not ``fresh`` when it was there before."""

    question_id: str
    thread_id: str
    fresh: bool


class ShownPart(Folded):
    """A folded part with its text rendered; ``html`` is safe to put into a page as it is."""

    html: str


class ShownCard(Card):
    """A card with its text rendered; ``html`` is safe to put into a page as it is."""

    html: str
    folded: tuple[ShownPart, ...] = ()


class ShownQuestion(Shape):
    """A question in its thread, with its card when it has one."""

    id: str
    text: str
    query: str | None
    images: tuple[Image, ...]
    received_at: datetime
    card: ShownCard | None


class ShownThread(Shape):
    """A conversation, oldest question first."""

    id: str
    questions: tuple[ShownQuestion, ...]


class ListedThread(Shape):
    """A conversation in the list."""

    id: str
    title: str
    questions: int
    updated_at: datetime


class Threads(Shape):
    """A person's conversations, latest first."""

    threads: tuple[ListedThread, ...]


class Passage(Shape):
    """A chunk of a document; ``html`` is safe to put into a page as it is."""

    id: str
    heading: str
    html: str


class ShownDocument(Shape):
    """A document cut as it is stored; ``link`` is empty when it does not lead to a web page."""

    title: str
    link: str
    labels: dict[str, str | list[str]]
    chunks: tuple[Passage, ...]


class Session(Shape):
    """How this visitor is signed in, and their name when it is known."""

    login: Literal["open", "token", "proxy"]
    name: str


def shown_card(stored: str) -> ShownCard:
    """A stored card as the page gets it."""
    card = Card.model_validate_json(stored)
    cited = frozenset(citation.number for citation in card.citations)
    shown = {
        "citations": tuple(_shown_citation(citation) for citation in card.citations),
        # Their marks lead nowhere: only those of the text itself are buttons.
        "folded": tuple(ShownPart(title=one.title, text=one.text, html=to_html(one.text)) for one in card.folded),
        "link": web_link(card.link),
    }
    return ShownCard(**{**dict(card), **shown}, html=to_html(card.text, cited))


def attachment(image: Image) -> Attachment:
    """A picture of a message as the assistant gets it."""
    return Attachment(name=image.name, digest=image.id, text=image.text or None)


def shown_question(question: Question) -> ShownQuestion:
    """A stored question as the page gets it."""
    message = IncomingMessage.model_validate_json(question.body)
    return ShownQuestion(
        id=question.id,
        text=question.text,
        query=message.query,
        images=tuple(Image(id=one.digest, name=one.name, text=one.text) for one in message.attachments),
        received_at=question.received_at,
        card=shown_card(question.card) if question.card else None,
    )


def listed_thread(thread: ThreadSummary) -> ListedThread:
    """A stored thread as the list shows it."""
    title = " ".join(thread.title.split())
    return ListedThread(
        id=thread.id, title=title[:LONGEST_TITLE], questions=thread.questions, updated_at=thread.updated_at
    )


def shown_document(document: StoredDocument) -> ShownDocument:
    """A stored document as the source view gets it."""
    return ShownDocument(
        title=document.title,
        link=web_link(document.link),
        labels=dict(document.labels),
        chunks=tuple(
            # A passage that begins with its heading shows it already.
            Passage(id=c.id, heading="" if c.text.startswith("#") else c.heading, html=to_html(c.text))
            for c in document.chunks
        ),
    )


def _shown_citation(citation: Citation) -> Citation:
    return citation.model_copy(update={"link": web_link(citation.link)})
