"""Vectors on a Qdrant server, reached by its URL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

import stamina
from pydantic import BaseModel, Field, SecretStr, model_validator

from connectors.vectors import server_terms
from connectors.vectors.fitting import batches, check_same
from connectors.vectors.names import check_alias, check_unnamed, path_of
from connectors.vectors.port import EVERYTHING, Hit, Layout, Point, Search, VectorStoreUnavailable, Where

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient, models

P = ParamSpec("P")
T = TypeVar("T")

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

        name = await self._named(collection)
        if not await self._tried(self._client.collection_exists, name):
            await self._tried(_create, self._client, name, layout)
        check_same(collection, await self.layout(name), layout)
        for key in layout.keywords:
            await self._tried(self._client.create_payload_index, name, path_of(key), PayloadSchemaType.KEYWORD)

    async def collections(self) -> tuple[str, ...]:
        """See the port."""
        found = await self._tried(self._client.get_collections)
        return tuple(sorted(one.name for one in found.collections))

    async def layout(self, collection: str) -> Layout:
        """See the port."""
        return server_terms.layout(await self._tried(self._client.get_collection, collection))

    async def drop(self, collection: str) -> None:
        """See the port."""
        # The server itself would delete the collection and its aliases with it.
        aliases = await self.aliases()
        name = aliases.get(collection, collection)
        check_unnamed(name, aliases)
        await self._tried(self._client.delete_collection, name)

    async def point_alias(self, alias: str, collection: str) -> None:
        """See the port. Both actions are one change: https://api.qdrant.tech/api-reference/aliases/update-aliases."""
        check_alias(alias, await self.collections())
        name = await self._named(collection)
        change: list[models.AliasOperations] = [server_terms.drop_alias(alias), server_terms.create_alias(alias, name)]
        await self._tried(self._client.update_collection_aliases, change)

    async def drop_alias(self, alias: str) -> None:
        """See the port."""
        await self._tried(self._client.update_collection_aliases, [server_terms.drop_alias(alias)])

    async def aliases(self) -> Mapping[str, str]:
        """See the port."""
        found = await self._tried(self._client.get_aliases)
        return {one.alias_name: one.collection_name for one in found.aliases}

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        for batch in batches(points):
            structs = [server_terms.point(point) for point in batch]
            await self._tried(self._client.upsert, collection, structs, wait=True)

    async def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        await self._tried(self._client.delete, collection, server_terms.condition(where), wait=True)

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        legs = server_terms.legs(search)
        if not legs:
            return []
        query = partial(self._client.query_points, limit=search.limit, with_payload=search.payload)
        if len(legs) == 1:
            query = partial(query, query=legs[0].query, using=legs[0].using, query_filter=legs[0].filter)
        else:
            query = partial(query, prefetch=legs, query=server_terms.fusion())
        found = await self._tried(query, collection)
        return [Hit(str(one.id), one.score, one.payload or {}) for one in found.points]

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """See the port."""
        hits: list[Hit] = []
        offset: models.ExtendedPointId | None = None
        while len(hits) < limit:
            page = min(_PAGE, limit - len(hits))
            records, offset = await self._tried(
                self._client.scroll, collection, server_terms.condition(where), page, offset=offset
            )
            hits += [Hit(str(record.id), 0.0, record.payload or {}) for record in records]
            if offset is None:
                break
        return hits

    async def export(self, collection: str, where: Where = EVERYTHING, batch: int = 256) -> AsyncIterator[list[Point]]:
        """See the port."""
        name = await self._named(collection)
        scroll = partial(self._client.scroll, name, server_terms.condition(where), batch, with_vectors=True)
        offset: models.ExtendedPointId | None = None
        while True:
            records, offset = await self._tried(scroll, offset=offset)
            if records:
                yield [server_terms.read(record) for record in records]
            if offset is None:
                return

    async def count(self, collection: str, where: Where) -> int:
        """See the port."""
        return (await self._tried(self._client.count, collection, server_terms.condition(where), exact=True)).count

    async def settle(self, collection: str) -> None:
        """See the port; a server does this by itself."""
        await self._tried(self._client.get_collection, collection)

    async def _named(self, name: str) -> str:
        return (await self.aliases()).get(name, name)

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


async def _create(client: "AsyncQdrantClient", collection: str, layout: Layout) -> None:
    from qdrant_client.http.exceptions import UnexpectedResponse

    try:
        await client.create_collection(
            collection,
            vectors_config=server_terms.vector_params(layout),
            sparse_vectors_config=server_terms.sparse_params(layout),
        )
    except UnexpectedResponse as refused:
        # Another process was faster.
        if refused.status_code != _CONFLICT:
            raise


def _passing(failure: Exception) -> bool:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    status = failure.status_code if isinstance(failure, UnexpectedResponse) else None
    return isinstance(failure, ResponseHandlingException) or (
        status is not None and (status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS)
    )


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
