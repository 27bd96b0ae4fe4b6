"""A point as a line of a backup: JSON, with dense vectors and parts as base64 of their 32-bit floats."""

import base64
import json
import math
import sys
import uuid
from array import array
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from connectors.vectors.port import Layout, Payload, Point, Sparse

_LARGEST_INDEX = 0xFFFF_FFFF
_LARGEST_NUMBER = 1 << 63


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    dense: Mapping[str, str]
    sparse: Mapping[str, list[tuple[int, float]]]
    payload: Payload
    parts: Mapping[str, list[str]]


def written(points: Sequence[Point]) -> bytes:
    """A line for each point."""
    return b"".join(_written(point) + b"\n" for point in points)


def read(line: bytes, layout: Layout) -> Point:
    """The point of one line. Raises ValueError for anything that is none of this layout."""
    found = _Line.model_validate_json(line)
    if str(uuid.UUID(found.id)) != found.id:
        raise ValueError(f"the id {found.id!r} is not written as a UUID is")
    if not all(_fits(value) for value in found.payload.values() if not isinstance(value, str | list)):
        raise ValueError("a number in its payload is not finite, or has more than 64 bits")
    dense = {name: _floats(name, text, layout.dense) for name, text in found.dense.items()}
    sparse = {name: _sparse(name, pairs, layout) for name, pairs in found.sparse.items()}
    if empty := [name for name, texts in found.parts.items() if not texts]:
        raise ValueError(f"it has no parts under {empty[0]!r}")
    parts = {name: [_floats(name, text, layout.parts) for text in texts] for name, texts in found.parts.items()}
    return Point(found.id, dense, sparse, found.payload, parts)


def _written(point: Point) -> bytes:
    line = {
        "id": point.id,
        "dense": {name: _text(vector) for name, vector in point.dense.items()},
        "sparse": {name: list(zip(one.indices, one.values, strict=True)) for name, one in point.sparse.items()},
        "payload": dict(point.payload),
        "parts": {name: list(map(_text, vectors)) for name, vectors in point.parts.items()},
    }
    # What is no text in UTF-8 is let through here, to be refused by name when it is read.
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _fits(value: float) -> bool:
    return math.isfinite(value) and (isinstance(value, float) or -_LARGEST_NUMBER <= value < _LARGEST_NUMBER)


def _floats(name: str, text: str, dimensions: Mapping[str, int]) -> list[float]:
    data = base64.b64decode(text, validate=True)
    if len(data) != 4 * dimensions.get(name, -1):
        raise ValueError(f"its vector {name!r} has {len(data) / 4:g} dimensions")
    vector = _native(data)
    # A sum of 32-bit floats cannot overflow, so it is finite exactly when all of them are.
    if not math.isfinite(sum(vector)):
        raise ValueError(f"its vector {name!r} has a number that is not finite")
    return vector.tolist()


def _sparse(name: str, pairs: list[tuple[int, float]], layout: Layout) -> Sparse:
    indices, values = [index for index, _ in pairs], [value for _, value in pairs]
    if name not in layout.sparse:
        raise ValueError(f"there is no sparse vector {name!r}")
    if len(set(indices)) != len(indices) or not all(0 <= index <= _LARGEST_INDEX for index in indices):
        raise ValueError(f"its sparse vector {name!r} has an index twice or out of range")
    if not all(map(math.isfinite, values)):
        raise ValueError(f"its sparse vector {name!r} has a number that is not finite")
    return Sparse(indices, values)


def _text(numbers: Sequence[float]) -> str:
    vector = array("f", numbers)
    if sys.byteorder == "big":
        vector.byteswap()
    return base64.b64encode(vector.tobytes()).decode()


def _native(data: bytes) -> "array[float]":
    vector = array("f")
    vector.frombytes(data)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
