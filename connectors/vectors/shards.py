"""Collections as Qdrant Edge shards, one folder each, for the one process that has them open."""

import re
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

import qdrant_edge as edge
from pydantic import TypeAdapter, ValidationError

from connectors.vectors.keys import path_of
from connectors.vectors.port import Hit, Layout, Point, Search, VectorStoreUnavailable, Where

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,127}")
_LAYOUT = TypeAdapter(Layout)
_LAYOUT_FILE = "layout.json"
_UNFINISHED = ".unfinished-"
_PAGE = 1_000

# Kilobytes of vectors from which ``optimize`` builds an HNSW graph: never. It holds the interpreter's lock while it
# builds, 11 s for 20,000 points, in which the whole process stands still; exact search over them takes 2 ms, and
# over 80,000 6 ms. Whoever has millions runs a server.
_NO_GRAPH = 1 << 31

# The stub file writes the variants as nested classes; in truth they are subclasses.
_FUSION = cast("edge.Fusion", edge.Fusion.Dbsf())


class Shards:
    """All collections below one folder. Every call blocks, and may come from any thread.

    A collection appears and disappears by renaming its folder, so that a crash leaves all of it or nothing.
    """

    def __init__(self, folder: Path, spare_bytes: int) -> None:
        """Nothing is opened yet; what a crash left half made is removed. Writes stop short of ``spare_bytes``."""
        self._folder = folder
        self._spare_bytes = spare_bytes
        self._open: dict[str, tuple[Layout, edge.EdgeShard]] = {}
        self._opening = threading.RLock()
        for leftover in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def ensure(self, collection: str, layout: Layout) -> None:
        """See the port."""
        with self._opening, self._told():
            place = self._place(collection)
            if not (place / _LAYOUT_FILE).exists():
                self._create(place, layout)
            existing, shard = self._shard(collection)
            if (existing.dense, existing.sparse) != (layout.dense, layout.sparse):
                raise VectorStoreUnavailable(
                    f"Collection {collection!r} was made for other vectors; drop it and run `python -m ingest` again."
                )
            for key in {path_of(key) for key in layout.keywords} - set(shard.info().payload_schema):
                shard.update(edge.UpdateOperation.create_field_index(key, edge.PayloadSchemaType.Keyword))

    def collections(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(file.parent.name for file in self._folder.glob(f"[!.]*/{_LAYOUT_FILE}")))

    def drop(self, collection: str) -> None:
        """See the port."""
        with self._opening, self._told():
            place = self._place(collection)
            if collection in self._open:
                self._open.pop(collection)[1].close()
            if place.exists():
                shutil.rmtree(self._aside(place))

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        self._check_space()
        with self._told():
            self._shard(collection)[1].update(edge.UpdateOperation.upsert_points([_point(point) for point in points]))

    def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        self._check_space()
        with self._told():
            self._shard(collection)[1].update(edge.UpdateOperation.delete_points_by_filter(_filter(where)))

    def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        with self._told():
            shard = self._shard(collection)[1]
            queries = _queries(search)
            found = shard.query(_request(search, queries)) if queries else []
            return [Hit(str(one.id), one.score, one.payload or {}) for one in found]

    def fetch(self, collection: str, where: Where, limit: int) -> list[Hit]:
        """See the port."""
        hits: list[Hit] = []
        offset: edge.PointId | None = None
        with self._told():
            shard = self._shard(collection)[1]
            while len(hits) < limit and (offset or not hits):
                page = min(_PAGE, limit - len(hits))
                records, offset = shard.scroll(
                    edge.ScrollRequest(offset=offset, limit=page, filter=_filter(where), with_payload=True)
                )
                hits += [Hit(str(record.id), 0.0, record.payload or {}) for record in records]
                if not records:
                    break
        return hits

    def count(self, collection: str, where: Where) -> int:
        """See the port."""
        with self._told():
            return self._shard(collection)[1].count(edge.CountRequest(exact=True, filter=_filter(where)))

    def settle(self, collection: str) -> None:
        """See the port: write out, and give back what deleted points took once they are a fifth of all."""
        self._check_space()
        with self._told():
            shard = self._shard(collection)[1]
            shard.optimize()
            shard.flush()

    def close(self) -> None:
        """Write out and close what is open."""
        with self._opening, self._told():
            while self._open:
                self._open.popitem()[1][1].close()

    def _shard(self, collection: str) -> tuple[Layout, edge.EdgeShard]:
        if found := self._open.get(collection):
            return found
        with self._opening:
            place = self._place(collection)
            if not (place / _LAYOUT_FILE).exists():
                raise VectorStoreUnavailable(f"There is no collection {collection!r}; run `python -m ingest` first.")
            if collection not in self._open:
                layout = _LAYOUT.validate_json((place / _LAYOUT_FILE).read_bytes())
                self._open[collection] = (layout, edge.EdgeShard.load(str(place)))
            return self._open[collection]

    def _create(self, place: Path, layout: Layout) -> None:
        self._check_space()
        if place.exists():
            shutil.rmtree(self._aside(place))
        making = place.with_name(f"{_UNFINISHED}{place.name}")
        shutil.rmtree(making, ignore_errors=True)
        edge.EdgeShard.create(str(making), _config(layout)).close()
        (making / _LAYOUT_FILE).write_bytes(_LAYOUT.dump_json(layout))
        making.rename(place)

    def _aside(self, place: Path) -> Path:
        return place.rename(place.with_name(f"{_UNFINISHED}{place.name}"))

    def _place(self, collection: str) -> Path:
        if not _NAME.fullmatch(collection):
            raise VectorStoreUnavailable(f"{collection!r} cannot name a collection: use letters, digits and any of _-.")
        return self._folder / collection

    def _check_space(self) -> None:
        # The shard writes through memory maps: on a full disk the kernel would end the process instead of raising.
        free = shutil.disk_usage(self._folder).free
        if free < self._spare_bytes:
            raise VectorStoreUnavailable(
                f"Only {free >> 20} MB are free where {self._folder} lies, and {self._spare_bytes >> 20} MB are kept "
                "in reserve. Nothing was written: free some space and run it again."
            )

    def _told(self) -> "_Told":
        return _Told(self._folder)


