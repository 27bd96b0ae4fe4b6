"""An embedding whose model lives in a worker: who goes next there, and what need not be asked again."""

import asyncio
import contextlib
import heapq
import itertools
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TypeAlias

from connectors.embedding.folder import Folder
from connectors.embedding.port import EmbeddingUnavailable, Parted, Role, Span, Vector
from connectors.worker import Worker

Task: TypeAlias = tuple[str, Sequence[Span]]
"""A text, and the parts of it that want a vector of their own."""

Encode: TypeAlias = Callable[[list[Task]], bytes]
"""Tasks to vectors, each text's own before those of its parts, as one run of little-endian float32."""

# Small, because a query waits for the batch under way: four passages are at most a quarter of a second.
_BATCH = 4

# The token limit cuts a text long before this does, unless it is mostly blanks; this bounds the tokenizer's work.
_CHARACTERS_PER_TOKEN = 64


class Turns:
    """One at a time; the urgent go first, and equals in the order they came."""

    def __init__(self) -> None:
        """Nobody is at it, nobody waits."""
        self._busy = False
        self._order = itertools.count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def take(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for the turn and hold it; a cancelled wait loses no one else's turn."""
        if self._busy:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (not urgent, next(self._order), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    self._pass_on()
                raise
        self._busy = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False


class WorkerEmbedding:
    """Embedding by a worker. Queries overtake passages between batches, and recent queries are remembered."""

    def __init__(self, folder: Folder, identity: str, worker: Worker, remembered: int) -> None:
        """The worker may not run yet: the first call starts it. ``remembered`` queries keep their vectors."""
        self._most_remembered = remembered
        self.identity = identity
        self.dimension = folder.dimension
        self.worker = worker
        self._folder = folder
        self._turns = Turns()
        self._remembered: OrderedDict[str, Vector] = OrderedDict()

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        """See the port. A text that occurs twice is computed once; nothing but its beginning is read of a long one."""
        wanted = [self._prepared(text, role) for text in texts]
        found = {text: self._remembered[text] for text in wanted if role == "query" and text in self._remembered}
        missing = {text: (text, ()) for text in wanted if text not in found}
        made = await self._made(list(missing.values()), urgent=role == "query")
        found |= {text: vectors[0] for text, vectors in zip(missing, made, strict=True)}
        if role == "query":
            self._remember(found)
        return [found[text] for text in wanted]

    async def embed_parts(self, passages: Sequence[str], parts: Sequence[Sequence[Span]]) -> list[Parted]:
        """See the port."""
        ahead = len(self._folder.prefixes["passage"])
        tasks = [
            (self._prepared(text, "passage"), tuple((start + ahead, end + ahead) for start, end in spans))
            for text, spans in zip(passages, parts, strict=True)
        ]
        return [Parted(vectors[0], tuple(vectors[1:])) for vectors in await self._made(tasks, urgent=False)]

    async def _made(self, tasks: Sequence[Task], *, urgent: bool) -> list[list[Vector]]:
        made: dict[int, list[Vector]] = {}
        # Texts of like length share a batch, where a library pads a batch to its longest.
        order = sorted(range(len(tasks)), key=lambda index: len(tasks[index][0]))
        for batch in _batches(order):
            async with self._turns.take(urgent=urgent):
                vectors = await self._vectors([tasks[index] for index in batch])
            made.update(zip(batch, vectors, strict=True))
        return [made[index] for index in range(len(tasks))]

    def _prepared(self, text: str, role: Role) -> str:
        # A lone surrogate has no UTF-8 form, and every tokenizer refuses it; "?" stands in its place.
        begin = text[: self._folder.max_tokens * _CHARACTERS_PER_TOKEN]
        return self._folder.prefixes[role] + begin.encode("utf-8", "replace").decode()

    async def _vectors(self, batch: Sequence[Task]) -> list[list[Vector]]:
        numbers = memoryview(await self.worker.call(batch)).cast("f")
        counts = [1 + len(parts) for _, parts in batch]
        if len(numbers) != sum(counts) * self.dimension:
            raise EmbeddingUnavailable(
                f"The model in {self._folder.path} gives vectors of {len(numbers) // sum(counts)} numbers, but its "
                f"config.json says {self.dimension}. Run `python -m bot models verify`."
            )
        vectors = (tuple(numbers[at : at + self.dimension]) for at in range(0, len(numbers), self.dimension))
        return [list(itertools.islice(vectors, count)) for count in counts]

    def _remember(self, vectors: dict[str, Vector]) -> None:
        for text, vector in vectors.items():
            self._remembered[text] = vector
            self._remembered.move_to_end(text)
        while len(self._remembered) > self._most_remembered:
            self._remembered.popitem(last=False)


def _batches(order: Sequence[int]) -> Iterator[Sequence[int]]:
    return (order[start : start + _BATCH] for start in range(0, len(order), _BATCH))
