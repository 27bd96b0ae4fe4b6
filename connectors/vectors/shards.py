"""Collections as Qdrant Edge shards, one folder each, for the one process that has them open."""

import shutil
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import cast

import qdrant_edge as edge
from pydantic import ValidationError

from connectors.vectors.fitting import check_points, check_same, check_search
from connectors.vectors.names import key_of, path_of
from connectors.vectors.places import Places
from connectors.vectors.port import Hit, Layout, Point, Search, Sparse, VectorStoreUnavailable, Where

_PAGE = 1_000

# Kilobytes of vectors from which ``optimize`` builds an HNSW graph: never. It holds the interpreter's lock while it
# builds, 11 s for 20,000 points, in which the whole process stands still; exact search over them takes 2 ms, and
# over 80,000 6 ms. Whoever has millions runs a server.
_NO_GRAPH = 1 << 31

# The stub file writes the variants as nested classes; in truth they are subclasses.
_FUSION = cast("edge.Fusion", edge.Fusion.Dbsf())


class Shards:
    """All collections below one folder. Every call blocks, and may come from any thread."""

    def __init__(self, folder: Path, spare_bytes: int) -> None:
        """Nothing is opened yet. Writes stop short of ``spare_bytes``."""
        self._folder = folder
        self._places = Places(folder)
        self._spare_bytes = spare_bytes
        self._open: dict[str, edge.EdgeShard] = {}
        self._changing = threading.RLock()
        self._told = _Told(folder)

    def ensure(self, collection: str, layout: Layout) -> None:
        """See the port."""
        with self._changing, self._told:
            name = self._places.named(collection)
            if not self._places.has(name):
                self._check_space()
                self._places.create(name, layout, lambda place: _create(place, layout))
            check_same(collection, self._places.layout(name), layout)
            shard = self._shard(name)
            for key in {path_of(key) for key in layout.keywords} - set(shard.info().payload_schema):
                shard.update(edge.UpdateOperation.create_field_index(key, edge.PayloadSchemaType.Keyword))

    def collections(self) -> tuple[str, ...]:
        """See the port."""
        return self._places.collections()

    def layout(self, collection: str) -> Layout:
        """See the port."""
        with self._told:
            keywords = tuple(sorted(key_of(path) for path in self._shard(collection).info().payload_schema))
            made = self._places.layout(self._places.named(collection))
            return replace(made, sparse=tuple(sorted(made.sparse)), keywords=keywords)

    def drop(self, collection: str) -> None:
        """See the port."""
        with self._changing, self._told:
            name = self._places.named(collection)
            self._places.drop(name, lambda: self._close(name))

    def point_alias(self, alias: str, collection: str) -> None:
        """See the port."""
        self._check_space()
        with self._changing, self._told:
            self._shard(collection)
            self._places.point_alias(alias, self._places.named(collection))

    def drop_alias(self, alias: str) -> None:
        """See the port."""
        with self._changing, self._told:
            self._places.drop_alias(alias)

    def aliases(self) -> Mapping[str, str]:
        """See the port."""
        with self._told:
            return self._places.aliases()

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        self._check_space()
        with self._told:
            shard = self._shard(collection)
            # The SDK does not refuse parts of different lengths: it panics over them, half way through the points.
            check_points(self._places.layout(self._places.named(collection)), points)
            shard.update(edge.UpdateOperation.upsert_points([_point(point) for point in points]))

    def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        self._check_space()
        with self._told:
            self._shard(collection).update(edge.UpdateOperation.delete_points_by_filter(_filter(where)))

    def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        with self._told:
            shard = self._shard(collection)
            check_search(self._places.layout(self._places.named(collection)), search)
            queries = _queries(search)
            found = shard.query(_request(search, queries)) if queries else []
            return [Hit(str(one.id), one.score, one.payload or {}) for one in found]

    def fetch(self, collection: str, where: Where, limit: int) -> list[Hit]:
        """See the port."""
        hits: list[Hit] = []
        offset: edge.PointId | None = None
        with self._told:
            shard = self._shard(collection)
            while len(hits) < limit and (offset or not hits):
                page = min(_PAGE, limit - len(hits))
                records, offset = shard.scroll(
                    edge.ScrollRequest(offset=offset, limit=page, filter=_filter(where), with_payload=True)
                )
                hits += [Hit(str(record.id), 0.0, record.payload or {}) for record in records]
                if not records:
                    break
        return hits

    def page(self, collection: str, where: Where, start: str, limit: int) -> tuple[list[Point], str]:
        """At most ``limit`` points from this id on, and the id of the next one; "" stands for the ends."""
        with self._told:
            records, following = self._shard(collection).scroll(
                edge.ScrollRequest(
                    offset=start or None, limit=limit, filter=_filter(where), with_payload=True, with_vector=True
                )
            )
            return [_read(record) for record in records], str(following or "")

    def count(self, collection: str, where: Where) -> int:
        """See the port."""
        with self._told:
            return self._shard(collection).count(edge.CountRequest(exact=True, filter=_filter(where)))

    def settle(self, collection: str) -> None:
        """See the port: write out, and give back what deleted points took once they are a fifth of all."""
        self._check_space()
        with self._told:
            shard = self._shard(collection)
            shard.optimize()
            shard.flush()

    def close(self) -> None:
        """Write out and close what is open."""
        with self._changing, self._told:
            for name in list(self._open):
                self._close(name)

    def _close(self, name: str) -> None:
        if name in self._open:
            self._open.pop(name).close()

    def _shard(self, collection: str) -> edge.EdgeShard:
        name = self._places.named(collection)
        if found := self._open.get(name):
            return found
        with self._changing:
            if name not in self._open:
                self._open[name] = edge.EdgeShard.load(str(self._places.folder(name)))
            return self._open[name]

    def _check_space(self) -> None:
        # The shard writes through memory maps: on a full disk the kernel would end the process instead of raising.
        free = shutil.disk_usage(self._folder).free
        if free < self._spare_bytes:
            raise VectorStoreUnavailable(
                f"Only {free >> 20} MB are free where {self._folder} lies, and {self._spare_bytes >> 20} MB are kept "
                "in reserve. Nothing was written: free some space and run it again."
            )


