"""Where second factors are kept: a file for each person that only its owner reads, or memory."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter

from bot.guards.step_up import Enrolment, Turn

_SHAPE = TypeAdapter(Enrolment)


@dataclass(frozen=True)
class MemoryEnrolments:
    """Second factors until the program ends."""

    kept: dict[str, Enrolment] = field(default_factory=dict)

    def find(self, person: str) -> Enrolment | None:
        return self.kept.get(person)

    def change(self, person: str, turn: Turn) -> None:
        changed = turn(self.kept.get(person))
        if changed is None:
            self.kept.pop(person, None)
        else:
            self.kept[person] = changed


@dataclass(frozen=True)
class FileEnrolments:
    """Second factors in files of this folder, mode 0600; processes of one machine share them."""

    folder: Path

    def find(self, person: str) -> Enrolment | None:
        path = self._path(person)
        return _SHAPE.validate_json(path.read_bytes()) if path.exists() else None

    def change(self, person: str, turn: Turn) -> None:
        path = self._path(person)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            changed = turn(self.find(person))
            if changed is None:
                path.unlink(missing_ok=True)
            else:
                _replace(path, _SHAPE.dump_json(changed))

    def _path(self, person: str) -> Path:
        # A person's id may be anything; a name of a file may not.
        return self.folder / f"{hashlib.sha256(person.encode()).hexdigest()[:32]}.json"


def _replace(path: Path, content: bytes) -> None:
    """Put it there as a whole, readable by its owner alone from the first byte on."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
