"""What the seams that keep a model in a folder share: its identity, and how its descriptions are read."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

_SAMPLE_BYTES = 65_536


def identity(folder: Path, weights: Sequence[Path], facts: object) -> str:
    """A name that changes with the weights, with tokenizer.json beside them and with ``facts``, which JSON can hold.

    Raises OSError when a file cannot be read.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for file in (*weights, folder / "tokenizer.json"):
        digest.update(_fingerprint(file))
    return f"{folder.name}/{weights[0].name}@{digest.hexdigest()[:16]}"


def read_json(file: Path) -> dict[str, object]:
    """The object in a JSON file, empty when there is no such file. Raises OSError and ValueError."""
    return cast("dict[str, object]", json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def _fingerprint(file: Path) -> bytes:
    # Both ends and the size tell exports apart; hashing half a gigabyte at every start would not tell more.
    size = file.stat().st_size
    with file.open("rb") as stream:
        first = stream.read(_SAMPLE_BYTES)
        stream.seek(max(0, size - _SAMPLE_BYTES))
        return b"%s %d " % (file.name.encode(), size) + first + stream.read()
