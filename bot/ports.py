"""What a journey may ask for: every port it uses, opened and chosen elsewhere."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from bot.charts import Charts
from bot.ladder import Ladder
from bot.membership import NO_DIRECTORY, Membership
from bot.plugin import Plugin
from bot.rules.conversations import Conversations
from bot.rules.entities import Names
from bot.rules.incident_modes import IncidentRules
from bot.rules.live import Known
from bot.rules.screenshots import KnownWords, known_words
from bot.rules.terms import Terms
from bot.standing import Standing
from bot.toolbox import Toolbox
from bot.vocabulary import Evidence, RewrittenQuery
from connectors.chat.port import Chat
from connectors.ocr.port import Ocr
from connectors.state.port import State
from knowledge.library import Library
from knowledge.service_graph import ServiceGraph
from knowledge.taxonomy import Taxonomy, read_taxonomy

Duties: TypeAlias = Callable[[RewrittenQuery], Awaitable[tuple[Evidence, ...]]]


def utc_now() -> datetime:
    """What time it is."""
    return datetime.now(UTC)  # noqa: TID251  # everything else is handed a clock, and this is the one


def no_tools() -> Toolbox:
    """A toolbox without any system."""
    return Toolbox({}, Path(), time.monotonic)


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
    ``conversations`` says what holds in a channel; without ``charts`` figures come as tables alone. ``recalling``
    are the plugins that remember what happened before, ``duties`` tells who is on call for the services of a query, and
    ``public_url`` is where people find pages.
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
    graph: ServiceGraph = field(default_factory=ServiceGraph)
    taxonomy: Taxonomy = field(default_factory=read_taxonomy)
    toolbox: Toolbox = field(default_factory=no_tools)
    now: Callable[[], datetime] = utc_now
    live: Known = field(default_factory=lambda: Known({}))
    recalling: Sequence[Plugin] = ()
    duties: Duties | None = None
    incidents: IncidentRules = field(default_factory=IncidentRules)
    public_url: str = ""
