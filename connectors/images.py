"""Pictures from strangers: what is accepted, told from the header alone, and how one becomes plain, upright pixels."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError
from PIL.ImageFile import ImageFile

Kind: TypeAlias = Literal["empty", "bytes", "pixels", "heic", "pdf", "svg", "format", "broken"]
"""Why a file is refused, for whoever words it in another language."""

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_REDRAWN = 1_600
"""Pixels of the longer side of a redrawn picture: vision models scale down what is larger."""
MOST_BYTES_REDRAWN = 1_500_000

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_ACCEPTED = "Send it as PNG, JPEG, WebP or GIF."
_REFUSED: tuple[tuple[int, bytes, Kind, str], ...] = (
    (4, b"ftyp", "heic", "It is a HEIC, AVIF or video file, which cannot be read. Send it as JPEG or PNG."),
    (0, b"%PDF", "pdf", "It is a PDF. Send a screenshot of the page."),
    (0, b"<svg", "svg", "It is an SVG drawing, which is a program and not pixels. Send a screenshot of it."),
    (0, b"<?xml", "svg", "It is an SVG or another XML file, not pixels. Send a screenshot of it."),
    (0, b"II*\0", "format", f"It is a TIFF, which cannot be read. {_ACCEPTED}"),
    (0, b"MM\0*", "format", f"It is a TIFF, which cannot be read. {_ACCEPTED}"),
    (0, b"BM", "format", f"It is a bitmap (BMP), which cannot be read. {_ACCEPTED}"),
)
# What Pillow's readers raise on files that somebody cut off or put together wrongly.
_BROKEN = (OSError, SyntaxError, ValueError, OverflowError, EOFError, LookupError, TypeError, struct.error, zlib.error)


class BadImage(Exception):
    """A file that is not taken for a picture; the message is for whoever sent it: why, and what to send instead."""

    def __init__(self, message: str, kind: Kind) -> None:
        """``kind`` says the same in a word."""
        super().__init__(message)
        self.kind: Kind = kind


@dataclass(frozen=True)
class Header:
    """What a picture's first bytes say; ``media_type`` is what the file is, whatever it is called."""

    media_type: str
    width: int
    height: int


def inspect(data: bytes) -> Header:
    """The header of a picture that may be decoded. Raises BadImage. No pixel is decoded, no frame counted."""
    with _opened(data) as image:
        return Header(image.get_format_mimetype() or f"image/{(image.format or '').lower()}", image.width, image.height)


def decode(data: bytes) -> Image.Image:
    """The first frame in RGB, turned as its EXIF data says, on a ground that its own ink stands out from.

    Raises BadImage. Decoding runs a format's C library on a stranger's bytes: for a process that may die.
    """
    try:
        with _opened(data) as image:
            image.load()
            return _on_ground(ImageOps.exif_transpose(image))
    except _BROKEN as broken:
        raise _broken(broken) from broken


def redraw(data: bytes) -> bytes:
    """The picture's pixels alone, fit to be handed on: no metadata, no further frames, nothing behind the end.

    At most 1,600 pixels a side and 1.5 MB: a PNG, or a JPEG where that would be larger. Raises BadImage, as ``decode``
    does.
    """
    image = decode(data)
    image.info.clear()
    image.thumbnail((LONGEST_REDRAWN, LONGEST_REDRAWN))
    drawn = _saved(image, "PNG")
    while len(drawn) > MOST_BYTES_REDRAWN:
        drawn = _saved(image, "JPEG")
        image.thumbnail((image.width * 3 // 4, image.height * 3 // 4))
    return drawn


def _saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def _opened(data: bytes) -> ImageFile:
    _refuse_others(data)
    try:
        # Pillow's own limit only warns below twice its value; ours decides.
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _too_large("More than that") from None
    except UnidentifiedImageError:
        raise BadImage(f"It is not a picture, or not one that can be read. {_ACCEPTED}", "format") from None
    except _BROKEN as broken:
        raise _broken(broken) from broken
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(f"It has {image.width} x {image.height}")
    return image


def _refuse_others(data: bytes) -> None:
    if not data:
        raise BadImage("The file is empty. Send it again.", "empty")
    if len(data) > MOST_BYTES:
        most = MOST_BYTES / 2**20
        raise BadImage(f"It has {len(data) / 2**20:.1f} MB; {most:.0f} MB are allowed. Send a part of it.", "bytes")
    begin = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for place, sign, kind, reason in _REFUSED:
        if begin[place:].startswith(sign.lower()):
            raise BadImage(reason, kind)


def _too_large(found: str) -> BadImage:
    most = MOST_PIXELS // 1_000_000
    return BadImage(f"It has too many pixels. {found}; {most} million are allowed. Send a part of it.", "pixels")


def _broken(reason: Exception) -> BadImage:
    said = f"The file is broken or cut off ({reason}). Take the screenshot again, or save it as PNG."
    return BadImage(said, "broken")


def _on_ground(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey; Pillow would cut off all but the darkest of 256 shades.
        image = image.point(lambda shade: shade * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    drawn = image.convert("RGBA")
    ink = drawn.getchannel("A")
    light = ink.getbbox() is not None and ImageStat.Stat(drawn.convert("L"), ink).mean[0] > 127
    ground = Image.new("RGBA", drawn.size, "black" if light else "white")
    return Image.alpha_composite(ground, drawn).convert("RGB")
