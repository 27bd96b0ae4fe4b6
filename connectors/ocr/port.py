"""The ocr seam: the text on a picture, line by line and as it was laid out."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict


class OcrUnavailable(Exception):
    """The reader is missing, died or refused; the message says how to mend it."""


class CannotReadImage(Exception):
    """This file is no picture that can be read; the message tells its sender why, and what to send instead."""

    def __init__(self, message: str, kind: str) -> None:
        """``kind`` says why in a word: empty, bytes, pixels, heic, pdf, svg, format, broken."""
        super().__init__(message)
        self.kind = kind


class Frozen(BaseModel):
    """A value: it never changes, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextLine(Frozen):
    """A run of text on one line of the upright picture, its edges in pixels; ``score`` is from 0 to 1."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    score: float = 1.0


class Reading(Frozen):
    """What was read. ``lines`` are in reading order; ``text`` has the same as rows, with columns under each other.

    A picture without text has no lines and an empty text. The text is a stranger's, and misread in places.
    ``cpu_seconds`` is the processor time that it took, 0 when nobody measured it.
    """

    lines: tuple[TextLine, ...] = ()
    text: str = ""
    width: int = 0
    height: int = 0
    cpu_seconds: float = 0.0


class Ocr(Protocol):
    """One reader. ``identity`` changes whenever what it reads would (model, weights, method)."""

    identity: str

    async def read(self, image: bytes) -> Reading:
        """The text on a PNG, JPEG, WebP or the first frame of a GIF, turned upright.

        Raises CannotReadImage and OcrUnavailable.
        """

    async def redraw(self, image: bytes) -> bytes:
        """The pixels of the picture alone, fit to be handed on: a PNG or JPEG, upright, one frame, no metadata.

        At most 1,600 pixels a side and 1.5 MB. Raises CannotReadImage and OcrUnavailable.
        """
