"""What a check of the doctor is given, and what it comes back with."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.model_pull import Disk
from bot.settings import Settings
from connectors.load import load

Level = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``mend`` says what to do and is empty when nothing has to be done."""

    check: str
    level: Level
    text: str
    mend: str = ""


@dataclass(frozen=True)
class Examination:
    """What the checks look at, and the world as they see it."""

    settings: Settings
    now: datetime
    deep: bool = False
    disk: Disk = field(default_factory=Disk)


Check = Callable[[Examination], Awaitable[list[Finding]]]
"""It changes nothing."""


def opened(examination: Examination, seam: str, vendor: str | None = None) -> AbstractAsyncContextManager[object]:
    """The port that the settings name for a seam, or a vendor of it, still closed. Raises BadSettings."""
    settings = examination.settings
    name = vendor or str(getattr(settings.ports, seam))
    return load(seam, name, settings.table(seam, name), settings.roots)
