"""The chat seam: what people say comes in, cards go out, the same for every platform."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol

from connectors.chat.card_port import Card, Frozen


class Attachment(Frozen):
    """A file that came with a message, by reference: the state keeps its bytes under the author and ``digest``.

    Without a digest it still lies with the platform, which hands it out for ``reference``; that is opaque to others.
    ``text`` is what a person says a picture reads, having corrected what was read; then it is not read again.
    """

    name: str
    digest: str = ""
    text: str | None = None
    reference: str = ""
    media_type: str = ""
    """What the platform says it is, such as image/png or text/plain."""


class Quoted(Frozen):
    """What a message quotes or forwards: somebody else's message, or the card of another bot, as plain text."""

    author: str
    text: str


class IncomingMessage(Frozen):
    """One message as a person sent it.

    ``event_id`` tells messages of a channel apart, whatever delivered them. ``conversation`` is where it was said, as
    the settings name it. ``query`` is set when the person edited the rewritten query: it is run as it stands.
    """

    event_id: str
    channel: str
    thread_id: str
    author: str
    text: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    query: str | None = None
    conversation: str = ""
    quoted: tuple[Quoted, ...] = ()
    addressed: bool = True
    """Said to the assistant; what is not counts only in a thread that it takes part in."""
    audience: Literal["author", "conversation"] = "author"
    """Who will read the answer."""
    ephemeral: bool = False
    """The answer is for its author alone, although it was asked among others; nobody can see it later."""
    replaces: str = ""
    """The event id of the message that its author has edited into this one."""
    by_bot: bool = False
    """Another bot said it, never we ourselves: it may report an alert, and asks nothing."""


class Delivery(Frozen):
    """The receipt of a card that arrived: by which rung of the ladder, and the platform's id of the message."""

    channel: str
    rung: Literal["card", "split", "text", "file", "link"]
    message_id: str


class Recipient(Frozen):
    """Where the answer to a message goes: a thread, and in it one person when it is ephemeral."""

    thread_id: str
    author: str
    event_id: str = ""
    ephemeral: bool = False


class Progress(Frozen):
    """How far an answer is: what is being done, and the draft as far as it has passed the checks."""

    doing: str
    draft: str = ""


Action = Literal["up", "down", "edit", "publish", "csv", "home", "right", "wrong"]
"""What a button of a card asks for.

``up`` and ``down`` rate an answer, with a reason as text; ``edit`` runs the text as the query; ``publish`` shows an
ephemeral answer to everybody in its thread; ``csv`` wants the file whose digest is the text. ``right`` and ``wrong``
judge the cause of an incident; the text is what it was.
"""


class ButtonClick(Frozen):
    """Somebody pressed a button of a message in a thread, or sent the form behind it, which holds ``text``."""

    event_id: str
    channel: str
    thread_id: str
    conversation: str
    author: str
    action: Action
    question_id: str
    text: str = ""
    clicked_at: datetime


class Reply(Frozen):
    """What the person who clicked is told, and nobody else."""

    text: str
    refused: bool = False


class Recent(Frozen):
    """A question in a list."""

    question_id: str
    thread_id: str
    channel: str
    text: str
    asked_at: datetime
    answered: bool


class Inbox(Protocol):
    """Where an adapter hands in what arrives; it is committed when the call comes back.

    Each raises ``NotAccepted`` when it could not be: then nothing may be acknowledged, and the platform sends it again.
    """

    async def on_message(self, message: IncomingMessage) -> bool:
        """Take a message; False when it was not meant for the assistant. One that came before changes nothing."""

    async def on_click(self, click: ButtonClick) -> Reply:
        """Do what a button says; within a second."""

    async def on_withdrawn(self, channel: str, event_id: str) -> None:
        """Its author has deleted a message: when it is not answered yet it will not be."""

    async def card(self, question_id: str, author: str) -> Card | None:
        """The answer to a question, for a form about it; None unless this person may see it."""

    async def recent(self, author: str, limit: int = 10) -> tuple[Recent, ...]:
        """The questions that a person asked last, latest first."""


class NotAccepted(Exception):
    """What arrived could not be kept; the sender should try again. The message says why."""


class WebRequest(Frozen):
    """A call of a platform as it came: header names in lower case, and the bytes of the body, as they were signed."""

    headers: dict[str, str]
    body: bytes


class WebReply(Frozen):
    """What a platform gets back."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"


class Chat(Protocol):
    """One platform.

    Every method but ``update`` raises ``Undeliverable`` or ``ChatUnavailable``; a platform's own waiting time is
    waited for before either. ``post`` and ``begin`` are safe to repeat: the same question arrives once.
    """

    name: str

    @property
    def seconds_between_updates(self) -> float:
        """How often a message may be updated without the platform refusing."""

    async def listen(self, inbox: Inbox) -> None:
        """Connect, and hand in what arrives until the chat is closed; a lost connection is taken up again."""

    async def receive(self, request: WebRequest) -> WebReply:
        """Answer a call of the platform, when it is set to call us; 404 when it is not."""

    async def begin(self, to: Recipient, question_id: str, text: str) -> str:
        """Show that work has begun; the id of the message that will become the answer. Empty: there is none."""

    async def update(self, to: Recipient, message_id: str, progress: Progress) -> None:
        """Show how far it is. It never raises: a step that the platform refuses is left out."""

    async def post(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str = "") -> Delivery:
        """Deliver the card in the place of the message that was begun: whole, split, as text, as a file, or as a link.

        ``files`` are those of its charts, by digest.
        """

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        """Put a card in the place of one that was posted, as its receipt names it; whoever has the message sees it.

        Where the platform no longer changes that message, the card is posted anew in the thread below it.
        """

    def opening(self, conversation: str) -> Recipient:
        """Where a message goes that begins a thread, in a conversation as the settings name it. Raises ValueError."""

    def thread_of(self, to: Recipient, message_id: str) -> str:
        """The thread below a message that was posted, as messages in it will name it."""

    async def send_file(self, to: Recipient, name: str, content: bytes) -> None:
        """Put a file into a thread."""

    async def fetch(self, reference: str, most: int) -> bytes:
        """A file of a message, of at most so many bytes. Raises ``CannotFetch``."""


class ChatUnavailable(Exception):
    """The platform cannot be reached, or refuses our credentials; the message says what to do."""


class CannotFetch(Exception):
    """A file cannot be had: it is gone, too large, or not ours to read; the message says which."""


class Undeliverable(Exception):
    """The platform refused the card on every rung of the delivery ladder."""
