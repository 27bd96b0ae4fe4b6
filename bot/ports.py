"""What a journey may ask for: every port it uses, opened and chosen elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.charts import Charts
from bot.ladder import Ladder
from bot.membership import NO_DIRECTORY, Membership
from bot.plugin import Plugin
from bot.rules.conversations import Conversations
from bot.rules.entities import Names
from bot.rules.screenshots import KnownWords, known_words
from bot.rules.terms import Terms
from bot.standing import Standing
from connectors.chat.port import Chat
from connectors.ocr.port import Ocr
from connectors.state.port import State
from knowledge.library import Library


@dataclass(frozen=True)
class Limits:
    """How far one answer may go."""

    rounds: int
    seconds: float
    evidence_tokens: int
    local_evidence_tokens: int
    output_tokens: int
    local_output_tokens: int
    hits: int


@dataclass(frozen=True)
class Ports:
    """The outside world of the assistant. ``clock`` counts seconds from anywhere; ``services`` finds their names.

    ``known`` are the words that misread ones on a picture may stand for. Without ``ocr`` pictures are not read.
    ``conversations`` says what holds in a channel; without ``charts`` figures come as tables alone.
    """

    state: State
    library: Library
    ladder: Ladder
    plugins: Sequence[Plugin]
    chats: Mapping[str, Chat]
    services: Names
    terms: Terms
    limits: Limits
    clock: Callable[[], float]
    standing: Standing
    membership: Membership = NO_DIRECTORY
    ocr: Ocr | None = None
    known: KnownWords = field(default_factory=known_words)
    conversations: Conversations = field(default_factory=dict)
    charts: Charts | None = None
