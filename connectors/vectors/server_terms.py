"""The port's values in the words of Qdrant's client, and back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from connectors.vectors.names import key_of, path_of
from connectors.vectors.port import Layout, Point, Search, Sparse, Where

if TYPE_CHECKING:
    from qdrant_client import models


def vector_params(layout: Layout) -> "dict[str, models.VectorParams]":
    """How the dense vectors and the parts are kept."""
    from qdrant_client import models

    cosine = models.Distance.COSINE
    dense = {name: models.VectorParams(size=dimension, distance=cosine) for name, dimension in layout.dense.items()}
    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    return dense | {
        name: models.VectorParams(
            size=dimension,
            distance=cosine,
            multivector_config=several,
            datatype=models.Datatype.FLOAT16,
            # Parts are only ever compared with the candidates of another vector, which takes no graph.
            hnsw_config=models.HnswConfigDiff(m=0),
        )
        for name, dimension in layout.parts.items()
    }


def sparse_params(layout: Layout) -> "dict[str, models.SparseVectorParams]":
    """How the sparse vectors are kept."""
    from qdrant_client import models

    return {name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in layout.sparse}


def layout(found: "models.CollectionInfo") -> Layout:
    """What a collection holds."""
    vectors = found.config.params.vectors
    named = vectors if isinstance(vectors, dict) else {}
    return Layout(
        {name: one.size for name, one in named.items() if not one.multivector_config},
        tuple(sorted(found.config.params.sparse_vectors or {})),
        tuple(sorted(key_of(path) for path in found.payload_schema)),
        {name: one.size for name, one in named.items() if one.multivector_config},
    )


def point(point: Point) -> "models.PointStruct":
    """A point to store."""
    from qdrant_client import models

    vectors: dict[str, models.Vector] = {name: list(v) for name, v in point.dense.items()}
    vectors |= {name: [list(part) for part in parts] for name, parts in point.parts.items()}
    vectors |= {name: _sparse(one) for name, one in point.sparse.items()}
    return models.PointStruct(id=point.id, vector=vectors, payload=dict(point.payload))


def read(record: "models.Record") -> Point:
    """A stored point."""
    from qdrant_client import models

    dense: dict[str, list[float]] = {}
    sparse: dict[str, Sparse] = {}
    parts: dict[str, list[list[float]]] = {}
    stored = cast("Mapping[str, models.SparseVector | list[float] | list[list[float]]]", record.vector or {})
    for name, vector in stored.items():
        if isinstance(vector, models.SparseVector):
            sparse[name] = Sparse(vector.indices, vector.values)
        elif isinstance(vector[0], list):
            parts[name] = vector
        else:
            dense[name] = vector
    return Point(str(record.id), dense, sparse, record.payload or {}, parts)


def legs(search: Search) -> list["models.Prefetch"]:
    """What is looked up first: one for each vector that is not empty."""
    from qdrant_client import models

    depth, where = max(search.prefetch, search.limit), condition(search.where)
    dense: dict[str, models.Vector] = {name: list(vector) for name, vector in search.dense.items()}
    dense |= {name: [list(vector)] for name, vector in search.parts.items()}
    sparse = {name: _sparse(vector) for name, vector in search.sparse.items() if vector.indices}
    queries = (dense | sparse).items()
    return [models.Prefetch(query=query, using=name, filter=where, limit=depth) for name, query in queries]


def fusion() -> "models.FusionQuery":
    """What makes one list of several: https://qdrant.tech/documentation/concepts/hybrid-queries/ (DBSF)."""
    from qdrant_client import models

    return models.FusionQuery(fusion=models.Fusion.DBSF)


def condition(where: Where) -> "models.Filter":
    """Which points may come back."""
    from qdrant_client import models

    must = _matches(where.any_of)
    if where.ids is not None:
        must.append(models.HasIdCondition(has_id=list(where.ids)))
    return models.Filter(must=must, must_not=_matches(where.none_of))


def create_alias(alias: str, collection: str) -> "models.CreateAliasOperation":
    """One step of a change of aliases."""
    from qdrant_client import models

    return models.CreateAliasOperation(create_alias=models.CreateAlias(alias_name=alias, collection_name=collection))


def drop_alias(alias: str) -> "models.DeleteAliasOperation":
    """One step of a change of aliases."""
    from qdrant_client import models

    return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))


def _sparse(vector: Sparse) -> "models.SparseVector":
    from qdrant_client import models

    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _matches(wanted: Mapping[str, Sequence[str]]) -> list["models.Condition"]:
    from qdrant_client import models

    return [
        models.FieldCondition(key=path_of(key), match=models.MatchAny(any=list(values)))
        for key, values in wanted.items()
    ]
