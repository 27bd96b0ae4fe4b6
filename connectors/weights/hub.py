"""Model files from a model hub that speaks huggingface.co's protocol, as companies' proxies of it do too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr

from connectors.weights.download import Download
from connectors.weights.port import ModelFile, NotThere, Progress, Weights


class Settings(BaseModel):
    """The table [connectors.weights.hub]."""

    url: str = "https://huggingface.co"
    """The hub, or your proxy of it."""

    revision: str = "main"
    """The branch or commit; whatever it holds, a file whose hash is wrong is never taken."""

    token: SecretStr | None = None
    """Sent as `Authorization: Bearer …`; public repositories need none."""

    timeout_seconds: float = 60.0
    """How long the hub may be silent."""

    attempts: int = 4
    """How often a broken download is taken up again."""


@dataclass
class HubWeights:
    """A file's place on the hub is owner/repository/path."""

    settings: Settings
    download: Download
    name: str = "hub"

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Download the file."""
        if not file.hub:
            raise NotThere("does not have it")
        owner, repository, path = file.hub.split("/", 2)
        # https://huggingface.co/docs/hub/models-downloading: /resolve/ redirects to wherever the bytes are.
        url = f"{self.settings.url.rstrip('/')}/{owner}/{repository}/resolve/{self.settings.revision}/{path}"
        self.download.fetch(url, file, into, progress)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Weights]:
    """One connection pool for all files."""
    headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else {}
    with httpx.Client(timeout=settings.timeout_seconds, headers=headers, follow_redirects=True) as client:
        yield HubWeights(settings, Download(client, settings.attempts))
