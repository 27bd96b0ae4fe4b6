"""Embeddings by any local sentence-transformers folder, on torch in a worker process."""

import functools
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import cast

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.embedding.folder import read_folder
from connectors.embedding.pooling import pooled
from connectors.embedding.port import EmbeddingUnavailable
from connectors.embedding.turns import Encode, Task, WorkerEmbedding
from connectors.worker import Worker, serve

# Only this format: it holds numbers, where torch's older one runs what it unpickles.
_WEIGHTS = "*.safetensors"


class Settings(BaseModel):
    """Which model, and how much of the machine it may use."""

    folder: ModelPath = Path("multilingual-e5-small")
    """The model's folder, with safetensors weights; a relative path lies in the folder of model files."""
    device: str = "cpu"
    """Where torch computes: cpu, cuda, cuda:1, mps."""
    threads: int = Field(default=1, ge=1)
    """Processor threads. More help only where cores are idle."""
    remembered_queries: int = Field(default=512, ge=0)
    """How many recent queries keep their vectors: who asks again, or refines, does not wait for the model."""
    timeout_seconds: float = Field(default=60, gt=0)
    """How long one batch of four texts may take."""
    start_timeout_seconds: float = Field(default=180, gt=0)
    """How long loading the model may take."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[WorkerEmbedding]:
    """The embedding, its worker not yet started. Raises EmbeddingUnavailable when there is no such model."""
    folder = read_folder(settings.folder, _WEIGHTS)
    # The worker starts in another working folder, so it gets the path in full.
    argument = settings.model_copy(update={"folder": folder.path}).model_dump_json()
    limits = settings.start_timeout_seconds, settings.timeout_seconds
    worker = Worker(__name__, argument, *limits, "embedding", EmbeddingUnavailable)
    async with aclosing(worker):
        yield WorkerEmbedding(folder, f"sbert:{folder.identity}", worker, settings.remembered_queries)


def load_model(settings: Settings) -> Encode:
    """The model as a function, in the worker; the prefixes are already in its texts."""
    import torch
    from sentence_transformers import SentenceTransformer

    folder = read_folder(settings.folder, _WEIGHTS)
    torch.set_num_threads(settings.threads)
    model = SentenceTransformer(
        str(settings.folder),
        device=settings.device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )

    def encode(tasks: list[Task]) -> bytes:
        texts = [text for text, _ in tasks]
        # All outputs of a text come as one mapping, which the annotation does not know.
        found = cast(
            "list[dict[str, torch.Tensor]]",
            model.encode(texts, prompt="", output_value=None, convert_to_numpy=False, show_progress_bar=False),
        )
        read = model.tokenizer(texts, truncation=True, max_length=model.max_seq_length, return_offsets_mapping=True)
        offsets = read["offset_mapping"] if folder.pooling == "mean" else [()] * len(tasks)
        return b"".join(
            pooled(
                one["token_embeddings"].cpu().numpy(), one["sentence_embedding"].cpu().numpy(), where, parts
            ).tobytes()
            for one, where, (_, parts) in zip(found, offsets, tasks, strict=True)
        )

    return encode


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
