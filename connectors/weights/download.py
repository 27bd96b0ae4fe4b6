"""A download over HTTP that goes on where it broke off (RFC 9110, section 14: range requests)."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import stamina

from connectors.weights.port import ModelFile, NotThere, Progress


@dataclass
class Download:
    """A server that knows no ranges is read from the start; one that sends too much is cut off.

    ``attempts`` in a row may bring nothing: as long as bytes come, a connection may break as often as it likes.
    """

    client: httpx.Client
    attempts: int

    def fetch(self, url: str, file: ModelFile, into: Path, progress: Progress) -> None:
        """Write what is missing of the file. Raises NotThere when the server does not have it or stays unreachable."""
        while True:
            before = _size(into)
            try:
                for attempt in stamina.retry_context(httpx.TransportError, attempts=self.attempts, timeout=None):
                    with attempt:
                        return self._go_on(url, file, into, progress)
            except (httpx.HTTPError, httpx.InvalidURL) as broken:
                if _size(into) <= before:
                    raise NotThere(f"{url}: {type(broken).__name__} {broken}".strip()) from None

    def _go_on(self, url: str, file: ModelFile, into: Path, progress: Progress) -> None:
        there = _size(into)
        headers = {"Accept-Encoding": "identity"}
        if 0 < there < file.size_bytes:
            headers["Range"] = f"bytes={there}-"
        with self.client.stream("GET", url, headers=headers) as response:
            if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
                raise NotThere(f"{url}: HTTP {response.status_code}")
            resumed = response.headers.get("Content-Range", "").startswith(f"bytes {there}-")
            with into.open("ab" if resumed else "wb") as writer:
                # Pieces as they arrive: gathered into larger ones, the last would be lost when the connection breaks.
                for piece in response.iter_raw():
                    writer.write(piece)
                    progress(writer.tell(), file.size_bytes)
                    if writer.tell() > file.size_bytes:
                        raise NotThere(f"{url}: longer than {file.size_bytes} bytes")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
