"""Model files from a web server of your own; any that serves a folder will do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr

from connectors.weights.download import Download
from connectors.weights.port import ModelFile, NotThere, Progress, Weights


class Settings(BaseModel):
    """The table [connectors.weights.mirror]."""

    url: str | None = None
    """The address under which files have the names that `python -m bot models list` shows. None: no mirror."""

    token: SecretStr | None = None
    """Sent as `Authorization: Bearer …`."""

    timeout_seconds: float = 60.0
    """How long the server may be silent."""

    attempts: int = 4
    """How often a broken download is taken up again."""


@dataclass
class MirrorWeights:
    """One address, files below it."""

    url: str | None
    download: Download
    name: str = "mirror"

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Download the file."""
        if self.url is None:
            raise NotThere("none is configured")
        self.download.fetch(f"{self.url.rstrip('/')}/{file.name}", file, into, progress)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Weights]:
    """One connection pool for all files."""
    headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {}
    with httpx.Client(timeout=settings.timeout_seconds, headers=headers, follow_redirects=True) as client:
        yield MirrorWeights(settings.url, Download(client, settings.attempts))
