"""What ClickHouse says: rows as JSON with the types of their columns, errors by their codes, grants in words."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connectors.sql.port import SqlRefused, SqlUnavailable

Kind = Literal["text", "whole", "exact", "inexact", "other"]

# https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
_TOO_LATE = frozenset((159, 160, 394))
# Unknown database, setting, user, wrong password, no address allowed, too many queries, no database, no such or no
# granted role, authentication failed, a setting beyond what the profile allows.
_NOT_THE_QUERY = frozenset((81, 115, 192, 193, 194, 195, 202, 210, 291, 452, 511, 512, 516))
# No such role, none that was granted; to a server that knows no roles in a request one is an unknown setting.
_ABOUT_ROLES = frozenset((115, 511, 512))
_CODE = re.compile(r"Code: (\d+)[.,]")
_AROUND = re.compile(r"^(?:Code: \d+.*?DB::Exception: )+|(?:\.? \([A-Z_]+\))?(?: \(version [^)]*\))?\s*$")
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")


@dataclass(frozen=True)
class Reply:
    """The rows of a reply; ``cut`` when its last row did not come whole."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    cut: bool = False


def kind_of(type: str) -> Kind:
    """What a column's type means for its values as they stand in JSON."""
    while wrapped := _WRAPPED.match(type):
        type = wrapped[1]
    if type.startswith(("String", "FixedString", "Enum")):
        return "text"
    if re.match(r"U?Int\d", type):
        return "whole"
    return "exact" if type.startswith("Decimal") else "inexact" if "Float" in type[:6] else "other"


def read_reply(body: bytes) -> Reply:
    """JSONCompactEachRowWithNamesAndTypes: https://clickhouse.com/docs/interfaces/formats."""
    lines = [line for line in body.decode("utf-8", "replace").split("\n") if line]
    if len(lines) < 2:
        return Reply((), ())
    names, kinds = json.loads(lines[0]), [kind_of(type) for type in json.loads(lines[1])]
    rows: list[tuple[object, ...]] = []
    for line in lines[2:]:
        try:
            values = json.loads(line, parse_float=Decimal)
        except json.JSONDecodeError:
            return Reply(tuple(names), tuple(rows), cut=True)
        rows.append(tuple(_value(kind, value) for kind, value in zip(kinds, values, strict=True)))
    return Reply(tuple(names), tuple(rows))


def refusal(status: int, said: str, late: str, *, role: bool) -> SqlRefused | SqlUnavailable:
    """What an error means for whoever asked: another query may do better, or none will."""
    found = _CODE.search(said)
    code = int(found[1]) if found else 0
    text = _AROUND.sub("", " ".join(said.split()))[:1_000] or f"HTTP {status}"
    if code in _TOO_LATE:
        return SqlRefused(late)
    if code and code not in _NOT_THE_QUERY:
        return SqlRefused(text)
    where = "roles under [data]" if role and code in _ABOUT_ROLES else "[connectors.sql.clickhouse]"
    return SqlUnavailable(f"ClickHouse cannot be asked ({text}); check {where}.")


_MADE: Mapping[Kind, Callable[[str], object]] = {"whole": int, "exact": Decimal, "inexact": float}


def _value(kind: Kind, value: object) -> object:
    """Old servers write whole numbers of 64 bits as texts, new ones as numbers."""
    make = _MADE.get(kind)
    return make(str(value)) if make and value is not None else float(value) if isinstance(value, Decimal) else value
