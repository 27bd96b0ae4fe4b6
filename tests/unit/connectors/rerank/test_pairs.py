"""What is read from a cross-encoder's folder."""

import json
from pathlib import Path

import pytest

from connectors.rerank.pairs import read_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("tokenizer", "model", "expected"),
    [
        ({}, {}, 512),
        ({"model_max_length": 256}, {"max_position_embeddings": 514}, 256),
        ({"model_max_length": 1e30}, {"max_position_embeddings": 128}, 128),
        ({"model_max_length": 8192}, {"max_position_embeddings": 8194}, 512),
    ],
    ids=["nothing-said", "the-tokenizers", "the-models", "the-setting"],
)
def test_the_smallest_limit_holds(
    folder: Path, tokenizer: dict[str, float], model: dict[str, float], expected: int
) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text(json.dumps(model))

    assert read_folder(folder, "model.onnx", 512).max_tokens == expected


def test_the_identity_changes_with_the_limit(folder: Path) -> None:
    assert read_folder(folder, "model.onnx", 512).identity != read_folder(folder, "model.onnx", 256).identity


def test_the_identity_changes_with_the_weights(folder: Path) -> None:
    before = read_folder(folder, "model.onnx", 512).identity
    (folder / "model.onnx").write_bytes(b"WEIGHTS")

    assert read_folder(folder, "model.onnx", 512).identity != before