@dataclass(frozen=True)
class _Told:
    """Turns what the SDK raises into words, and what damaged or unwritable files do: the SDK raises bare Exception."""

    folder: Path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, refused: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is Exception or (kind and issubclass(kind, OSError | ValidationError)):
            raise VectorStoreUnavailable(
                f"The index in {self.folder} refused ({refused}). If it cannot be read any more, delete that folder "
                "and run `python -m ingest` again."
            ) from refused


def _create(place: Path, layout: Layout) -> None:
    config = edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)
            for name, dimension in layout.dense.items()
        }
        | {name: _part_params(dimension) for name, dimension in layout.parts.items()},
        sparse_vectors={name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf) for name in layout.sparse},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_NO_GRAPH),
    )
    edge.EdgeShard.create(str(place), config).close()


def _part_params(dimension: int) -> edge.EdgeVectorParams:
    return edge.EdgeVectorParams(
        size=dimension,
        distance=edge.Distance.Cosine,
        multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
        datatype=edge.VectorStorageDatatype.Float16,
    )


def _point(point: Point) -> edge.Point:
    vectors: dict[str, edge.NamedVector] = {name: list(v) for name, v in point.dense.items()}
    vectors |= {name: [list(part) for part in parts] for name, parts in point.parts.items()}
    for name, sparse in point.sparse.items():
        vectors[name] = edge.SparseVector(list(sparse.indices), list(sparse.values))
    return edge.Point(point.id, vectors, dict(point.payload))


def _read(record: edge.Record) -> Point:
    dense: dict[str, list[float]] = {}
    sparse: dict[str, Sparse] = {}
    parts: dict[str, list[list[float]]] = {}
    for name, vector in cast("Mapping[str, edge.NamedVector]", record.vector or {}).items():
        if isinstance(vector, edge.SparseVector):
            sparse[name] = Sparse(vector.indices, vector.values)
        elif isinstance(vector[0], list):
            parts[name] = vector
        else:
            dense[name] = vector
    return Point(str(record.id), dense, sparse, record.payload or {}, parts)


def _queries(search: Search) -> list[edge.Query]:
    queries: list[edge.Query] = [edge.Query.Nearest(list(v), using=name) for name, v in search.dense.items()]
    queries += [edge.Query.Nearest([list(vector)], using=name) for name, vector in search.parts.items()]
    for name, sparse in search.sparse.items():
        if not sparse.indices:
            continue
        vector = edge.SparseVector(list(sparse.indices), list(sparse.values))
        queries.append(edge.Query.Nearest(vector, using=name))
    return queries


def _request(search: Search, queries: list[edge.Query]) -> edge.QueryRequest:
    where = _filter(search.where)
    if len(queries) == 1:
        return edge.QueryRequest(limit=search.limit, query=queries[0], filter=where, with_payload=search.payload)
    depth = max(search.prefetch, search.limit)
    legs = [edge.Prefetch(limit=depth, query=query, filter=where) for query in queries]
    return edge.QueryRequest(limit=search.limit, prefetches=legs, query=_FUSION, with_payload=search.payload)


def _filter(where: Where) -> edge.Filter:
    must = _conditions(where.any_of)
    if where.ids is not None:
        must.append(edge.HasIdCondition({uuid.UUID(id) for id in where.ids}))
    return edge.Filter(must=must, must_not=_conditions(where.none_of))


def _conditions(wanted: Mapping[str, Sequence[str]]) -> list["edge.ConditionType"]:
    return [edge.FieldCondition(path_of(key), match=edge.MatchAny(list(values))) for key, values in wanted.items()]
