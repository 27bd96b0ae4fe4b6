"""Step 5: the library is searched for all forms of the query at once."""

from bot.vocabulary import Evidence, Findings, RewrittenQuery
from connectors.embedding.port import EmbeddingUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import Hit, Library


async def retrieve(query: RewrittenQuery, library: Library, hits: int) -> Findings:
    """The best chunks as evidence, best first. Without the embedding, words alone find them; what failed is said."""
    try:
        found, failures = await library.search(query.searches, limit=hits), []
    except EmbeddingUnavailable as missing:
        failures = [_failure("embedding", missing)]
        found = await library.search(query.searches, limit=hits, by_words_alone=True)
    except VectorStoreUnavailable as missing:
        found, failures = [], [_failure("library", missing)]
    if not found and not failures and (advice := (await library.facts()).advice):
        failures = [Evidence(id="failure:library", kind="failure", title="library", text=advice)]
    return Findings(evidence=(*map(_evidence, found), *failures))


def _evidence(hit: Hit) -> Evidence:
    return Evidence(
        id=hit.chunk.id,
        kind="document",
        title=hit.title,
        heading=hit.chunk.heading,
        text=hit.chunk.text,
        link=hit.link,
        document_id=hit.chunk.document_id,
        chunk_id=hit.chunk.id,
        score=hit.score,
        similarity=hit.similarity,
    )


def _failure(what: str, error: Exception) -> Evidence:
    return Evidence(id=f"failure:{what}", kind="failure", title=what, text=str(error))
