"""What Kubernetes answers with, and how it is told: tables, objects as YAML without secrets, events, revisions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import yaml
from pydantic import BaseModel, Field, JsonValue

from connectors.tools.port import Cell

T = TypeVar("T")
Object = dict[str, JsonValue]
Event = tuple[str, str, str, str, str, str]
_NOISE = ("managedFields", "resourceVersion", "uid", "generation", "selfLink")
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_REVISION, _CAUSE = "deployment.kubernetes.io/revision", "kubernetes.io/change-cause"
_SECRET_NAME = re.compile(r"pass|secret|token|credential|private|api_?key|access_?key|_key$|dsn|auth", re.IGNORECASE)
_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_UNITS |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
HIDDEN = "[hidden]"


class _Column(BaseModel):
    name: str
    priority: int = 0


class _Metadata(BaseModel):
    name: str = ""
    namespace: str = ""


class _Named(BaseModel):
    metadata: _Metadata = _Metadata()


class _Row(BaseModel):
    cells: tuple[JsonValue, ...]
    object: _Named = _Named()


class Printed(BaseModel):
    """A list the way the server prints it (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""

    columns: tuple[_Column, ...] = Field(alias="columnDefinitions")
    rows: tuple[_Row, ...] = ()
    metadata: Object = Field(default_factory=dict)

    def cells(self, *, wide: bool, namespaces: bool) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Columns and rows; ``wide`` takes those too that kubectl shows with -o wide."""
        kept = [number for number, one in enumerate(self.columns) if wide or one.priority == 0]
        names = tuple(self.columns[number].name.upper() for number in kept)
        rows = [tuple(_cell(row.cells[number]) for number in kept) for row in self.rows]
        if not namespaces:
            return names, rows
        return ("NAMESPACE", *names), [
            (r.object.metadata.namespace, *cells) for r, cells in zip(self.rows, rows, strict=True)
        ]


class Objects(BaseModel):
    """A list of objects as they are."""

    items: tuple[Object, ...] = ()
    metadata: Object = Field(default_factory=dict)


def aligned(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table in text, the way kubectl lays it out."""
    lines = [[str("" if cell is None else cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(widths[n]) for n, cell in enumerate(line)).rstrip() for line in lines)


def described(thing: Object) -> str:
    """An object as YAML, its status first; no value of an environment variable that sounds like a secret."""
    metadata = thing.get("metadata")
    kept = {k: v for k, v in metadata.items() if k not in _NOISE} if isinstance(metadata, dict) else {}
    annotations = kept.get("annotations")
    if isinstance(annotations, dict):
        kept["annotations"] = {key: value for key, value in annotations.items() if key != _APPLIED}
    first = {"kind": thing.get("kind"), "metadata": kept, "status": thing.get("status")}
    rest = {key: value for key, value in thing.items() if key not in {"apiVersion", *first}}
    whole = {key: _hidden(value) for key, value in {**first, **rest}.items() if value}
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=1000)


def as_events(found: Sequence[Object]) -> list[Event]:
    """Events as (last seen, type, reason, object, how often, message): warnings first, then the newest."""
    rows: list[Event] = [
        (
            (text(one, "series", "lastObservedTime") or text(one, "lastTimestamp") or text(one, "eventTime"))[:19],
            text(one, "type"),
            text(one, "reason"),
            f"{text(one, 'involvedObject', 'kind')}/{text(one, 'involvedObject', 'name')}",
            text(one, "series", "count") or text(one, "count") or "1",
            " ".join(text(one, "message").split()),
        )
        for one in found
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    return sorted(rows, key=lambda row: row[1] != "Warning")


def revision(thing: Object) -> int:
    """A replica set's or controller revision's number; 0 when it has none."""
    number = text(thing, "metadata", "annotations", _REVISION) or text(thing, "revision")
    return int(number) if number.isdecimal() else 0


def cause(thing: Object) -> str:
    """What somebody wrote as the reason of a revision."""
    return text(thing, "metadata", "annotations", _CAUSE)


def template(thing: Object) -> dict[str, str]:
    """The pod template of a revision as flat paths, containers and variables by their names, secrets hidden."""
    inner = at(thing, "data", "spec", "template") or at(thing, "spec", "template")
    hidden = _hidden(inner)
    return {
        path: value for path, value in _flat("", hidden) if "pod-template-hash" not in path and "$patch" not in path
    }


def leaves(thing: Object) -> dict[str, str]:
    """An object as flat paths without what the cluster keeps books with, secrets hidden."""
    noise = (*(f"metadata.{name}" for name in _NOISE), f"metadata.annotations.{_APPLIED}", "status.")
    return {path: value for path, value in _flat("", _hidden(thing)) if not path.startswith(noise)}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What one template changed in another, a line each."""
    lines = []
    for path in sorted({*before, *after}, key=lambda path: (not path.endswith("image"), path)):
        old, new = before.get(path), after.get(path)
        if old != new:
            lines.append(f"{path}: {'(none)' if old is None else old} → {'(none)' if new is None else new}")
    return lines


def at(thing: JsonValue, *path: str) -> JsonValue:
    """What lies at a path; None when there is nothing."""
    for key in path:
        if not isinstance(thing, dict):
            return None
        thing = thing.get(key)
    return thing


def text(thing: JsonValue, *path: str) -> str:
    """What lies at a path, as text; empty when there is nothing."""
    found = at(thing, *path)
    return "" if found is None else str(found)


def several(thing: JsonValue, *path: str) -> list[Object]:
    """The objects in the list that lies at a path."""
    found = at(thing, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def quantity(written: str) -> float:
    """A quantity such as 250m, 64Mi or 2 as a number; 0 for nothing.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = re.fullmatch(r"([0-9.]+(?:e\d+)?)([numkMGT]?|[KMGT]i)", written)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def _hidden(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _hidden(one) for key, one in value.items()}
    if isinstance(kept.get("name"), str) and "value" in kept and _SECRET_NAME.search(str(kept["name"])):
        kept["value"] = HIDDEN
    return kept


def _flat(path: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(f"{path}.{key}" if path else key, one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            name = one.get("name") if isinstance(one, dict) else None
            yield from _flat(f"{path}[{name or number}]", one)
    elif value is not None:
        yield path, str(value)


def _cell(value: JsonValue) -> Cell:
    return value if isinstance(value, str | int | float) or value is None else str(value)
