"""Model files that somebody has put into a folder: a network share, a stick, another machine's cache."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connectors.weights.port import ModelFile, NotThere, Progress, Weights

_BLOCK = 1 << 20


class Settings(BaseModel):
    """The table [connectors.weights.folder]."""

    path: Path | None = None
    """The folder; files have the names that `python -m bot models list` shows. None: this source has nothing."""


@dataclass
class FolderWeights:
    """Copies; what is in the folder stays as it is."""

    settings: Settings
    name: str = "folder"

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Copy the file."""
        if self.settings.path is None:
            raise NotThere("none is configured")
        source = self.settings.path.expanduser() / file.name
        try:
            reader = source.open("rb")
        except OSError as missing:
            raise NotThere(f"{source}: {missing.strerror}") from None
        with reader, into.open("wb") as writer:
            while block := reader.read(_BLOCK):
                writer.write(block)
                progress(writer.tell(), file.size_bytes)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Weights]:
    """Nothing to open."""
    yield FolderWeights(settings)
