"""Small to large: chunks that were found become the larger passages that they are part of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.chunk import Chunk, Hit, Section

ENOUGH_OF_IT = 0.5
"""The share of a parent that must have been found for the whole parent to be returned."""


@dataclass(frozen=True)
class Passage:
    """What is handed on: the text of a run of chunks in reading order, and the best of the hits that it stands for."""

    hit: Hit
    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        """The chunks' text as one."""
        return "\n\n".join(chunk.text for chunk in self.chunks)

    @property
    def heading(self) -> str:
        """The heading path that covers all its chunks."""
        paths = [chunk.heading.split(" › ") for chunk in self.chunks]
        shared = 0
        while all(len(path) > shared and path[shared] == paths[0][shared] for path in paths):
            shared += 1
        return " › ".join(paths[0][:shared])


Size = Callable[[str], int]
"""How long a text is in tokens, about."""


def merged(hits: Sequence[Hit], parents: Mapping[str, Sequence[Section]], room: int, size: Size) -> list[Passage]:
    """Each hit's chunk, its section or its document: the largest of which enough was found and that fits.

    Enough is half of the parent's tokens, in two hits or more (the auto-merging retriever of LlamaIndex, which counts
    children instead; https://docs.llamaindex.ai/en/stable/examples/retrievers/auto_merging_retriever). ``parents`` are
    the sections of each hit's document, and a parent fits when it has at most ``room`` tokens. Passages come in the
    order of their best hits, and no chunk comes twice.
    """
    found = {hit.chunk.id for hit in hits}
    passages: list[Passage] = []
    covered: set[str] = set()
    for hit in hits:
        if hit.chunk.id in covered:
            continue
        chunks = _widest(hit, parents.get(hit.chunk.document_id, ()), found, room, size)
        passages.append(Passage(hit, chunks))
        covered.update(chunk.id for chunk in chunks)
    return passages


def _widest(hit: Hit, document: Sequence[Section], found: set[str], room: int, size: Size) -> tuple[Chunk, ...]:
    whole = tuple(chunk for section in document for chunk in section.chunks)
    section = next((one.chunks for one in document if hit.chunk in one.chunks), ())
    for parent in (whole, section):
        if len(parent) > 1 and _enough(parent, found, room, size):
            return parent
    return (hit.chunk,)


def _enough(parent: Sequence[Chunk], found: set[str], room: int, size: Size) -> bool:
    sizes = {chunk.id: size(chunk.text) for chunk in parent}
    total = sum(sizes.values())
    matched = [length for id, length in sizes.items() if id in found]
    return len(matched) > 1 and total <= room and sum(matched) >= ENOUGH_OF_IT * total
