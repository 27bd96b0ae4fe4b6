"""Small pictures to send: whole, each with bytes of its own."""

import struct
import zlib


def png(name: str = "", width: int = 4, height: int = 3, drawn: int | None = None) -> bytes:
    """A grey PNG; ``name`` stands in its comment, so that no two of them are the same file.

    With ``drawn`` only so many of its rows are in it, whatever its header says.
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height if drawn is None else drawn)))
    chunks = ((b"IHDR", header), (b"tEXt", b"Comment\0" + name.encode()), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
