"""The twin: model files held in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connectors.weights.port import ModelFile, NotThere, Progress, Weights


class Settings(BaseModel):
    """The table [connectors.weights.memory]."""

    files: Mapping[str, bytes] = {}
    """Content by name."""


@dataclass
class MemoryWeights:
    """Goes on behind a partial file, as a real source would."""

    settings: Settings
    name: str = "memory"

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Write what is missing of the file."""
        if file.name not in self.settings.files:
            raise NotThere(f"no {file.name} in memory")
        with into.open("ab") as writer:
            writer.write(self.settings.files[file.name][writer.tell() :])
            progress(writer.tell(), file.size_bytes)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Weights]:
    """Nothing to open."""
    yield MemoryWeights(settings)
