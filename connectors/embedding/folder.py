"""What a sentence-transformers folder says about its model, read without loading it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from connectors.embedding.port import EmbeddingUnavailable, Role

_SAMPLE_BYTES = 65_536


@dataclass(frozen=True)
class Folder:
    """A model on disk. ``identity`` changes with its weights, tokenizer, prompts and length limit."""

    path: Path
    identity: str
    dimension: int
    max_tokens: int
    pooling: str
    prefixes: Mapping[Role, str]


def read_folder(path: Path, weights: str) -> Folder:
    """The folder's description; ``weights`` is a file name or pattern. Raises EmbeddingUnavailable."""
    files = sorted(path.glob(weights))
    if not files:
        raise EmbeddingUnavailable(
            f"There is no embedding model at {path / weights}. Run `make setup` (or `python -m bot models pull`), "
            "or set the folder under [connectors.embedding] in nightshift.toml."
        )
    try:
        return _described(path.resolve(), files)
    except (OSError, ValueError, KeyError) as unreadable:
        raise EmbeddingUnavailable(
            f"The embedding model in {path} cannot be read ({unreadable!r}). Run `python -m bot models verify`."
        ) from unreadable


def _described(path: Path, files: Sequence[Path]) -> Folder:
    prompts = cast("Mapping[str, str]", _json(path / "config_sentence_transformers.json").get("prompts", {}))
    prefixes: dict[Role, str] = {
        "query": prompts.get("query", ""),
        "passage": prompts.get("document", prompts.get("passage", "")),
    }
    limits = {**_json(path / "config.json"), **_json(path / "sentence_bert_config.json")}
    max_tokens = int(cast("int", limits.get("max_seq_length") or limits["max_position_embeddings"]))
    pooling = "cls" if _json(path / "1_Pooling" / "config.json").get("pooling_mode_cls_token") else "mean"
    digest = hashlib.sha256(json.dumps([prefixes, max_tokens, pooling], sort_keys=True).encode())
    for file in (*files, path / "tokenizer.json"):
        digest.update(_fingerprint(file))
    identity = f"{path.name}/{files[0].name}@{digest.hexdigest()[:16]}"
    return Folder(path, identity, int(cast("int", limits["hidden_size"])), max_tokens, pooling, prefixes)


def _fingerprint(file: Path) -> bytes:
    # Both ends and the size tell exports apart; hashing half a gigabyte at every start would not tell more.
    size = file.stat().st_size
    with file.open("rb") as stream:
        first = stream.read(_SAMPLE_BYTES)
        stream.seek(max(0, size - _SAMPLE_BYTES))
        return b"%s %d " % (file.name.encode(), size) + first + stream.read()


def _json(file: Path) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(file.read_text("utf-8"))) if file.is_file() else {}
