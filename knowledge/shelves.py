"""What is known, put in order: documents as a tree of service › component › symptom, counted and narrowed down."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.chunk import Outline
from knowledge.service_graph import ServiceGraph

Level = Literal["service", "component", "symptom"]

LEVELS: tuple[Level, ...] = ("service", "component", "symptom")
"""The labels that make up the tree, from the top."""

FACETS = ("kind", "language", "source", "owner")
"""The labels by which a tree is narrowed down."""

PAGE = "page"
"""The kind of a document that tells how things are and what to do; it is also that of a document without a kind."""

NONE = ""
"""The key of documents without any value at a level."""


@dataclass(frozen=True)
class Shelf:
    """One service, component or symptom: how many documents there are on it and below, and the shelves below."""

    key: str
    count: int
    shelves: tuple["Shelf", ...] = ()


def values(outline: Outline, name: str) -> tuple[str, ...]:
    """A document's values under a label, without repetition; one empty value when it has none."""
    found = outline.labels.get(name, ())
    several = [found] if isinstance(found, str) else found
    kept = tuple(dict.fromkeys(value for value in several if value))
    return kept or ((PAGE,) if name == "kind" else (NONE,))


def narrowed(
    outlines: Sequence[Outline], choice: Mapping[str, Sequence[str]], words: str = "", *, but: str = ""
) -> list[Outline]:
    """The documents with one of the chosen values under each label and all of the words in their title.

    A label without chosen values narrows nothing; nor does the one named ``but``.
    """
    wanted = {name: set(keys) for name, keys in choice.items() if keys and name != but}
    spoken = words.casefold().split()
    return [
        one
        for one in outlines
        if all(keys.intersection(values(one, name)) for name, keys in wanted.items())
        and all(word in one.title.casefold() for word in spoken)
    ]


def facets(outlines: Sequence[Outline], choice: Mapping[str, Sequence[str]], words: str = "") -> dict[str, list[Shelf]]:
    """For each facet its values, most documents first, counted as if nothing had been chosen under that facet itself.

    What was chosen is listed even when no document has it, so that the choice can be undone.
    """
    return {name: _counted(narrowed(outlines, choice, words, but=name), name, choice.get(name, ())) for name in FACETS}


def tree(outlines: Sequence[Outline], graph: ServiceGraph, *, empty: bool = False) -> tuple[Shelf, ...]:
    """The shelves of the services: known ones in the graph's order, others by name, last what has no service.

    A document with several services, components or symptoms stands on the shelf of each, and counts once above them.
    ``empty`` keeps the shelves of known services that nothing is known about.
    """
    known = {name: at for at, name in enumerate(graph.services)}
    found = dict(_branches(outlines, LEVELS))
    missing = [Shelf(name, 0) for name in known if empty and name not in found]
    return tuple(
        sorted([*found.values(), *missing], key=lambda one: (not one.key, known.get(one.key, len(known)), one.key))
    )


def _branches(outlines: Sequence[Outline], levels: Sequence[str]) -> Iterator[tuple[str, Shelf]]:
    if not levels:
        return
    split: dict[str, list[Outline]] = {}
    for outline in outlines:
        for key in values(outline, levels[0]):
            split.setdefault(key, []).append(outline)
    for key in sorted(split, key=lambda key: (not key, -len(split[key]), key)):
        below = tuple(shelf for _, shelf in _branches(split[key], levels[1:]))
        yield (
            key,
            Shelf(key, len(split[key]), () if [one.key for one in below] == [NONE] and not below[0].shelves else below),
        )


def _counted(outlines: Sequence[Outline], name: str, chosen: Sequence[str]) -> list[Shelf]:
    counts = Counter(value for one in outlines for value in values(one, name) if value)
    counts.update({value: 0 for value in chosen})
    return [Shelf(key, count) for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
