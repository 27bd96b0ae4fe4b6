"""What a sentence-transformers folder says about its model, read without loading it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from connectors.embedding.port import EmbeddingUnavailable, Role
from connectors.model_folder import identity, read_json


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
    prompts = cast("Mapping[str, str]", read_json(path / "config_sentence_transformers.json").get("prompts", {}))
    prefixes: dict[Role, str] = {
        "query": prompts.get("query", ""),
        "passage": prompts.get("document", prompts.get("passage", "")),
    }
    limits = {**read_json(path / "config.json"), **read_json(path / "sentence_bert_config.json")}
    max_tokens = int(cast("int", limits.get("max_seq_length") or limits["max_position_embeddings"]))
    pooling = "cls" if read_json(path / "1_Pooling" / "config.json").get("pooling_mode_cls_token") else "mean"
    name = identity(path, files, [prefixes, max_tokens, pooling])
    return Folder(path, name, int(cast("int", limits["hidden_size"])), max_tokens, pooling, prefixes)
