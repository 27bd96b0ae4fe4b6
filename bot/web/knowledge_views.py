"""What the page of what is known takes and gives, as shapes."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from bot.web.rendering import web_link
from bot.web.views import Shape
from knowledge import gap_wording, shelves
from knowledge.catalogue import Gaps, Order
from knowledge.chunk import Outline
from knowledge.gaps import Gap, Kind, Place
from knowledge.shelf_titles import shelf_title
from knowledge.shelves import Level, Shelf, values
from knowledge.taxonomy import Taxonomy

MOST_DOCUMENTS = 200
MOST_GAPS_OF_A_KIND = 200

_Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)]
_Key = Annotated[str | None, Field(max_length=200)]


class Asked(BaseModel):
    """A place in the tree (an empty key: without any), chosen facets, and words that titles must have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: _Key = None
    component: _Key = None
    symptom: _Key = None
    kind: _Names = []
    language: _Names = []
    source: _Names = []
    owner: _Names = []
    words: Annotated[str, Field(max_length=200)] = ""

    @property
    def choice(self) -> dict[str, list[str]]:
        """The chosen facets."""
        return {name: getattr(self, name) for name in shelves.FACETS}

    @property
    def place(self) -> dict[str, list[str]]:
        """The place in the tree, as a choice."""
        return {level: [key] for level in shelves.LEVELS if (key := getattr(self, level)) is not None}


AskedFor = Annotated[Asked, Query()]


class Titled(Shape):
    """A name in both languages."""

    en: str
    zh: str


class ShownShelf(Shape):
    """A shelf of the tree; the key of one for documents without any is empty."""

    key: str
    title: Titled
    count: int
    shelves: tuple["ShownShelf", ...]


class Counted(Shape):
    """A value of a facet."""

    key: str
    count: int


class ListedDocument(Shape):
    """A document in the list."""

    id: str
    title: str
    link: str
    kind: str
    language: str
    owner: str
    date: str


class Known(Shape):
    """What is known: the tree, the facets, and the documents at the place that was asked for."""

    tree: tuple[ShownShelf, ...]
    facets: dict[str, tuple[Counted, ...]]
    documents: tuple[ListedDocument, ...]
    total: int
    everything: int
    ingested_at: str


class ShownPlace(Shape):
    """A document that a gap is about, and the passage."""

    document_id: str
    title: str
    link: str
    date: str
    chunk_id: str
    quote: str


class ShownGap(Shape):
    """One gap, told in both languages."""

    said: Titled
    places: tuple[ShownPlace, ...]


class GapsOfAKind(Shape):
    """All gaps of one kind, what to do about them, and how many there are when not all are listed."""

    kind: Kind
    title: Titled
    advice: Titled
    total: int
    gaps: tuple[ShownGap, ...]


class ShownGaps(Shape):
    """The gaps, most pressing kind first; not ``complete`` while texts are still being compared."""

    kinds: tuple[GapsOfAKind, ...]
    complete: bool


def known(outlines: Sequence[Outline], asked: Asked, order: Order, ingested_at: str) -> Known:
    """What is known, by all that was asked for."""
    narrowed = shelves.narrowed(outlines, asked.choice, asked.words)
    placed = shelves.narrowed(outlines, asked.place)
    found = shelves.narrowed(narrowed, asked.place)
    tree = shelves.tree(narrowed, order.services, empty=not (asked.words or any(asked.choice.values())))
    facets = shelves.facets(placed, asked.choice, asked.words)
    return Known(
        tree=_shown(tree, shelves.LEVELS, order.taxonomy),
        facets={name: tuple(Counted(key=one.key, count=one.count) for one in found) for name, found in facets.items()},
        documents=tuple(_listed(one) for one in found[:MOST_DOCUMENTS]),
        total=len(found),
        everything=len(narrowed),
        ingested_at=ingested_at,
    )


def shown_gaps(gaps: Gaps, taxonomy: Taxonomy) -> ShownGaps:
    """The gaps by kind, in order."""
    kinds = dict.fromkeys(gap.kind for gap in gaps.found)
    together = (_of_a_kind(kind, [gap for gap in gaps.found if gap.kind == kind], taxonomy) for kind in kinds)
    return ShownGaps(kinds=tuple(together), complete=gaps.complete)


def _of_a_kind(kind: Kind, gaps: Sequence[Gap], taxonomy: Taxonomy) -> GapsOfAKind:
    return GapsOfAKind(
        kind=kind,
        title=Titled(en=gap_wording.heading(kind, "en"), zh=gap_wording.heading(kind, "zh")),
        advice=Titled(en=gap_wording.advice(kind, "en"), zh=gap_wording.advice(kind, "zh")),
        total=len(gaps),
        gaps=tuple(_shown_gap(gap, taxonomy) for gap in gaps[:MOST_GAPS_OF_A_KIND]),
    )


def _shown_gap(gap: Gap, taxonomy: Taxonomy) -> ShownGap:
    return ShownGap(
        said=Titled(en=gap_wording.said(gap, "en", taxonomy), zh=gap_wording.said(gap, "zh", taxonomy)),
        places=tuple(_shown_place(place) for place in gap.places),
    )


def _shown_place(place: Place) -> ShownPlace:
    return ShownPlace(
        document_id=place.document_id,
        title=place.title,
        link=web_link(place.link),
        date=place.date,
        chunk_id=place.chunk_id,
        quote=place.quote,
    )


def _shown(found: Sequence[Shelf], levels: Sequence[Level], taxonomy: Taxonomy) -> tuple[ShownShelf, ...]:
    return tuple(
        ShownShelf(
            key=one.key,
            title=Titled(
                en=shelf_title(levels[0], one.key, "en", taxonomy), zh=shelf_title(levels[0], one.key, "zh", taxonomy)
            ),
            count=one.count,
            shelves=_shown(one.shelves, levels[1:], taxonomy),
        )
        for one in found
    )


def _listed(outline: Outline) -> ListedDocument:
    kind, language, owner, date = (values(outline, name)[0] for name in ("kind", "language", "owner", "date"))
    return ListedDocument(
        id=outline.id,
        title=outline.title,
        link=web_link(outline.link),
        kind=kind,
        language=language,
        owner=owner,
        date=date,
    )
