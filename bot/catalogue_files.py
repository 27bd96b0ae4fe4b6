"""YAML files of the catalogue, read so that every value knows the line that it is written in."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml
from pydantic import JsonValue

Place: TypeAlias = tuple[str | int, ...]
"""The keys and numbers that lead to a value."""

LONGEST_FILE, MOST_VALUES, DEEPEST = 1_000_000, 20_000, 20
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


@dataclass(frozen=True)
class Entry:
    """One entry as it is written: its values, and the line of each of them."""

    file: Path
    value: JsonValue
    lines: Mapping[Place, int]

    def at(self, place: Sequence[str | int] = ()) -> str:
        """File and line of a value, or of what it is missing in."""
        known = tuple(place)
        while known not in self.lines and known:
            known = known[:-1]
        return f"{self.file}:{self.lines.get(known, 1)}"

    def known(self, place: Sequence[str | int]) -> Place:
        """The part of a place that is written."""
        known = tuple(place)
        while known not in self.lines and known:
            known = known[:-1]
        return known


class _Unreadable(Exception):
    """The file goes beyond what is read of one."""


@dataclass
class _Reader:
    """Makes plain values of the nodes of one entry."""

    file: Path
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    left: int = MOST_VALUES

    def value(self, node: yaml.Node, place: Place) -> JsonValue:
        """What is written there. Raises _Unreadable for what is too much: aliases can make much of little."""
        self.left -= 1
        self.lines.setdefault(place, node.start_mark.line + 1)
        if not self.left or len(place) > DEEPEST:
            raise _Unreadable(f"{self.file}:{node.start_mark.line + 1}: is too long or too deep for a catalogue")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(one, (*place, number)) for number, one in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> JsonValue:
        found: dict[str, JsonValue] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in found:
                self.mistakes.append(f"{self.file}:{line}: {name} is written twice")
            self.lines[(*place, name)] = line
            found[name] = self.value(value, (*place, name))
        return found

    def _scalar(self, node: yaml.Node, place: Place) -> JsonValue:
        # What YAML takes for a date or a binary is the text that is written.
        if node.tag not in _SCALARS:
            return str(node.value)
        value: JsonValue = yaml.SafeLoader("").construct_object(node)
        if isinstance(value, float) and not math.isfinite(value):
            self.mistakes.append(f"{self.file}:{node.start_mark.line + 1}: {'.'.join(map(str, place))}: is no number")
            return 0.0
        return value


def read_entries(file: Path) -> tuple[list[Entry], list[str]]:
    """The entries of a file, one or a list of them in each document, and what is wrong with it as YAML."""
    try:
        text = _text(file)
        read = [_read(file, one) for one in _items(list(yaml.compose_all(text, yaml.SafeLoader)))]
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        said = getattr(wrong, "problem", None) or "cannot be read"
        return [], [f"{file}:{mark.line + 1 if mark else 1}: is no YAML: {said}"]
    except RecursionError:
        return [], [f"{file}:1: is too deep for a catalogue"]
    except _Unreadable as why:
        return [], [str(why)]
    return [entry for entry, _ in read], [one for _, found in read for one in found]


def _text(file: Path) -> str:
    """What is in a file. Raises _Unreadable."""
    try:
        if file.stat().st_size > LONGEST_FILE:
            raise _Unreadable(f"{file}:1: is longer than {LONGEST_FILE} bytes")
        return file.read_text("utf-8")
    except OSError as failed:
        raise _Unreadable(f"{file}:1: cannot be read: {failed.strerror}") from failed
    except UnicodeDecodeError as other:
        raise _Unreadable(f"{file}:1: is not written in UTF-8") from other


def _items(nodes: Sequence[yaml.Node]) -> Iterator[yaml.Node]:
    for node in nodes:
        # What is empty, or holds nothing but remarks, has no entries.
        if node.tag != "tag:yaml.org,2002:null":
            yield from node.value if isinstance(node, yaml.SequenceNode) else [node]


def _read(file: Path, node: yaml.Node) -> tuple[Entry, list[str]]:
    reader = _Reader(file)
    value = reader.value(node, ())
    return Entry(file, value, reader.lines), reader.mistakes
