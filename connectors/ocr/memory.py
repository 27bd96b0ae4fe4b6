"""Reading without a model: pictures whose text is known beforehand, by their SHA-256."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel

from connectors.images import BadImage, decode, redraw
from connectors.ocr.port import CannotReadImage, Reading, TextLine

_CHARACTER, _LINE = 8, 16


class Settings(BaseModel):
    """The table [connectors.ocr.memory]."""

    texts: Mapping[str, str] = {}
    """What stands on a picture, by the SHA-256 of its file in hexadecimal. On any other picture there is nothing."""


@dataclass
class MemoryOcr:
    """Refuses what the real reader refuses."""

    settings: Settings
    identity: str = "memory"

    async def read(self, image: bytes) -> Reading:
        """See the port."""
        try:
            upright = decode(image)
        except BadImage as bad:
            raise CannotReadImage(str(bad), bad.kind) from bad
        text = self.settings.texts.get(hashlib.sha256(image).hexdigest(), "")
        lines = tuple(_line(words, row) for row, words in enumerate(text.splitlines()) if words.strip())
        return Reading(lines=lines, text=text, width=upright.width, height=upright.height)

    async def redraw(self, image: bytes) -> bytes:
        """See the port."""
        try:
            return redraw(image)
        except BadImage as bad:
            raise CannotReadImage(str(bad), bad.kind) from bad


def _line(words: str, row: int) -> TextLine:
    left = _CHARACTER * (len(words) - len(words.lstrip()))
    box = {"left": left, "right": _CHARACTER * len(words), "top": _LINE * row, "bottom": _LINE * (row + 1)}
    return TextLine(text=words.strip(), **box)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[MemoryOcr]:
    """Nothing to open."""
    yield MemoryOcr(settings)
