"""A cross-encoder that lives in a worker: what its folder says, and how pairs of texts become scores there."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from connectors.model_folder import identity, read_json
from connectors.rerank.port import RerankUnavailable
from connectors.worker import Worker

Pair: TypeAlias = tuple[str, str]
"""A question and a passage."""

Judge: TypeAlias = Callable[[list[Pair]], bytes]
"""Pairs to scores, as one run of little-endian float32."""

# Small, so that whoever gives up waits for little, and the time limit is that of little.
_BATCH = 4

# The token limit cuts a text long before this does, unless it is mostly blanks; this bounds the tokenizer's work.
_CHARACTERS_PER_TOKEN = 64


@dataclass(frozen=True)
class Folder:
    """A model on disk. ``identity`` changes with its weights, its tokenizer and the length limit."""

    path: Path
    identity: str
    max_tokens: int


def read_folder(path: Path, weights: str, most_tokens: int) -> Folder:
    """The folder's description; ``weights`` is a file name or pattern. Raises RerankUnavailable.

    The limit is ``most_tokens``, or less where the model reads less.
    """
    files = sorted(path.glob(weights))
    if not files:
        raise RerankUnavailable(
            f"There is no reranking model at {path / weights}. Run `python -m bot models pull`, or set the folder "
            "under [connectors.rerank] in nightshift.toml."
        )
    path = path.resolve()
    try:
        tokenizer, model = read_json(path / "tokenizer_config.json"), read_json(path / "config.json")
        limits = (most_tokens, tokenizer.get("model_max_length"), model.get("max_position_embeddings"))
        # Where nobody set a limit, the tokenizer's own is 1e30.
        max_tokens = int(min(cast("float", limit) for limit in limits if limit))
        return Folder(path, identity(path, files, [max_tokens]), max_tokens)
    except (OSError, ValueError, TypeError) as unreadable:
        raise RerankUnavailable(
            f"The reranking model in {path} cannot be read ({unreadable!r}). Run `python -m bot models verify`."
        ) from unreadable


class WorkerReranker:
    """Reranking by a worker, one call after the other in the order they came."""

    def __init__(self, folder: Folder, identity: str, languages: tuple[str, ...], worker: Worker) -> None:
        """The worker may not run yet: the first call starts it."""
        self.identity = identity
        self.languages = languages
        self.worker = worker
        self._folder = folder
        self._turn = asyncio.Lock()

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """See the port."""
        question = self._prepared(query)
        pairs = [(question, self._prepared(passage)) for passage in passages]
        scores: list[float] = []
        async with self._turn:
            for start in range(0, len(pairs), _BATCH):
                scores += memoryview(await self.worker.call(pairs[start : start + _BATCH])).cast("f")
        if len(scores) != len(pairs) or not all(map(math.isfinite, scores)):
            raise RerankUnavailable(
                f"The model in {self._folder.path} does not give one finite score per passage, so it is no reranker. "
                "Set another folder under [connectors.rerank] in nightshift.toml."
            )
        return scores

    def _prepared(self, text: str) -> str:
        # A lone surrogate has no UTF-8 form, and every tokenizer refuses it; "?" stands in its place.
        begin = text[: self._folder.max_tokens * _CHARACTERS_PER_TOKEN]
        return begin.encode("utf-8", "replace").decode()
