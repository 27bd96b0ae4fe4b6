"""What runs of a service: a version and its configuration, in a small file that a deployment writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """A version, which names the code that is run, and the numbers that it is configured with."""

    version: str
    config: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Releases:
    """The releases of all services in one folder: of each the one that is current, and the one before."""

    folder: Path

    def current(self, service: str) -> Release:
        """What is to run. Raises OSError and ValueError."""
        return _read(self._file(service))

    def before(self, service: str) -> Release | None:
        """What ran before; None when nothing did."""
        file = self._file(f"{service}.before")
        return _read(file) if file.exists() else None

    def deploy(self, service: str, release: Release) -> None:
        """Make a release the current one; a process that runs goes on with what it has read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._file(service)
        if file.exists():
            file.replace(self._file(f"{service}.before"))
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(release)), "utf-8")
        part.replace(file)

    def _file(self, service: str) -> Path:
        return self.folder / f"{service}.json"


def _read(file: Path) -> Release:
    read = json.loads(file.read_text("utf-8"))
    return Release(read["version"], read["config"])
