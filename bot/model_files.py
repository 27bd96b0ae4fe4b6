"""Model files: what the manifest promises, and what lies on disk."""

import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from connectors.weights.port import ModelFile

STAGING = ".pull"
"""The folder, inside the folder of models, where an unfinished pull keeps what it has."""

RECORD = "conversion.json"
"""The file, inside a converted folder, that says what the folder was made of and what belongs in it."""


@dataclass(frozen=True)
class Model:
    """One entry of the manifest; ``room`` is the disk it needs while it is pulled, in bytes."""

    name: str
    purpose: str
    licence: str
    room: int
    file: tuple[ModelFile, ...]
    used_by: tuple[str, ...] = ()
    convert: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """What is downloaded."""
        return sum(file.size_bytes for file in self.file)


@dataclass(frozen=True)
class Content:
    """A file as it was when the folder was made."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """What a converted folder was made of, by which steps, and each file in it."""

    source: str
    steps: tuple[str, ...]
    files: dict[str, Content]


class Status(StrEnum):
    """What lies in the folder of models."""

    READY = "ready"
    MISSING = "missing"
    BEGUN = "begun"
    DAMAGED = "damaged"
    UNKNOWN = "not from `models pull`"


class UnknownModel(LookupError):
    """There is no model of that name in the manifest."""


def manifest(text: str | None = None) -> tuple[Model, ...]:
    """Every model there is."""
    text = text or resources.files("connectors.weights").joinpath("manifest.toml").read_text(encoding="utf-8")
    return TypeAdapter(tuple[Model, ...]).validate_python(tomllib.loads(text)["model"])


def named(models: tuple[Model, ...], names: list[str]) -> tuple[Model, ...]:
    """The models of these names. Raises UnknownModel."""
    if strange := set(names) - {model.name for model in models}:
        known = ", ".join(model.name for model in models)
        raise UnknownModel(f"no model {', '.join(sorted(strange))}; there are {known}.")
    return tuple(model for model in models if model.name in names)


def needed(models: tuple[Model, ...], enabled: list[tuple[str, str]]) -> tuple[Model, ...]:
    """The models that the enabled connectors use."""
    used = {f"{seam}.{vendor}" for seam, vendor in enabled}
    return tuple(model for model in models if used & set(model.used_by))


def status(model: Model, folder: Path) -> Status:
    """A quick look at names and sizes; ``verify`` looks at every byte."""
    made = folder / model.name
    absent = Status.BEGUN if (folder / STAGING / model.name).exists() else Status.MISSING
    if not made.exists():
        return absent
    record = read_record(made) if model.convert else None
    if model.convert and record is None:
        return Status.UNKNOWN
    if record and (record.source, record.steps) != (model.file[0].sha256, model.convert):
        return absent
    sound = all(_size(folder / name) == content.size_bytes for name, content in _contents(model, record).items())
    return Status.READY if sound else Status.DAMAGED


def verify(model: Model, folder: Path) -> list[str]:
    """Read every byte; one line for each file that is missing or has another hash."""
    if not (folder / model.name).exists():
        return [f"{model.name}: missing"]
    record = read_record(folder / model.name) if model.convert else None
    if model.convert and record is None:
        return [f"{model.name}: no {RECORD}, so nothing says what belongs in it"]
    lines = []
    for name, content in _contents(model, record).items():
        if _size(folder / name) is None:
            lines.append(f"{name}: missing")
        elif (found := sha256(folder / name)) != content.sha256:
            lines.append(f"{name}: SHA-256 is {found}, not {content.sha256}")
    return lines


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def read_record(folder: Path) -> Record | None:
    """What a conversion left behind; None when there is nothing that can be read."""
    try:
        return TypeAdapter(Record).validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def write_record(model: Model, folder: Path) -> None:
    """Note what the folder was made of and what is in it."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    contents = {file.relative_to(folder).as_posix(): Content(file.stat().st_size, sha256(file)) for file in files}
    record = Record(model.file[0].sha256, model.convert, contents)
    (folder / RECORD).write_bytes(TypeAdapter(Record).dump_json(record, indent=2) + b"\n")


def _contents(model: Model, record: Record | None) -> dict[str, Content]:
    if record is None:
        return {file.name: Content(file.size_bytes, file.sha256) for file in model.file}
    return {f"{model.name}/{name}": content for name, content in record.files.items()}


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None
