"""A sentence-transformers folder gets `model_int8.onnx`: the same network for onnxruntime, 8 bits a weight."""

import logging
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connectors.formats.port import Format, NotThatFormat

_INPUTS = ("input_ids", "attention_mask")
_OUTPUT = "last_hidden_state"


class Settings(BaseModel):
    """The table [connectors.formats.onnx]."""

    opset: int = 17
    """The version of the ONNX operators."""


@dataclass
class Onnx:
    """Traces the network once, then quantises weights to int8 per channel; activations are quantised as they come."""

    settings: Settings
    name: str = "onnx"

    def convert(self, source: Path, folder: Path) -> None:
        """Add `model_int8.onnx`; the 32-bit graph on the way to it is deleted."""
        if not (folder / "model.safetensors").exists():
            raise NotThatFormat(f"{folder.name} has no model.safetensors")
        full = folder / "model.onnx"
        try:
            with _quietly():
                _export(folder, full, self.settings.opset)
                _quantise(full, folder / "model_int8.onnx")
        finally:
            full.unlink(missing_ok=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """Whoever waits for a model has no use for what the tracer and the quantiser say about older interfaces."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _export(folder: Path, into: Path, opset: int) -> None:
    import torch
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it comes without types

    class Outputs(torch.nn.Module):
        """The one output that is used, in place of a dictionary, which cannot be traced."""

        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                attn_implementation="eager",
                add_pooling_layer=False,
                local_files_only=True,
            ).eval()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask)[0]
            return states

    example = torch.ones((2, 12), dtype=torch.int64)
    torch.onnx.export(
        Outputs(),
        (example, example),
        str(into),
        input_names=list(_INPUTS),
        output_names=[_OUTPUT],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in (*_INPUTS, _OUTPUT)},
        opset_version=opset,
        dynamo=False,
    )


def _quantise(full: Path, into: Path) -> None:
    from onnxruntime.quantization import (  # type: ignore[import-untyped]  # it comes without types
        QuantType,
        quantize_dynamic,
    )

    quantize_dynamic(str(full), str(into), weight_type=QuantType.QInt8, per_channel=True)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Format]:
    """Nothing to open."""
    yield Onnx(settings)
