"""What is read from a model's folder."""

import json
from pathlib import Path

import pytest

from connectors.embedding.folder import read_folder
from connectors.embedding.port import EmbeddingUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 3, "max_position_embeddings": 512}))
    write_prompts(tmp_path, {"query": "query: ", "document": "passage: "})
    return tmp_path


def write_prompts(folder: Path, prompts: dict[str, str]) -> None:
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))


def test_dimension_limit_pooling_and_prefixes(folder: Path) -> None:
    found = read_folder(folder, "model.onnx")

    assert (found.dimension, found.max_tokens, found.pooling) == (3, 512, "mean")
    assert found.prefixes == {"query": "query: ", "passage": "passage: "}


def test_a_shorter_limit_of_the_sentence_model_wins(folder: Path) -> None:
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128}')

    assert read_folder(folder, "model.onnx").max_tokens == 128


def test_the_identity_changes_with_the_weights(folder: Path) -> None:
    before = read_folder(folder, "model.onnx").identity
    (folder / "model.onnx").write_bytes(b"WEIGHTS")

    assert read_folder(folder, "model.onnx").identity != before


def test_the_identity_changes_with_the_prefixes(folder: Path) -> None:
    before = read_folder(folder, "model.onnx").identity
    write_prompts(folder, {"query": "Q: "})

    assert read_folder(folder, "model.onnx").identity != before


def test_the_identity_stays_when_nothing_changes(folder: Path) -> None:
    assert read_folder(folder, "model.onnx") == read_folder(folder, "model.onnx")


def test_an_unreadable_description_says_how_to_check_it(folder: Path) -> None:
    (folder / "config.json").write_text("{")

    with pytest.raises(EmbeddingUnavailable, match="models verify"):
        read_folder(folder, "model.onnx")
