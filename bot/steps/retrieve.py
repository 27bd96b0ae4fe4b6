"""Step 5: the library is searched for all forms of the query at once."""

from bot.vocabulary import Evidence, Findings, RewrittenQuery
from knowledge.library import Library


async def retrieve(query: RewrittenQuery, library: Library, hits: int) -> Findings:
    """The best chunks as evidence, best first."""
    found = await library.search(query.searches, limit=hits)
    return Findings(
        evidence=tuple(
            Evidence(
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
            for hit in found
        )
    )
