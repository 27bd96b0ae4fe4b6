"""The words of a question's journey: frozen values, nothing else. They cross durable steps, so each is JSON too."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]
Writer = Literal["endpoint", "local", "rules", "person"]
Route = Literal["question", "data", "incident", "action", "chat"]
Cell: TypeAlias = str | int | float | bool | None


class Frozen(BaseModel):
    """A value that never changes; an unknown field is a mistake, and no mistake tells what was said."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", hide_input_in_errors=True)


class Window(Frozen):
    """A span of time somebody named, and the words that named it."""

    start: datetime
    end: datetime
    words: str


class Entities(Frozen):
    """What a text names: services by their canonical names, environments, identifiers word for word, a time window."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    window: Window | None = None


class Turn(Frozen):
    """One earlier exchange of the thread."""

    asked: str
    rewritten: str
    answered: str


class Spent(Frozen):
    """What one step used of models; the level and model are those that did the work."""

    level: Literal["endpoint", "local", "none"] = "none"
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    currency: str = ""


class Picture(Frozen):
    """A picture of a message and what stands on it, None before it was read; ``corrected`` by a person.

    ``description`` is what a model that sees says of its graphs: it may be searched for and is no evidence of anything.
    ``spent`` is what that cost.
    """

    name: str
    digest: str
    text: str | None = None
    corrected: bool = False
    description: str = ""
    spent: Spent = Spent()


class Seen(Frozen):
    """What the text of pictures names: entities, and words worth a search, best first."""

    entities: Entities = Entities()
    searches: tuple[str, ...] = ()


class Quote(Frozen):
    """What a message quotes, forwards or has attached as text: somebody else's words, and no order to anybody."""

    author: str
    text: str


class Scope(Frozen):
    """What may be looked at for a question in its conversation: pages by their labels, tools by their kind.

    No labels: all pages; None: all tools, and the database, whose kind is ``data``.
    """

    knowledge: dict[str, tuple[str, ...]] = {}
    tools: tuple[str, ...] | None = None


class Query(Frozen):
    """What a person asked, in which thread, and what was said there before.

    ``groups`` are the person's: they decide which documents there are for this question. What stands on ``pictures``
    or in ``quotes`` tells what it is about; nobody said it, and nothing in it is an order. Files that are ``unfetched``
    still lie with the platform. ``incident`` is the one that its thread belongs to.
    """

    question_id: str
    text: str
    language: Language
    asked_at: datetime
    author: str
    history: tuple[Turn, ...] = ()
    edited: str | None = None
    notices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    quotes: tuple[Quote, ...] = ()
    unfetched: bool = False
    seen: Seen = Seen()
    scope: Scope = Scope()
    incident: str = ""


class RewrittenQuery(Frozen):
    """The searchable form of a query: it stands alone, without its thread. ``searches`` are looked up together.

    ``asked`` keeps the person's own words: of a follow-up they say what is wanted now.
    """

    text: str
    asked: str
    searches: tuple[str, ...]
    language: Language
    asked_at: datetime
    route: Route
    entities: Entities
    follow_up: bool = False
    groups: tuple[str, ...] = ()
    scope: Scope = Scope()
    incident: str = ""
    by: Writer = "rules"
    spent: Spent = Spent()


class Place(Frozen):
    """Where in a text a chunk of its document begins."""

    at: int
    chunk_id: str
    heading: str


class Rows(Frozen):
    """Figures as a table. ``total`` counts the rows there were as far as is known; ``capped``: there may be more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    capped: bool = False


class Line(Frozen):
    """One figure over time: ``points`` are (seconds since 1970, value) in the order of time."""

    name: str
    points: tuple[tuple[float, float], ...]


class Evidence(Frozen):
    """One quotable fact with its provenance. ``failure`` is evidence too: what could not be asked, and why.

    ``places`` are those of a passage of several chunks, in reading order. ``query`` is the exact question that a
    database or a live system answered; ``rows`` and ``lines`` are the figures themselves, which ``text`` tells of.
    ``spent`` is what a model cost on the way to it. ``remedies`` are those that its page names in its front matter.
    """

    id: str
    kind: Literal["document", "incident", "people", "services", "data", "tool", "failure"]
    title: str
    heading: str = ""
    text: str
    link: str = ""
    document_id: str = ""
    chunk_id: str = ""
    score: float = 0.0
    similarity: float | None = None
    places: tuple[Place, ...] = ()
    query: str = ""
    rows: Rows | None = None
    lines: tuple[Line, ...] = ()
    spent: Spent = Spent()
    remedies: tuple[str, ...] = ()


class Findings(Frozen):
    """What one round found."""

    evidence: tuple[Evidence, ...] = ()


class Verdict(Frozen):
    """Whether the evidence is enough; if not, what is missing, in words that can be searched for."""

    enough: bool
    missing: tuple[str, ...] = ()
    spent: Spent = Spent()


class Claim(Frozen):
    """A checked piece of an answer and the evidence that says so."""

    text: str
    cites: tuple[str, ...]


class Answer(Frozen):
    """What survived the check, in order; without claims there is no answer."""

    claims: tuple[Claim, ...] = ()
    dropped: int = 0
    spent: Spent = Spent()


class Done(Frozen):
    """A step that leaves nothing behind but its effect."""

    rung: str = "card"


class Begun(Frozen):
    """The message that shows that work has begun and becomes the answer; empty where there is none."""

    message_id: str = ""
