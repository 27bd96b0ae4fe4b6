"""The frames of Feishu's long connection: protobuf's wire format, written and read by hand.

A frame is a message of nine fields, described in the SDKs of the vendor (pbbp2.proto), encoded as
protobuf.dev/programming-guides/encoding says. A control frame (ping, pong) has method 0, an event method 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1
_VARINT, _LENGTH = 0, 2


@dataclass
class Frame:
    """One frame. ``headers`` carry type, message_id, sum, seq and trace_id."""

    method: int
    service: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    payload: bytes = b""
    seq_id: int = 0
    log_id: int = 0

    def encode(self) -> bytes:
        numbers = (self.seq_id, self.log_id, self.service, self.method)
        parts = [_key(number, _VARINT) + _varint(value) for number, value in enumerate(numbers, 1)]
        parts += [_bytes(5, _text(1, key) + _text(2, value)) for key, value in self.headers.items()]
        if self.payload:
            parts.append(_bytes(8, self.payload))
        return b"".join(parts)


def decode(raw: bytes) -> Frame:
    """Read a frame. Raises ``ValueError`` when it is damaged or a required field is missing."""
    numbers: dict[int, int] = {}
    headers: dict[str, str] = {}
    payload = b""
    for number, value in _fields(raw):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 5:
            pair = {inner: text.decode() for inner, text in _fields(value) if isinstance(text, bytes)}
            if not {1, 2} <= pair.keys():
                raise ValueError("a header without key or value")
            headers[pair[1]] = pair[2]
        elif number == 8:
            payload = value
    if not {1, 2, 3, 4} <= numbers.keys():
        raise ValueError("a frame without its required fields")
    return Frame(_signed(numbers[4]), _signed(numbers[3]), headers, payload, numbers[1], numbers[2])


def split(frame: Frame, most: int) -> list[Frame]:
    """The frames that carry a payload of more than ``most`` bytes, each with its number as ``seq``."""
    cut = [frame.payload[at : at + most] for at in range(0, len(frame.payload), most)] or [b""]
    return [
        Frame(frame.method, frame.service, {**frame.headers, "sum": str(len(cut)), "seq": str(number)}, part)
        for number, part in enumerate(cut)
    ]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    out = bytearray()
    # A negative int32 is sent as the 64-bit number of the same bits.
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _LENGTH) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(raw):
        key, at = _read(raw, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _read(raw, at)
            yield number, value
        elif kind == _LENGTH:
            size, at = _read(raw, at)
            if at + size > len(raw):
                raise ValueError("a frame that ends early")
            yield number, raw[at : at + size]
            at += size
        else:
            raise ValueError(f"a field of kind {kind}")


def _read(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number that does not end")
