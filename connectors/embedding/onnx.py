"""Embeddings by an ONNX export of a sentence-transformers folder, on onnxruntime in a worker process."""

import functools
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.embedding.folder import read_folder
from connectors.embedding.pooling import pooled
from connectors.embedding.port import EmbeddingUnavailable
from connectors.embedding.turns import Encode, Task, WorkerEmbedding
from connectors.worker import Worker, serve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Settings(BaseModel):
    """Which model, and how much of the machine it may use."""

    folder: ModelPath = Path("multilingual-e5-small")
    """The model's folder; a relative path lies in the folder of model files."""
    file: str = "model_int8.onnx"
    """The ONNX file in it. The full-precision model.onnx is slower and four times as large."""
    threads: int = Field(default=2, ge=1)
    """Processor threads. Where a core is idle, a second one speeds long passages up by half; queries gain nothing."""
    remembered_queries: int = Field(default=512, ge=0)
    """How many recent queries keep their vectors: who asks again, or refines, does not wait for the model."""
    timeout_seconds: float = Field(default=60, gt=0)
    """How long one batch of four texts may take."""
    start_timeout_seconds: float = Field(default=120, gt=0)
    """How long loading the model may take."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[WorkerEmbedding]:
    """The embedding, its worker not yet started. Raises EmbeddingUnavailable when there is no such model."""
    folder = read_folder(settings.folder, settings.file)
    # The worker starts in another working folder, so it gets the path in full.
    argument = settings.model_copy(update={"folder": folder.path}).model_dump_json()
    limits = settings.start_timeout_seconds, settings.timeout_seconds
    worker = Worker(__name__, argument, *limits, "embedding", EmbeddingUnavailable)
    async with aclosing(worker):
        yield WorkerEmbedding(folder, f"onnx:{folder.identity}", worker, settings.remembered_queries)


def load_model(settings: Settings) -> Encode:
    """The model as a function, in the worker.

    Texts are run one by one: an int8 model scales its activations by the largest in the batch, so that a text's vector
    would change with its neighbours (ONNX DynamicQuantizeLinear), and on a CPU padding costs more than batching saves.
    """
    import numpy as np
    import onnxruntime  # type: ignore[import-untyped]  # it ships no types
    from tokenizers import Tokenizer

    folder = read_folder(settings.folder, settings.file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(settings.folder / settings.file, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    tokenizer.enable_truncation(folder.max_tokens)
    inputs = {one.name for one in session.get_inputs()}

    def vectors(task: Task) -> "NDArray[np.float32]":
        text, parts = task
        encoding = tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (states,) = session.run(None, {name: feeds[name] for name in inputs})[:1]
        whole = states[0, 0] if folder.pooling == "cls" else states[0].mean(axis=0)
        return pooled(states[0], whole, encoding.offsets if folder.pooling == "mean" else [], parts)

    return lambda tasks: b"".join(vectors(task).tobytes() for task in tasks)


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
