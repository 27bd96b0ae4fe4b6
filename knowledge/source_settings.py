"""What `[ingest.sources.<name>]` may say: its vendor, who may read it, labels, and all that its vendor can be told."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, field_validator

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import Vendor, vendor
from knowledge.setting_names import Name, Stranger, nearest, vendors

Tables: TypeAlias = Mapping[str, Mapping[str, object]]

SEAM = "sources"
EVERYONE = frozenset({"everyone", "*"})
"""What stands for no limit where readers are named."""
LIMITS = ("readers", "groups")
"""Keys of front matter that say who may read a document."""
_ABOVE = ("ingest", SEAM)
# What the command line means by these words is no source.
_COMMANDS = ("backup", "restore")


class SourceTable(BaseModel):
    """A place that documents come from. Every other key is a setting of its vendor."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)

    vendor: str
    """The name of a file in `connectors/sources/`."""

    readers: tuple[str, ...] = ()
    """Groups whose members may read it; empty: everybody. A document's own limits hold besides."""

    labels: dict[str, str | list[str]] = {}
    """Labels for documents that have none of their own under the same name."""

    services: Path | None = None
    """The file of services; a relative path lies in the working folder."""

    @field_validator("readers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return named_readers(value) if isinstance(value, str) else value

    @field_validator("readers")
    @classmethod
    def _tidy(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        return tidy_readers(groups)

    @field_validator("labels")
    @classmethod
    def _limits_are_no_labels(cls, labels: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
        if any(key.lower() in LIMITS for key in labels):
            raise ValueError("who may read it is set by readers, beside vendor")
        return labels


@dataclass(frozen=True)
class ConfiguredSource:
    """A source as the settings describe it: ``table`` is for ``connectors.load``, ``checked`` the same with types.

    ``inherited`` are the keys that come from the vendor's own table.
    """

    name: str
    about: SourceTable
    table: Mapping[str, object] = field(repr=False)
    checked: BaseModel
    inherited: frozenset[str]

    def setting(self, key: str) -> Name:
        """The name of the setting that a key of the vendor's comes from."""
        return ("connectors", SEAM, self.about.vendor, key) if key in self.inherited else (*_ABOVE, self.name, key)


def configured(
    name: str, table: Mapping[str, object], shared: Tables, defaults: Mapping[str, object], roots: Roots
) -> ConfiguredSource:
    """Check a source's table, laid over its vendor's in ``shared``, and that over ``defaults`` where they apply.

    Raises BadSettings: a line per mistake.
    """
    above = ".".join((*_ABOVE, name))
    if name in _COMMANDS or "/" in name or not name.strip():
        raise BadSettings(f"{above}: choose another name, without a slash; {' and '.join(_COMMANDS)} are commands.")
    below = shared.get(str(table.get("vendor")), {})
    about = {key: value for key, value in table.items() if key in SourceTable.model_fields}
    checked = validate(SourceTable, {**_readers(below), **about}, roots, above)
    found = _vendor(above, checked.vendor)
    own = {key: value for key, value in table.items() if key not in about}
    strangers = _strangers(above, own, found.Settings)
    if strangers:
        raise BadSettings("\n".join(strangers))
    # A vendor that asks for readers, too, gets the same; either limit would do.
    given = {**defaults, **below, **own, "name": name, "readers": checked.readers}
    merged = {key: value for key, value in given.items() if key in found.Settings.model_fields or key in below}
    inherited = frozenset(below.keys() - own.keys())
    try:
        return ConfiguredSource(name, checked, merged, validate(found.Settings, merged, roots, ""), inherited)
    except BadSettings as wrong:
        lines = [line.removeprefix(".") for line in str(wrong).splitlines()]
        shared_at = f"connectors.{SEAM}.{checked.vendor}"
        blamed = [shared_at if re.split("[.:]", line)[0] in inherited else above for line in lines]
        raise BadSettings("\n".join(f"{at}.{line}" for at, line in zip(blamed, lines, strict=True))) from None


def named_readers(text: str) -> list[str]:
    """The groups of a list that was written in one line, in either language."""
    return re.split("[,，、;；]", text)


def tidy_readers(groups: Iterable[str]) -> tuple[str, ...]:
    """Groups, each once, sorted; none when everyone is named. ValueError for a nameless group: it may be a slip."""
    tidy = {group.strip() for group in groups}
    if "" in tidy:
        raise ValueError("a group has no name; write groups like sre,dba, or everyone")
    return () if tidy & EVERYONE else tuple(sorted(tidy))


def _readers(table: Mapping[str, object]) -> Mapping[str, object]:
    return {"readers": table["readers"]} if "readers" in table else {}


def _vendor(above: str, name: str) -> Vendor:
    valid = vendors(SEAM)
    if name not in valid:
        stranger = Stranger((name,), valid, nearest(name, valid))
        raise BadSettings(f"{above}.vendor: no connector {name!r}; {stranger.hint}")
    return vendor(SEAM, name)


def _strangers(above: str, own: Mapping[str, object], shape: type[BaseModel]) -> list[str]:
    valid = sorted({*SourceTable.model_fields, *shape.model_fields} - {"name"})
    return [
        f"{above}.{key}: no such setting; {Stranger((key,), valid, nearest(key, valid)).hint}"
        if key != "name"
        else f"{above}.name: leave it out; a source is called as its table is."
        for key in own
        if key not in valid
    ]
