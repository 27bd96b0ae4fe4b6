"""Reranking by any local cross-encoder of sentence-transformers, on torch in a worker process."""

import functools
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.rerank.pairs import Judge, Pair, WorkerReranker, read_folder
from connectors.rerank.port import RerankUnavailable
from connectors.worker import Worker, serve

# Only this format: it holds numbers, where torch's older one runs what it unpickles.
_WEIGHTS = "*.safetensors"


class Settings(BaseModel):
    """Which model, and how much of the machine it may use."""

    folder: ModelPath
    """The model's folder, such as a copy of bge-reranker-v2-m3, with safetensors weights and tokenizer.json; a
    relative path lies in the folder of model files."""
    languages: tuple[str, ...] = ()
    """The languages it was trained on, such as `["en"]`; `[]`: any."""
    max_tokens: int = Field(default=512, ge=16)
    """Question and passage together; what is longer loses the passage's end. Time grows with it."""
    device: str = "cpu"
    """Where torch computes: cpu, cuda, cuda:1, mps."""
    threads: int = Field(default=1, ge=1)
    """Processor threads. More help only where cores are idle."""
    timeout_seconds: float = Field(default=30, gt=0)
    """How long four passages may take."""
    start_timeout_seconds: float = Field(default=180, gt=0)
    """How long loading the model may take."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[WorkerReranker]:
    """The reranker, its worker not yet started. Raises RerankUnavailable when there is no such model."""
    folder = read_folder(settings.folder, _WEIGHTS, settings.max_tokens)
    # The worker starts in another working folder, so it gets the path in full.
    argument = settings.model_copy(update={"folder": folder.path}).model_dump_json()
    limits = settings.start_timeout_seconds, settings.timeout_seconds
    worker = Worker(__name__, argument, *limits, "rerank", RerankUnavailable)
    async with aclosing(worker):
        yield WorkerReranker(folder, f"sbert:{folder.identity}", settings.languages, worker)


def load_model(settings: Settings) -> Judge:
    """The model as a function, in the worker. The library cuts the longer of a pair's texts, as ``onnx`` does."""
    import numpy as np
    import torch
    from sentence_transformers import CrossEncoder

    folder = read_folder(settings.folder, _WEIGHTS, settings.max_tokens)
    torch.set_num_threads(settings.threads)
    model = CrossEncoder(
        str(folder.path),
        device=settings.device,
        local_files_only=True,
        trust_remote_code=False,
        max_length=folder.max_tokens,
        # Logits keep apart what a sigmoid presses together at its ends.
        activation_fn=torch.nn.Identity(),
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )

    def scores(pairs: list[Pair]) -> bytes:
        return np.asarray(model.predict([tuple(pair) for pair in pairs], show_progress_bar=False), "<f4").tobytes()

    return scores


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
