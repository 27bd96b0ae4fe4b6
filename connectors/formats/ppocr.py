"""A PP-OCR network as RapidOCR packs it becomes the folder that PaddleOCR loads: `inference.onnx`, `inference.yml`."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel

from connectors.formats.port import Format, NotThatFormat

if TYPE_CHECKING:
    from onnx import ModelProto

_NAME = re.compile(r"(?P<family>PP-OCRv\d+)_(?P<task>det|rec)_(?P<size>[a-z]+)\.onnx")

# A recogniser's last layer has a class for "no character" and one for the blank besides those of its alphabet.
_MORE_CLASSES = 2

# How a picture is put to the network and its answer read, as in the inference.yml that PaddlePaddle publishes with
# these models (https://www.paddleocr.ai/latest/en/version3.x/module_usage/text_recognition.html).
_DETECTION: dict[str, object] = {
    "PreProcess": {
        "transform_ops": [
            {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
            {"DetLabelEncode": None},
            {"DetResizeForTest": {"resize_long": 960}},
            {
                "NormalizeImage": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "scale": "1./255.",
                    "order": "hwc",
                }
            },
            {"ToCHWImage": None},
            {"KeepKeys": {"keep_keys": ["image", "shape", "polys", "ignore_tags"]}},
        ]
    },
    "PostProcess": {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    },
}
_RECOGNITION: dict[str, object] = {
    "PreProcess": {
        "transform_ops": [
            {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
            {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
            {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            {"KeepKeys": {"keep_keys": ["image", "label_ctc", "label_gtc", "length", "valid_ratio"]}},
        ]
    },
}


class Settings(BaseModel):
    """There is nothing to set."""


@dataclass
class PPOcr:
    """The alphabet of a recogniser lies in its own file; everything else is the same for all of them."""

    name: str = "ppocr"

    def convert(self, source: Path, folder: Path) -> None:
        """Copy the network and describe it. Its name, such as PP-OCRv6_det_small.onnx, says what it is."""
        if (named := _NAME.fullmatch(source.name)) is None:
            raise NotThatFormat(f"{source.name} is not named as a PP-OCR network, such as PP-OCRv6_det_small.onnx")
        model = _read(source)
        description: dict[str, object] = {
            "Global": {"model_name": f"{named['family']}_{named['size']}_{named['task']}"}
        }
        if named["task"] == "det":
            description |= _DETECTION
        else:
            alphabet = _alphabet(source, model)
            description |= _RECOGNITION | {"PostProcess": {"name": "CTCLabelDecode", "character_dict": alphabet}}
        shutil.copy(source, folder / "inference.onnx")
        text = yaml.safe_dump(description, allow_unicode=True, sort_keys=False)
        (folder / "inference.yml").write_text(text, encoding="utf-8")


def _read(source: Path) -> "ModelProto":
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types

    try:
        model = onnx.load(source)
    except DecodeError as broken:
        raise NotThatFormat(f"{source.name} is no ONNX file ({broken})") from broken
    if not model.graph.output:
        raise NotThatFormat(f"{source.name} is no ONNX file of a network")
    return model


def _alphabet(source: Path, model: "ModelProto") -> list[str]:
    """One character for each class of the network, in order."""
    noted = {entry.key: entry.value for entry in model.metadata_props}
    characters: list[str] = noted.get("character", "").removesuffix("\n").split("\n")
    classes = model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    if len(characters) + _MORE_CLASSES != classes:
        raise NotThatFormat(f"{source.name} names {len(characters)} characters for {classes} classes")
    return characters


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Format]:
    """Nothing to open."""
    yield PPOcr()
