"""What an answer looks like to every front end: a card and its parts."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "zh"]


class Frozen(BaseModel):
    """A value: it never changes, an unknown field is a mistake, and no mistake tells what was said."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


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
    """What was read on a picture or corrected to, and what a model sees there: material, whatever it says."""

    name: str
    digest: str
    text: str
    corrected: bool = False
    description: str = ""


class Footer(Frozen):
    """What an answer cost: which level of model wrote it, its tokens, seconds, and money when a price is known."""

    level: Literal["endpoint", "local", "none"]
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost: str | None = None
    rounds: int = 1


class Table(Frozen):
    """Rows to show. ``total`` counts all there were, ``file`` is the digest of the CSV file that holds them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    file: str = ""


class Chart(Frozen):
    """A picture of figures: the digest of a PNG file, and in words what it shows, for who cannot see it."""

    title: str
    file: str
    says: str


class Exhibits(Frozen):
    """The figures that an answer shows beside its words."""

    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


class Folded(Frozen):
    """A part of a card that is opened by who wants to read it, where the platform can fold; Markdown."""

    title: str
    text: str


Tone = Literal["plain", "good", "warning", "bad"]


class Card(Frozen):
    """An answer as every front end gets it; what a platform cannot show degrades in its adapter.

    ``text`` is Markdown without HTML or images; ``[1]`` in it refers to the citation of that number.
    ``looked_for`` lists what was searched when the evidence was not enough; ``notices`` what could not be done.
    ``readings`` are shown as what they are, plain text, for the person to correct. A card of the kind ``incident`` has
    a ``title``, shows how bad it is by its ``tone``, leads to its page by ``link``, and is judged as right or wrong: it
    has the id of the incident in ``question_id``. ``cause`` is what it was in a few words that a person can confirm;
    empty: there is nothing to confirm yet. ``folded`` are parts that come behind what everybody has to read. A card of
    the kind ``proposal`` offers a remedy, or tells what became of it: ``question_id`` is the proposal's id.
    """

    question_id: str
    kind: Literal["answer", "insufficient", "notice", "failure", "incident", "proposal"]
    language: Language
    text: str
    title: str = ""
    tone: Tone = "plain"
    link: str = ""
    cause: str = ""
    folded: tuple[Folded, ...] = ()
    citations: tuple[Citation, ...] = ()
    rewritten_query: str | None = None
    looked_for: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    readings: tuple[PictureText, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    footer: Footer | None = None