@dataclass(frozen=True)
class _Told:
    """Turns what the SDK raises into words, and what a damaged layout file does: the SDK raises bare Exception."""

    folder: Path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, refused: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is Exception or kind is ValidationError:
            raise VectorStoreUnavailable(
                f"The index in {self.folder} refused ({refused}). If it cannot be read any more, delete that folder "
                "and run `python -m ingest` again."
            ) from refused


def _config(layout: Layout) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)
            for name, dimension in layout.dense.items()
        },
        sparse_vectors={name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf) for name in layout.sparse},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_NO_GRAPH),
    )


def _point(point: Point) -> edge.Point:
    vectors: dict[str, edge.NamedVector] = {name: list(v) for name, v in point.dense.items()}
    for name, sparse in point.sparse.items():
        vectors[name] = edge.SparseVector(list(sparse.indices), list(sparse.values))
    return edge.Point(point.id, vectors, dict(point.payload))


def _queries(search: Search) -> list[edge.Query]:
    queries: list[edge.Query] = [edge.Query.Nearest(list(v), using=name) for name, v in search.dense.items()]
    for name, sparse in search.sparse.items():
        if not sparse.indices:
            continue
        vector = edge.SparseVector(list(sparse.indices), list(sparse.values))
        queries.append(edge.Query.Nearest(vector, using=name))
    return queries


def _request(search: Search, queries: list[edge.Query]) -> edge.QueryRequest:
    where = _filter(search.where)
    if len(queries) == 1:
        return edge.QueryRequest(limit=search.limit, query=queries[0], filter=where, with_payload=True)
    depth = max(search.prefetch, search.limit)
    legs = [edge.Prefetch(limit=depth, query=query, filter=where) for query in queries]
    return edge.QueryRequest(limit=search.limit, prefetches=legs, query=_FUSION, with_payload=True)


def _filter(where: Where) -> edge.Filter:
    return edge.Filter(must=_conditions(where.any_of), must_not=_conditions(where.none_of))


def _conditions(wanted: Mapping[str, Sequence[str]]) -> list["edge.ConditionType"]:
    return [edge.FieldCondition(path_of(key), match=edge.MatchAny(list(values))) for key, values in wanted.items()]
