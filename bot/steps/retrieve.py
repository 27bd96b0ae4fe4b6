"""Step 5: the library is searched for all forms of the query at once, small to large."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.vocabulary import Evidence, Findings, Place, RewrittenQuery
from connectors.embedding.port import EmbeddingUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import Hit, Legs, Library, Passage
from knowledge.passages import Size
from knowledge.ties import ties_broken


@dataclass(frozen=True)
class Wanted:
    """How many hits, and how many tokens by ``size`` a passage may have that is more than one of them."""

    hits: int
    room: int
    size: Size


async def retrieve(query: RewrittenQuery, library: Library, wanted: Wanted, standing: Mapping[str, int]) -> Findings:
    """The best passages as evidence, best first; where much of a section was found, all of it.

    Among equals what people found useful comes first. Without the embedding words alone find them; a failure is said.
    """
    failures: list[Evidence] = []
    found: Sequence[Hit] = ()
    passages: Sequence[Passage] = ()
    pages = query.scope.knowledge
    try:
        try:
            found = await library.search(query.searches, query.groups, wanted.hits, pages)
        except EmbeddingUnavailable as missing:
            failures.append(_failure("embedding", missing))
            found = await library.search(query.searches, query.groups, wanted.hits, pages, Legs(meaning=False))
        found = ties_broken(found, standing)
        passages = await library.passages(found, query.groups, wanted.room, wanted.size)
        if not found and not failures and (advice := (await library.facts()).advice):
            failures.append(Evidence(id="failure:library", kind="failure", title="library", text=advice))
    except VectorStoreUnavailable as missing:
        failures.append(_failure("library", missing))
    return Findings(evidence=(*map(_evidence, passages), *failures))


def _evidence(passage: Passage) -> Evidence:
    hit = passage.hit
    named = hit.labels.get("remedies")
    return Evidence(
        id=hit.chunk.id if len(passage.chunks) == 1 else f"{passage.chunks[0].id}+{len(passage.chunks)}",
        kind="document",
        title=hit.title,
        heading=passage.heading,
        text=passage.text,
        link=hit.link,
        document_id=hit.chunk.document_id,
        chunk_id=hit.chunk.id,
        score=hit.score,
        similarity=hit.similarity,
        places=tuple(_places(passage)) if len(passage.chunks) > 1 else (),
        remedies=tuple(named if isinstance(named, list) else [named] if named else []),
    )


def _places(passage: Passage) -> Iterator[Place]:
    at = 0
    for chunk in passage.chunks:
        at = passage.text.index(chunk.text, at)
        yield Place(at=at, chunk_id=chunk.id, heading=chunk.heading)
        at += len(chunk.text)


def _failure(what: str, error: Exception) -> Evidence:
    return Evidence(id=f"failure:{what}", kind="failure", title=what, text=str(error))
