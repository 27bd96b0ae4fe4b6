"""Vectors on a Qdrant server, reached by its URL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

import stamina
from pydantic import BaseModel, Field, SecretStr, model_validator

from connectors.vectors.keys import path_of
from connectors.vectors.port import Hit, Layout, Point, Search, VectorStoreUnavailable, Where

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient, models

P = ParamSpec("P")
T = TypeVar("T")

_POINTS_PER_CALL = 256
_PAGE = 1_000
_ATTEMPTS = 3
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_CONFLICT = 409


class Settings(BaseModel):
    """Where the server is. Exactly one of ``url`` and ``location`` is set."""

    url: str = ""
    """The server's address, such as http://qdrant:6333."""
    location: str = ""
    """":memory:" for the client's own store without a server: exact, slow, gone with the process."""
    api_key: SecretStr | None = None
    """Sent with every request; only over https, where others could listen."""
    timeout_seconds: int = Field(default=30, ge=1)
    """How long one request may take."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.url) == bool(self.location):
            raise ValueError("set url to the Qdrant server's address, such as http://qdrant:6333")
        return self


class ServerVectors:
    """The vector store on a server. What fails for a passing reason is tried three times; any call can be repeated."""

    def __init__(self, client: "AsyncQdrantClient", place: str) -> None:
        """``place`` names the server in messages."""
        self._client = client
        self._place = place

    async def ensure(self, collection: str, layout: Layout) -> None:
        """See the port."""
        from qdrant_client.models import PayloadSchemaType

        if not await self._tried(self._client.collection_exists, collection):
            await self._tried(self._create, collection, layout)
        found = (await self._tried(self._client.get_collection, collection)).config.params
        dense = found.vectors if isinstance(found.vectors, dict) else {}
        existing = ({name: one.size for name, one in dense.items()}, set(found.sparse_vectors or {}))
        if existing != (dict(layout.dense), set(layout.sparse)):
            raise VectorStoreUnavailable(
                f"Collection {collection!r} was made for other vectors; drop it and run `python -m ingest` again."
            )
        for key in layout.keywords:
            await self._tried(self._client.create_payload_index, collection, path_of(key), PayloadSchemaType.KEYWORD)

    async def collections(self) -> tuple[str, ...]:
        """See the port."""
        found = await self._tried(self._client.get_collections)
        return tuple(sorted(one.name for one in found.collections))

    async def drop(self, collection: str) -> None:
        """See the port."""
        await self._tried(self._client.delete_collection, collection)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        for start in range(0, len(points), _POINTS_PER_CALL):
            batch = [_point(point) for point in points[start : start + _POINTS_PER_CALL]]
            await self._tried(self._client.upsert, collection, batch, wait=True)

    async def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        await self._tried(self._client.delete, collection, _filter(where), wait=True)

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        from qdrant_client import models

        legs = _legs(search)
        if not legs:
            return []
        query = partial(self._client.query_points, limit=search.limit)
        if len(legs) == 1:
            alone = legs[0]
            query = partial(query, query=alone.query, using=alone.using, query_filter=_filter(search.where))
        else:
            query = partial(query, prefetch=legs, query=models.FusionQuery(fusion=models.Fusion.DBSF))
        found = await self._tried(query, collection)
        return [Hit(str(one.id), one.score, one.payload or {}) for one in found.points]

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """See the port."""
        hits: list[Hit] = []
        offset: models.ExtendedPointId | None = None
        while len(hits) < limit:
            page = min(_PAGE, limit - len(hits))
            records, offset = await self._tried(self._client.scroll, collection, _filter(where), page, offset=offset)
            hits += [Hit(str(record.id), 0.0, record.payload or {}) for record in records]
            if offset is None:
                break
        return hits

    async def count(self, collection: str, where: Where) -> int:
        """See the port."""
        return (await self._tried(self._client.count, collection, _filter(where), exact=True)).count

    async def settle(self, collection: str) -> None:
        """See the port; a server does this by itself."""
        await self._tried(self._client.get_collection, collection)

    async def _create(self, collection: str, layout: Layout) -> None:
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        try:
            await self._client.create_collection(
                collection,
                vectors_config={
                    name: models.VectorParams(size=dimension, distance=models.Distance.COSINE)
                    for name, dimension in layout.dense.items()
                },
                sparse_vectors_config={
                    name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in layout.sparse
                },
            )
        except UnexpectedResponse as refused:
            # Another process was faster.
            if refused.status_code != _CONFLICT:
                raise

    async def _tried(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

        try:
            async for attempt in stamina.retry_context(on=_passing, attempts=_ATTEMPTS, wait_initial=0.2, timeout=None):
                with attempt:
                    return await call(*args, **kwargs)
        except ResponseHandlingException as unreachable:
            raise VectorStoreUnavailable(
                f"The Qdrant server at {self._place} does not answer ({unreachable}). Start it, or correct url under "
                "[connectors.vectors.server] in nightshift.toml."
            ) from unreachable
        except (ApiException, ValueError) as refused:
            raise VectorStoreUnavailable(f"The Qdrant server at {self._place} refused: {refused}") from refused
        raise AssertionError("a retry either returns or raises")


def _passing(failure: Exception) -> bool:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    status = failure.status_code if isinstance(failure, UnexpectedResponse) else None
    return isinstance(failure, ResponseHandlingException) or (
        status is not None and (status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS)
    )


def _point(point: Point) -> "models.PointStruct":
    from qdrant_client import models

    vectors: dict[str, list[float] | models.SparseVector] = {name: list(v) for name, v in point.dense.items()}
    for name, sparse in point.sparse.items():
        vectors[name] = models.SparseVector(indices=list(sparse.indices), values=list(sparse.values))
    return models.PointStruct(id=point.id, vector=vectors, payload=dict(point.payload))


def _legs(search: Search) -> list["models.Prefetch"]:
    from qdrant_client import models

    depth, where = max(search.prefetch, search.limit), _filter(search.where)
    legs = [models.Prefetch(query=list(v), using=name, filter=where, limit=depth) for name, v in search.dense.items()]
    for name, sparse in search.sparse.items():
        if sparse.indices:
            vector = models.SparseVector(indices=list(sparse.indices), values=list(sparse.values))
            legs.append(models.Prefetch(query=vector, using=name, filter=where, limit=depth))
    return legs


def _filter(where: Where) -> "models.Filter":
    from qdrant_client import models

    return models.Filter(must=_conditions(where.any_of), must_not=_conditions(where.none_of))


def _conditions(wanted: Mapping[str, Sequence[str]]) -> list["models.Condition"]:
    from qdrant_client import models

    return [
        models.FieldCondition(key=path_of(key), match=models.MatchAny(any=list(values)))
        for key, values in wanted.items()
    ]


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[ServerVectors]:
    """The store; nothing is asked of the server before the first call."""
    from qdrant_client import AsyncQdrantClient

    if settings.location:
        client = AsyncQdrantClient(location=settings.location)
    else:
        key = settings.api_key.get_secret_value() if settings.api_key else None
        client = AsyncQdrantClient(
            url=settings.url, api_key=key, timeout=settings.timeout_seconds, check_compatibility=False
        )
    try:
        yield ServerVectors(client, settings.url or settings.location)
    finally:
        await client.close()
