"""What of lark_oapi is used: the frames of the long connection, and the cipher of the webhook."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Frame:
    """One frame of the long connection."""

    method: int
    service: int
    headers: dict[str, str]
    payload: bytes = b""
    numbers: tuple[int, int] = field(default=(0, 0))
    """The platform's own numbers of a frame; an answer carries those of what it answers."""


class Cipher(Protocol):
    """Decrypts what the platform has encrypted with the app's key; raises ``ValueError`` for anything else."""

    def decrypt_str(self, enc: str) -> str:
        """The text in a base64 string."""


class Sdk(Protocol):
    """The library, once it is loaded."""

    def read(self, raw: bytes) -> Frame:
        """A frame from its bytes. Raises ``ValueError`` when it is none."""

    def write(self, frame: Frame) -> bytes:
        """The bytes of a frame."""

    def cipher(self, key: str) -> Cipher:
        """The cipher of a key."""


def load() -> Sdk:
    """Import the library. It takes seconds and 170 MB, so: once, and in a thread."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it has no types
    from lark_oapi.core.utils import AESCipher  # type: ignore[import-untyped]  # it has no types
    from lark_oapi.ws import client  # type: ignore[import-untyped]  # it has no types
    from lark_oapi.ws.pb.pbbp2_pb2 import Frame as Buffer  # type: ignore[import-untyped]  # it has no types

    # Its import opens an event loop that nobody runs.
    if not client.loop.is_running():
        client.loop.close()

    class Loaded:
        def read(self, raw: bytes) -> Frame:
            buffer = Buffer()
            try:
                buffer.ParseFromString(raw)
            except DecodeError as damaged:
                raise ValueError("not a frame") from damaged
            headers = {str(one.key): str(one.value) for one in buffer.headers}
            numbers = (int(buffer.SeqID), int(buffer.LogID))
            return Frame(int(buffer.method), int(buffer.service), headers, bytes(buffer.payload), numbers)

        def write(self, frame: Frame) -> bytes:
            buffer = Buffer()
            buffer.method, buffer.service, buffer.payload = frame.method, frame.service, frame.payload
            buffer.SeqID, buffer.LogID = frame.numbers
            for key, value in frame.headers.items():
                header = buffer.headers.add()
                header.key, header.value = key, value
            return bytes(buffer.SerializeToString())

        def cipher(self, key: str) -> Cipher:
            cipher: Cipher = AESCipher(key)
            return cipher

    return Loaded()
