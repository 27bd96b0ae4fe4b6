"""Plain text: finds the encoding, and nothing else."""

import codecs
import re

from connectors.sources.formats.page import CannotRead, Page

_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")


def read(raw: bytes) -> Page:
    """The text as it stands. Raises CannotRead for binary content."""
    return Page(title="", text=decode(raw))


def decode(raw: bytes) -> str:
    """Text in UTF-8, UTF-16 with a byte-order mark, GB18030 or Windows-1252, its lines ended as in Unix.

    Raises CannotRead for anything binary.
    """
    return _text(raw).replace("\r\n", "\n").replace("\r", "\n")


def _text(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(raw, "utf-16", "replace") or ""
    if b"\x00" in raw[:65536]:
        raise CannotRead("binary file")
    text = _decoded(raw, "utf-8-sig")
    if text is None:
        text = _damaged(raw) or _chinese(raw) or _decoded(raw, "cp1252", "replace") or ""
    return text


def _decoded(raw: bytes, encoding: str, errors: str = "strict") -> str | None:
    try:
        return raw.decode(encoding, errors)
    except UnicodeDecodeError:
        return None


def _chinese(raw: bytes) -> str | None:
    # GB18030 accepts nearly any bytes: only a text that comes out as common Chinese signs is believed.
    text = _decoded(raw, "gb18030")
    if text is None:
        return None
    return text if len(_HAN.findall(text)) > 0.8 * len(_NOT_ASCII.findall(text)) else None


def _damaged(raw: bytes) -> str | None:
    """UTF-8 with a few broken bytes, as in a log that was cut."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return text if broken * 4 < len(_NOT_ASCII.findall(text)) else None
