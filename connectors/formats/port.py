"""The formats seam: a model as it is published becomes the folder that runs."""

from pathlib import Path
from typing import Protocol


class NotThatFormat(Exception):
    """The file is not what this conversion reads; the message says what is wrong with it."""


class Format(Protocol):
    """One step of a conversion. Nothing of the model is executed."""

    name: str

    def convert(self, source: Path, folder: Path) -> None:
        """Add what this step makes to ``folder``, from the downloaded file or from an earlier step's files there.

        Raises NotThatFormat.
        """
