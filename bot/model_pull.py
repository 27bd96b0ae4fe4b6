"""Pulling model files: from the first source that has the right bytes, resumed when broken, in place all at once."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import filelock

from bot.model_files import STAGING, Model, Status, sha256, status, write_record
from bot.settings import Settings
from connectors.formats.port import Format, NotThatFormat
from connectors.load import load
from connectors.weights.port import ModelFile, NotThere, Progress, Weights


class PullFailed(Exception):
    """A model could not be had; the message is one line that says what to do."""


class Display(Protocol):
    """Where a pull says how far it is."""

    def say(self, line: str) -> None:
        """One line."""

    def bar(self, label: str, total: int) -> Progress:
        """A progress bar of ``total`` bytes."""


def try_writing(folder: Path) -> None:
    """Make the folder and a file in it. Raises OSError when that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


@dataclass(frozen=True)
class Disk:
    """What a pull asks the file system before it starts."""

    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    try_writing: Callable[[Path], None] = try_writing


@dataclass(frozen=True)
class Pull:
    """Sources are asked in their order; nothing gets its final name before its hash is right."""

    folder: Path
    sources: Sequence[Weights]
    formats: Mapping[str, Format]
    display: Display
    disk: Disk = field(default_factory=Disk)

    def run(self, models: Sequence[Model]) -> None:
        """Bring what is missing or damaged. Raises PullFailed; what was brought until then stays for the next time."""
        if all(status(model, self.folder) is Status.READY for model in models):
            return
        self._check_writing()
        try:
            with self._only_one():
                wanted = [model for model in models if self._wanted(model)]
                self._check_room(wanted)
                for model in wanted:
                    self._pull(model)
        except OSError as wrong:
            raise PullFailed(f"{self.folder}: {wrong.strerror or wrong}; mend that and pull again.") from wrong

    def _wanted(self, model: Model) -> bool:
        found = status(model, self.folder)
        if found is Status.UNKNOWN:
            self.display.say(f"{model.name}: left as it is, for it is {found}; move it away to have it pulled.")
        return found not in (Status.READY, Status.UNKNOWN)

    def _check_writing(self) -> None:
        try:
            self.disk.try_writing(self.folder / STAGING)
        except OSError as denied:
            hint = "allow it, or set NIGHTSHIFT_MODELS to another folder."
            raise PullFailed(f"{self.folder}: cannot be written ({denied.strerror or denied}); {hint}") from denied

    def _check_room(self, wanted: Sequence[Model]) -> None:
        needed, free = sum(model.room for model in wanted), self.disk.free_bytes(self.folder)
        if needed > free:
            hint = "free some, or set NIGHTSHIFT_MODELS to a folder on another disk."
            raise PullFailed(f"{self.folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free; {hint}")

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        lock = filelock.FileLock(self.folder / STAGING / "lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self.display.say(f"Another pull is at work in {self.folder}; waiting for it.")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _pull(self, model: Model) -> None:
        staging = self.folder / STAGING / model.name
        if model.convert:
            self._convert(model, self._obtain(model.file[0], staging), staging / "made")
        else:
            for file in model.file:
                there = self.folder / file.name
                if not (there.is_file() and there.stat().st_size == file.size_bytes and sha256(there) == file.sha256):
                    there.parent.mkdir(parents=True, exist_ok=True)
                    self._obtain(file, staging).replace(there)
        shutil.rmtree(staging, ignore_errors=True)

    def _obtain(self, file: ModelFile, staging: Path) -> Path:
        """The file with the right hash, in the corner of the source that had it."""
        reasons = []
        for source in self.sources:
            corner = staging / source.name
            corner.mkdir(parents=True, exist_ok=True)
            into = corner / file.name.replace("/", "~")
            try:
                if not (into.exists() and sha256(into) == file.sha256):
                    source.fetch(file, into, self.display.bar(f"{file.name} ({source.name})", file.size_bytes))
            except NotThere as reason:
                reasons.append(f"{source.name}: {reason}")
                continue
            if sha256(into) == file.sha256:
                return into
            shutil.rmtree(corner)
            reasons.append(f"{source.name}: wrong content, deleted (its SHA-256 is not the manifest's)")
        hint = "Put the file into a folder and set connectors.weights.folder.path, or pull again."
        raise PullFailed(f"{file.name}: no source has it ({'; '.join(reasons)}). {hint}")

    def _convert(self, model: Model, source: Path, made: Path) -> None:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for step in model.convert:
            self.display.say(f"{model.name}: converting ({step}) …")
            try:
                self.formats[step].convert(source, made)
            except NotThatFormat as wrong:
                raise PullFailed(f"{model.name}: {wrong}.") from wrong
        write_record(model, made)
        there = self.folder / model.name
        if there.exists():
            # A folder cannot be replaced in one step; the old one is out of date or damaged anyway.
            shutil.rmtree(there)
        made.rename(there)


async def pull(models: Sequence[Model], settings: Settings, display: Display) -> None:
    """Bring the models into the folder of models. Raises PullFailed."""
    roots = settings.roots
    steps = {step for model in models for step in model.convert}
    async with AsyncExitStack() as stack:
        sources = [
            await stack.enter_async_context(load("weights", name, settings.table("weights", name), roots))
            for name in settings.ports.weights
        ]
        formats = {
            step: await stack.enter_async_context(load("formats", step, settings.table("formats", step), roots))
            for step in steps
        }
        Pull(roots.models, sources, formats, display).run(models)
