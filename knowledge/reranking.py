"""A second opinion on the best few hits, by a model that reads question and passage together."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from connectors.rerank.port import Reranker, RerankUnavailable
from connectors.vectors.port import Hit as Found
from knowledge import ranking
from knowledge.chunk import plain
from knowledge.language import language_of
from knowledge.points import chunk, labels

log = structlog.get_logger()

JUDGED = 8
"""How many of the best are read again: each costs a model's run, on a laptop some 30 ms."""


@dataclass(frozen=True)
class SecondOpinion:
    """Reorders the best hits that the reranker has the language for; without one, everything stays as it was."""

    reranker: Reranker | None

    async def on(self, query: str, scores: Mapping[str, float], found: Mapping[str, Found]) -> dict[str, float]:
        """The scores, those of the best few shared out anew. A reranker that fails changes nothing."""
        best = ranking.ordered(scores, JUDGED)
        judged = [id for id in best if self._reads(query, found[id])]
        if self.reranker is None or len(judged) < 2:
            return dict(scores)
        try:
            opinion = await self.reranker.score(query, [_read(found[id]) for id in judged])
        except RerankUnavailable as missing:
            log.warning("not reranked", reason=str(missing))
            return dict(scores)
        return ranking.reranked(scores, dict(zip(judged, opinion, strict=True)))

    def _reads(self, query: str, hit: Found) -> bool:
        languages = self.reranker.languages if self.reranker else ()
        spoken = (language_of(query), str(labels(hit.payload).get("language", "")))
        return not languages or all(one in languages for one in spoken)


def _read(hit: Found) -> str:
    of = chunk(hit)
    return f"{hit.payload['title']} › {of.heading}\n{plain(of.text)}"
