"""Which past incidents are similar to what somebody sees now: the search and its order."""

from dataclasses import dataclass, replace

from connectors.embedding.port import EmbeddingUnavailable
from knowledge.chunk import Hit
from knowledge.incidents import KINDS, Incident, incident, tells_what_was_seen
from knowledge.library import Legs, Library
from knowledge.reasons import (
    Neighbours,
    Reason,
    SameComponents,
    SameServices,
    SameSymptom,
    SharedNames,
    Trouble,
    reasons,
)
from knowledge.service_graph import ServiceGraph

_CHUNKS, _CANDIDATES = 40, 8
_SYMPTOM, _NAMED, _SAME_SERVICE, _NEIGHBOUR, _COMPONENT = 0.15, 0.1, 0.1, 0.05, 0.03
_BEHIND = 0.25


@dataclass(frozen=True)
class Similar:
    """A past incident with the reasons why it is similar, the weightiest first. Scores compare within one search.

    ``similarity`` is the centred cosine of what was seen then and now; None when meaning was not searched.
    ``chunk_id`` is the passage that comes nearest.
    """

    incident: Incident
    score: float
    similarity: float | None
    reasons: tuple[Reason, ...]
    chunk_id: str


async def similar(library: Library, graph: ServiceGraph, trouble: Trouble, limit: int = 3) -> list[Similar]:
    """Past incidents with the symptom that is described, the most similar first; without a reason, none.

    The library is searched for the description; of what it finds, only passages that tell what was seen count. An
    incident scores as its best passage does in the search. To that come 0.15 for the same symptom, 0.1 for each name
    that both share (two at most), then 0.1 for the same service or 0.05 for one that it depends on, and 0.03 for the
    same component. Of equal ones (to two digits) the latest comes first. One that is near in meaning only must be
    within 0.25 of the best. Without the embedding, words alone are searched. Raises VectorStoreUnavailable.
    """
    trouble = replace(trouble, services=trouble.services or graph.mentioned(trouble.description))
    found: list[Similar] = []
    compared = 0
    for hit in await _nearest(library, trouble):
        document = await library.document(hit.chunk.document_id, trouble.groups)
        past = incident(document) if document else None
        if past is None:
            continue
        if why := reasons(past, trouble, hit.similarity, graph):
            found.append(Similar(past, hit.score + sum(map(_weight, why)), hit.similarity, why, hit.chunk.id))
        compared += 1
        if compared == _CANDIDATES:
            break
    best = max((one.score for one in found), default=0.0)
    return sorted((one for one in found if _stands_out(one, best)), key=_order)[:limit]


async def _nearest(library: Library, trouble: Trouble) -> list[Hit]:
    """Of each document the best passage that tells what was seen, with the nearest one's similarity."""
    kinds = [kind for kind in KINDS if kind in trouble.pages.get("kind", KINDS)]
    if not kinds:
        return []
    asked, where = [trouble.description], {**trouble.pages, "kind": kinds}
    try:
        hits = await library.search(asked, trouble.groups, _CHUNKS, where)
    except EmbeddingUnavailable:
        hits = await library.search(asked, trouble.groups, _CHUNKS, where, Legs(meaning=False))
    best: dict[str, Hit] = {}
    for hit in hits:
        if tells_what_was_seen(hit.chunk):
            known = best.setdefault(hit.chunk.document_id, hit)
            if known.similarity is not None and hit.similarity is not None:
                best[hit.chunk.document_id] = replace(known, similarity=max(known.similarity, hit.similarity))
    return list(best.values())


def _order(one: Similar) -> tuple[float, float]:
    started = one.incident.started
    return -round(one.score, 2), -started.timestamp() if started else 0.0


def _stands_out(one: Similar, best: float) -> bool:
    told = any(isinstance(reason, SameSymptom | SharedNames) for reason in one.reasons)
    return told or one.score >= best - _BEHIND


def _weight(reason: Reason) -> float:
    if isinstance(reason, SharedNames):
        return _NAMED * min(2, len(reason.names))
    weights: dict[type[Reason], float] = {
        SameSymptom: _SYMPTOM,
        SameServices: _SAME_SERVICE,
        Neighbours: _NEIGHBOUR,
        SameComponents: _COMPONENT,
    }
    return weights.get(type(reason), 0.0)
