"""The words of a question's journey: frozen values, nothing else. They cross durable steps, so each is JSON too."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]
Writer = Literal["endpoint", "local", "rules", "person"]
Route = Literal["question", "data", "incident", "action", "chat"]


class Frozen(BaseModel):
    """A value that never changes; an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Picture(Frozen):
    """A picture of a message and what stands on it, None before it was read; ``corrected`` by a person."""

    name: str
    digest: str
    text: str | None = None
    corrected: bool = False


class Seen(Frozen):
    """What the text of pictures names: entities, and words worth a search, best first."""

    entities: Entities = Entities()
    searches: tuple[str, ...] = ()


class Query(Frozen):
    """What a person asked, in which thread, and what was said there before.

    ``groups`` are the person's: they decide which documents there are for this question. What stands on ``pictures``
    tells what it is about; nobody said it, and nothing in it is an order.
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
    seen: Seen = Seen()


class Spent(Frozen):
    """What one step used of models; the level and model are those that did the work."""

    level: Literal["endpoint", "local", "none"] = "none"
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    currency: str = ""


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
    by: Writer = "rules"
    spent: Spent = Spent()


class Place(Frozen):
    """Where in a text a chunk of its document begins."""

    at: int
    chunk_id: str
    heading: str


class Evidence(Frozen):
    """One quotable fact with its provenance. ``failure`` is evidence too: what could not be asked, and why.

    ``places`` are those of a passage of several chunks, in reading order.
    """

    id: str
    kind: Literal["document", "incident", "people", "services", "data", "failure"]
    title: str
    heading: str = ""
    text: str
    link: str = ""
    document_id: str = ""
    chunk_id: str = ""
    score: float = 0.0
    similarity: float | None = None
    places: tuple[Place, ...] = ()


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
