"""The weights seam: where model files come from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


@dataclass(frozen=True)
class ModelFile:
    """One file of the manifest: its name on disk, size and SHA-256, and where each kind of source has it."""

    name: str
    sha256: str
    size_bytes: int
    packages: tuple[str, ...] = ()
    member: str = ""
    hub: str = ""


class NotThere(Exception):
    """This source does not have the file; the next one is asked. The message says why."""


class Weights(Protocol):
    """One kind of source. A partial file left by a broken download is resumed; the caller checks the hash.

    The folder of ``into`` is the source's own: what it keeps there for the next attempt, the caller deletes in the end.
    """

    name: str

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Write the file's bytes to ``into``. Raises NotThere."""
