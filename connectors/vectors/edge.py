"""Vectors in a folder of this machine, by Qdrant Edge; all processes of Nightshift can use it at the same time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, Field

from connectors.configuration import HomePath
from connectors.vectors import wire
from connectors.vectors.fitting import batches
from connectors.vectors.port import EVERYTHING, Hit, Layout, Point, Search, VectorStoreUnavailable, Where
from connectors.vectors.sharing import BrokenOff, Claim, Counter, NobodyThere, ask

if TYPE_CHECKING:
    from connectors.vectors.shards import Shards

_SETTLE_SECONDS = 3_600.0
_PAUSE_SECONDS = 0.05


class Settings(BaseModel):
    """Where the vectors lie."""

    folder: HomePath = Path("index")
    """The folder; a relative path lies in the folder that Nightshift writes to."""
    timeout_seconds: float = Field(default=60, gt=0)
    """How long a call may take when another process has the folder open."""
    spare_megabytes: int = Field(default=256, ge=0)
    """Nothing is written when less than this is free on the disk."""


class EdgeVectors:
    """The vector store in a folder. Whichever process comes first owns it; when that ends, another takes over."""

    def __init__(self, settings: Settings) -> None:
        """Raises VectorStoreUnavailable when the folder cannot be written."""
        self._folder = _Folder(settings)
        self._call = self._folder.call

    @property
    def owner(self) -> bool:
        """Whether this process has the folder open."""
        return self._folder.owner

    async def ensure(self, collection: str, layout: Layout) -> None:
        """See the port."""
        await self._call("ensure", collection, layout)

    async def collections(self) -> tuple[str, ...]:
        """See the port."""
        return cast("tuple[str, ...]", await self._call("collections"))

    async def layout(self, collection: str) -> Layout:
        """See the port."""
        return cast("Layout", await self._call("layout", collection))

    async def drop(self, collection: str) -> None:
        """See the port."""
        await self._call("drop", collection)

    async def point_alias(self, alias: str, collection: str) -> None:
        """See the port."""
        await self._call("point_alias", alias, collection)

    async def drop_alias(self, alias: str) -> None:
        """See the port."""
        await self._call("drop_alias", alias)

    async def aliases(self) -> Mapping[str, str]:
        """See the port."""
        return cast("Mapping[str, str]", await self._call("aliases"))

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        """See the port."""
        for batch in batches(points):
            await self._call("upsert", collection, batch)

    async def delete(self, collection: str, where: Where) -> None:
        """See the port."""
        await self._call("delete", collection, where)

    async def search(self, collection: str, search: Search) -> list[Hit]:
        """See the port."""
        return cast("list[Hit]", await self._call("search", collection, search))

    async def fetch(self, collection: str, where: Where, limit: int = 10_000) -> list[Hit]:
        """See the port."""
        return cast("list[Hit]", await self._call("fetch", collection, where, limit))

    async def export(self, collection: str, where: Where = EVERYTHING, batch: int = 256) -> AsyncIterator[list[Point]]:
        """See the port."""
        name, start = (await self.aliases()).get(collection, collection), ""
        while True:
            points, start = cast("tuple[list[Point], str]", await self._call("page", name, where, start, batch))
            if points:
                yield points
            if not start:
                return

    async def count(self, collection: str, where: Where) -> int:
        """See the port."""
        return cast("int", await self._call("count", collection, where))

    async def settle(self, collection: str) -> None:
        """See the port."""
        await self._call("settle", collection)

    async def aclose(self) -> None:
        """Finish what others have asked for, close the folder and leave it to them."""
        await self._folder.aclose()


class _Folder:
    """Makes each call where the folder is open: in this process, or in the one that came first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changing = asyncio.Lock()
        self._shards: Shards | None = None
        self._counter: Counter | None = None
        self._closed = False
        try:
            self._claim = Claim(settings.folder)
        except OSError as refused:
            raise _unwritable(settings.folder, refused) from refused

    @property
    def owner(self) -> bool:
        return self._shards is not None

    async def aclose(self) -> None:
        async with self._changing:
            if not self._closed:
                self._closed = True
                await asyncio.to_thread(self._give_up)

    async def call(self, call: wire.Call, *arguments: object) -> object:
        try:
            async with asyncio.timeout(_SETTLE_SECONDS if call == "settle" else self._settings.timeout_seconds):
                reply = await self._asked(call, arguments)
        except (TimeoutError, BrokenOff):
            raise VectorStoreUnavailable(
                f"Process {self._claim.owner()[0]} has {self._settings.folder} open and does not answer. "
                "Wait for it to finish its work, or stop it, and try again."
            ) from None
        if reply is None and self._shards:
            return await asyncio.to_thread(getattr(self._shards, call), *arguments)
        return wire.read_reply(call, reply or b"")

    async def _asked(self, call: wire.Call, arguments: tuple[object, ...]) -> bytes | None:
        """The owner's reply; None when that is us."""
        lost: set[int] = set()
        while not await self._owns():
            process, address = self._claim.owner()
            try:
                return await ask(address, wire.request(call, arguments))
            except NobodyThere:
                # The owner has only just come, or is about to go.
                pass
            except BrokenOff:
                # Every call can be repeated without harm, so one that ended with its owner is asked of the next one;
                # not of a third, lest a call that kills its owner goes through all processes.
                lost.add(process)
                if len(lost) > 1:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    async def _owns(self) -> bool:
        async with self._changing:
            if self._closed:
                raise VectorStoreUnavailable("Nightshift is shutting down; ask again when it is back.")
            if self._shards is None and self._claim.take():
                await asyncio.to_thread(self._open)
            return self._shards is not None

    def _open(self) -> None:
        from connectors.vectors.shards import Shards

        shards = Shards(self._settings.folder, self._settings.spare_megabytes << 20)

        def answer(body: bytes) -> bytes:
            try:
                call, arguments = wire.read_request(body)
                return wire.reply(call, getattr(shards, call)(*arguments))
            except VectorStoreUnavailable as refused:
                return wire.refusal(refused)

        try:
            self._counter = self._claim.listen(answer)
        except OSError as refused:
            raise _unwritable(self._settings.folder, refused) from refused
        self._shards = shards

    def _give_up(self) -> None:
        if self._counter and self._shards:
            self._counter.close()
            self._shards.close()
        self._claim.release()


def _unwritable(folder: Path, refused: OSError) -> VectorStoreUnavailable:
    return VectorStoreUnavailable(
        f"The index folder {folder} cannot be used ({refused}). Make it writable, or set folder under "
        "[connectors.vectors.edge] in nightshift.toml."
    )


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[EdgeVectors]:
    """The store; the folder is opened with the first call. Raises VectorStoreUnavailable."""
    async with aclosing(EdgeVectors(settings)) as vectors:
        yield vectors
