"""Which names a settings file may use: the shapes' fields, the seams and their vendors, none of which is imported."""

import difflib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from pydantic import BaseModel

import connectors

Name: TypeAlias = tuple[str, ...]
"""A setting's name, part by part: ("web", "port")."""

_CONNECT = re.compile(r"^async def connect\(", re.MULTILINE)


@dataclass(frozen=True)
class Stranger:
    """The part of a name that nothing knows, with all parts before it, and what may have been meant."""

    name: Name
    valid: Sequence[str]
    near: str | None

    @property
    def hint(self) -> str:
        """What to write instead."""
        if self.near:
            return f"did you mean {self.near!r}?"
        return f"valid names: {', '.join(sorted(self.valid)) or 'none'}."


def seams() -> list[str]:
    """The names of all seams."""
    return [found.name for found in pkgutil.iter_modules(connectors.__path__) if found.ispkg]


def vendors(seam: str) -> list[str]:
    """The names of a seam's vendors, its memory twin included: the files that say how to connect."""
    files = (file for folder in connectors.__path__ for file in sorted(Path(folder, seam).glob("*.py")))
    return [file.stem for file in files if _CONNECT.search(file.read_text(encoding="utf-8"))]


def nearest(name: str, valid: Sequence[str], likeness: float = 0.5) -> str | None:
    """The valid name that looks most like this one, if any does."""
    return next(iter(difflib.get_close_matches(name, valid, n=1, cutoff=likeness)), None)


def leaves(table: Mapping[str, object], above: Name = ()) -> Iterator[Name]:
    """The name of every value in nested tables; a list is a value."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(cast("Mapping[str, object]", value), (*above, key))
        else:
            yield (*above, key)


def stranger(shape: type[BaseModel], name: Name, *, knows_all: bool) -> Stranger | None:
    """The first part of ``name`` that is no setting.

    A program that does not know all (its file is shared) forgives a name that looks like none of its own.
    """
    if name[0] == "connectors":
        return _strange_connector(name)
    at: type[BaseModel] | None = shape
    for depth, part in enumerate(name):
        if at is None:
            return None
        valid = list(at.model_fields)
        if part not in valid:
            near = nearest(part, valid, 0.5 if knows_all else 0.7)
            foreign = not knows_all and (near is None or part in seams())
            return None if foreign else Stranger(name[: depth + 1], valid, near)
        at = _section(at, part)
    return None


def _section(shape: type[BaseModel], part: str) -> type[BaseModel] | None:
    annotation = shape.model_fields[part].annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _strange_connector(name: Name) -> Stranger | None:
    if len(name) > 1 and name[1] not in seams():
        return Stranger(name[:2], seams(), nearest(name[1], seams()))
    if len(name) > 2 and name[2] not in vendors(name[1]):
        return Stranger(name[:3], vendors(name[1]), nearest(name[2], vendors(name[1])))
    return None
