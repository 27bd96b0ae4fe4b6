"""Reranking by an ONNX export of a cross-encoder, on onnxruntime in a worker process."""

import functools
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from connectors.configuration import ModelPath
from connectors.rerank.pairs import Judge, Pair, WorkerReranker, read_folder
from connectors.rerank.port import RerankUnavailable
from connectors.worker import Worker, serve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PULLED = Path("ms-marco-minilm-l12")


class Settings(BaseModel):
    """Which model, and how much of the machine it may use."""

    folder: ModelPath = _PULLED
    """The model's folder, with tokenizer.json; a relative path lies in the folder of model files."""
    file: str = "model.onnx"
    """The ONNX file in it; one output, one number per pair."""
    languages: tuple[str, ...] | None = None
    """The languages it was trained on, such as `["en"]`; `[]`: any. Unset, it is English for the model that
    `models pull` brings and any for another."""
    max_tokens: int = Field(default=512, ge=16)
    """Question and passage together; what is longer loses the passage's end. Time grows with it."""
    threads: int = Field(default=2, ge=1)
    """Processor threads."""
    timeout_seconds: float = Field(default=30, gt=0)
    """How long four passages may take."""
    start_timeout_seconds: float = Field(default=120, gt=0)
    """How long loading the model may take."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[WorkerReranker]:
    """The reranker, its worker not yet started. Raises RerankUnavailable when there is no such model."""
    folder = read_folder(settings.folder, settings.file, settings.max_tokens)
    languages = settings.languages
    if languages is None:
        languages = ("en",) if settings.folder.name == _PULLED.name else ()
    # The worker starts in another working folder, so it gets the path in full.
    argument = settings.model_copy(update={"folder": folder.path}).model_dump_json()
    limits = settings.start_timeout_seconds, settings.timeout_seconds
    worker = Worker(__name__, argument, *limits, "rerank", RerankUnavailable)
    async with aclosing(worker):
        yield WorkerReranker(folder, f"onnx:{folder.identity}", languages, worker)


def load_model(settings: Settings) -> Judge:
    """The model as a function, in the worker.

    Pairs are run one by one: an int8 model scales its activations by the largest in the batch, so that a passage's
    score would change with its neighbours (ONNX DynamicQuantizeLinear), and on a CPU padding costs more than batching
    saves.
    """
    import numpy as np
    import onnxruntime  # type: ignore[import-untyped]  # it ships no types
    from tokenizers import Tokenizer

    folder = read_folder(settings.folder, settings.file, settings.max_tokens)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(settings.folder / settings.file, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    # The longer of the two is cut, so a question keeps its words as long as it takes up less than half.
    tokenizer.enable_truncation(folder.max_tokens, strategy="longest_first")
    tokenizer.no_padding()
    inputs = {one.name for one in session.get_inputs()}

    def score(pair: Pair) -> "NDArray[np.float32]":
        encoding = tokenizer.encode(*pair)
        read = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        (scores,) = session.run(None, {name: np.array([read[name]], dtype=np.int64) for name in inputs})[:1]
        flat: NDArray[np.float32] = np.ravel(scores).astype("<f4")
        return flat

    return lambda pairs: b"".join(score(pair).tobytes() for pair in pairs)


if __name__ == "__main__":
    serve(functools.partial(load_model, Settings.model_validate_json(sys.argv[1])))
