"""A folder of recorded calls answers instead of the live systems, and keeps what is saved into it."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter

from connectors.configuration import HomePath
from connectors.tools.foreign import from_holmesgpt, from_opensre
from connectors.tools.matching import answer, as_json, tools_of
from connectors.tools.port import Arguments, Recording, Result, Tool, ToolUnavailable

T = TypeVar("T")
_TOOLS = "tools.json"


class Settings(BaseModel):
    """Which folder."""

    folder: HomePath
    """One call per file (``.json``, ``.yaml``: tool, arguments, result), and in ``tools.json`` what they are."""

    format: Literal["own", "holmesgpt", "opensre"] = "own"
    """Whose files: our own, or a case of HolmesGPT's or OpenSRE's tests, which can be read but not added to."""


class Recorded:
    """Answers what was recorded. Files that appear later are not seen; what is saved here is."""

    def __init__(self, settings: Settings, recordings: list[Recording], described: list[Tool]) -> None:
        self._settings = settings
        self._recordings = recordings
        self._described = described

    async def list(self) -> Sequence[Tool]:
        """The tools that have recordings."""
        return tools_of(self._recordings, self._described)

    async def call(self, name: str, arguments: Arguments) -> Result:
        """What was recorded for these arguments, or for a pattern that they meet."""
        return answer(self._recordings, name, arguments)

    async def save(self, tool: Tool, arguments: Arguments, result: Result) -> None:
        """Keep one result in a file of its own; a later one to the same call replaces it."""
        if self._settings.format != "own":
            raise ToolUnavailable(f"{self._settings.folder} has another format; save into a folder of your own.")
        recording = Recording(tool.name, dict(arguments), result)
        self._recordings = [
            one for one in self._recordings if (one.tool, one.arguments) != (tool.name, recording.arguments)
        ]
        self._recordings.append(recording)
        self._described = [one for one in self._described if one.name != tool.name] + [tool]
        key = json.dumps([tool.name, recording.arguments], sort_keys=True)
        name = f"{tool.name[:60]}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"
        tools = json.dumps([as_json(one) for one in self._described], ensure_ascii=False, indent=1)
        try:
            self._settings.folder.mkdir(parents=True, exist_ok=True)
            _write(self._settings.folder / name, TypeAdapter(Recording).dump_json(recording, indent=1).decode())
            _write(self._settings.folder / _TOOLS, tools)
        except OSError as full:
            raise ToolUnavailable(f"Cannot write to {self._settings.folder}: {full.strerror}.") from full


def _write(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    part.write_text(text + "\n", "utf-8")
    part.replace(file)


def _own(folder: Path) -> tuple[list[Recording], list[Tool]]:
    if not folder.is_dir():
        return [], []
    files = sorted(file for file in folder.iterdir() if file.suffix in (".json", ".yaml", ".yml"))
    recordings = [_read(file, TypeAdapter(Recording)) for file in files if file.name != _TOOLS]
    described = folder / _TOOLS
    return recordings, _read(described, TypeAdapter(list[Tool])) if described.exists() else []


def _holmesgpt(folder: Path) -> tuple[list[Recording], list[Tool]]:
    return from_holmesgpt(folder), []


def _opensre(folder: Path) -> tuple[list[Recording], list[Tool]]:
    return from_opensre(folder), []


def _read(file: Path, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_python(yaml.safe_load(file.read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as damaged:
        reason = " ".join(str(damaged).split())[:200]
        raise ToolUnavailable(f"{file} is no recording: {reason}. Mend it, or take it out of the folder.") from None


_READERS: Mapping[str, Callable[[Path], tuple[list[Recording], list[Tool]]]] = {
    "own": _own,
    "holmesgpt": _holmesgpt,
    "opensre": _opensre,
}


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Recorded]:
    """Read the folder; while it is missing there are no tools. Raises ToolUnavailable for a damaged file."""
    yield Recorded(settings, *_READERS[settings.format](settings.folder))
