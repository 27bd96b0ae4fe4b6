"""Embeddings by any local sentence-transformers folder, on torch in a worker process."""

import functools
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.embedding.folder import read_folder
from connectors.embedding.turns import WorkerEmbedding
from connectors.embedding.worker import Encode, Worker, serve

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
    worker = Worker(__name__, argument, settings.start_timeout_seconds, settings.timeout_seconds)
    async with aclosing(worker):
        yield WorkerEmbedding(folder, f"sbert:{folder.identity}", worker)


def load_model(settings: Settings) -> Encode:
    """The model as a function, in the worker; the prefixes are already in its texts."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(settings.threads)
    model = SentenceTransformer(
        str(settings.folder),
        device=settings.device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )

    def encode(texts: list[str]) -> bytes:
        vectors = model.encode(texts, prompt="", normalize_embeddings=True, show_progress_bar=False)
        return bytes(vectors.astype("<f4").tobytes())

    return encode


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
