"""The twin: a conversion that only copies."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connectors.formats.port import Format, NotThatFormat


class Settings(BaseModel):
    """The table [connectors.formats.memory]."""

    starts_with: str = ""
    """What the file has to start with."""


@dataclass
class MemoryFormat:
    """The file is the model."""

    settings: Settings
    name: str = "memory"

    def convert(self, source: Path, folder: Path) -> None:
        """Copy the file into the folder."""
        if not source.read_bytes().startswith(self.settings.starts_with.encode()):
            raise NotThatFormat(f"{source.name} does not start with {self.settings.starts_with!r}")
        shutil.copy(source, folder)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Format]:
    """Nothing to open."""
    yield MemoryFormat(settings)
