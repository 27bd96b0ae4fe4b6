"""How one process asks another for a call on the vector store: the call's name and its arguments as checked JSON."""

import struct
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from connectors.vectors.port import Hit, Layout, Point, Search, VectorStoreUnavailable, Where

Call = Literal[
    "ensure",
    "collections",
    "layout",
    "drop",
    "point_alias",
    "drop_alias",
    "aliases",
    "upsert",
    "delete",
    "search",
    "fetch",
    "page",
    "count",
    "settle",
]

LENGTH = struct.Struct(">I")
"""Every frame begins with the length of what follows."""

LARGEST_FRAME = 256 << 20

_NOTHING: TypeAdapter[None] = TypeAdapter(None)
_HITS = TypeAdapter(list[Hit])

# Arguments and result of each call. The values are those of the port, where ``export`` asks for one page at a time;
# pydantic refuses anything else that comes in.
_SHAPES: Mapping[str, tuple[TypeAdapter[Any], TypeAdapter[Any]]] = {
    "ensure": (TypeAdapter(tuple[str, Layout]), _NOTHING),
    "collections": (TypeAdapter(tuple[()]), TypeAdapter(tuple[str, ...])),
    "layout": (TypeAdapter(tuple[str]), TypeAdapter(Layout)),
    "drop": (TypeAdapter(tuple[str]), _NOTHING),
    "point_alias": (TypeAdapter(tuple[str, str]), _NOTHING),
    "drop_alias": (TypeAdapter(tuple[str]), _NOTHING),
    "aliases": (TypeAdapter(tuple[()]), TypeAdapter(dict[str, str])),
    "upsert": (TypeAdapter(tuple[str, list[Point]]), _NOTHING),
    "delete": (TypeAdapter(tuple[str, Where]), _NOTHING),
    "search": (TypeAdapter(tuple[str, Search]), _HITS),
    "fetch": (TypeAdapter(tuple[str, Where, int]), _HITS),
    "page": (TypeAdapter(tuple[str, Where, str, int]), TypeAdapter(tuple[list[Point], str])),
    "count": (TypeAdapter(tuple[str, Where]), TypeAdapter(int)),
    "settle": (TypeAdapter(tuple[str]), _NOTHING),
}


def request(call: Call, arguments: tuple[object, ...]) -> bytes:
    """A call as the body of a frame."""
    return call.encode() + b"\n" + _SHAPES[call][0].dump_json(arguments)


def read_request(body: bytes) -> tuple[str, tuple[object, ...]]:
    """The call and its arguments. Raises VectorStoreUnavailable for anything that is not one."""
    call, _, arguments = body.partition(b"\n")
    try:
        name = call.decode("ascii")
        return name, _SHAPES[name][0].validate_json(arguments)
    except (KeyError, UnicodeDecodeError, ValidationError) as wrong:
        raise VectorStoreUnavailable(
            "Another version of Nightshift is using the index; stop the older one and try again."
        ) from wrong


def reply(call: str, result: object) -> bytes:
    """A result as the body of a frame."""
    return b"=" + _SHAPES[call][1].dump_json(result)


def refusal(reason: Exception) -> bytes:
    """A failure as the body of a frame."""
    return b"!" + str(reason).encode("utf-8", "replace")


def read_reply(call: Call, body: bytes) -> object:
    """The result. Raises VectorStoreUnavailable with the other side's sentence."""
    if body[:1] != b"=":
        raise VectorStoreUnavailable(body[1:].decode("utf-8", "replace"))
    return _SHAPES[call][1].validate_json(body[1:])
