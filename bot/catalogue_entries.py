"""One entry of the catalogue as it is written becomes a remedy, or a line for each thing that is wrong with it."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue, ValidationError

from bot import parameters
from bot.catalogue_files import Entry, Place
from bot.remedy import Remedy

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ENDING = "_seconds"
_DURATIONS: Mapping[str, tuple[str, ...]] = {"": ("cooldown", "expires", "window"), "verification": ("within", "every")}
_WORDS = ("title", "description", "because")
_OURS = ("digest", "place")
_ALL_KEYS = tuple(name.removesuffix(_ENDING) for name in Remedy.model_fields if name not in _OURS)


def remedy_of(entry: Entry) -> tuple[Remedy | None, list[str]]:
    """The remedy that an entry writes, without its digest; None when it is not shaped as one. And all mistakes."""
    if not isinstance(entry.value, dict):
        return None, [f"{entry.at()}: a remedy is a mapping of keys, such as id, title and run"]
    mistakes = list(_refused_keys(entry))
    written = cast("dict[str, JsonValue]", _worded(entry.value))
    for place in _DURATIONS:
        mistakes += _spelled(entry, written, place)
    schema = written.get("parameters", {})
    if isinstance(schema, dict):
        wrong = list(parameters.mistakes(schema))
        mistakes += [_line(entry, ("parameters", *place), said) for place, said in wrong]
        written["parameters"] = {} if wrong else parameters.normal(schema)
    try:
        remedy = Remedy.model_validate({**written, "place": entry.at()})
    except ValidationError as found:
        return None, [*mistakes, *(_told(entry, cast("Mapping[str, object]", one)) for one in found.errors())]
    return (None if mistakes else remedy), mistakes


def _refused_keys(entry: Entry) -> Iterator[str]:
    """Keys that the vocabulary knows and nobody writes: they are made, or written otherwise."""
    assert isinstance(entry.value, dict)  # noqa: S101  # the caller made sure
    for name in entry.value:
        if name in _OURS:
            yield _line(entry, (name,), "is made when the entry is read; leave it out")
    for above, names in _DURATIONS.items():
        inside = entry.value.get(above) if above else entry.value
        for name in names:
            if isinstance(inside, dict) and f"{name}{_ENDING}" in inside:
                place = (above, f"{name}{_ENDING}") if above else (f"{name}{_ENDING}",)
                yield _line(entry, place, f"write {name}: 10m")


def _spelled(entry: Entry, written: dict[str, JsonValue], above: str) -> Iterator[str]:
    """Put durations into seconds, under the names that the vocabulary has; what is none is a mistake."""
    inside = written.get(above) if above else written
    if not isinstance(inside, dict):
        return
    for name in _DURATIONS[above]:
        if name not in inside:
            continue
        seconds = _seconds(inside.pop(name))
        if seconds is None:
            yield _line(entry, (above, name) if above else (name,), "is no duration, such as 90s, 10m, 2h or 1d")
        else:
            inside[f"{name}{_ENDING}"] = seconds


def _seconds(value: JsonValue) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if value >= 0 else None
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) * _UNITS[found[2]] if found else None


def _worded(value: JsonValue, key: str = "") -> JsonValue:
    """The same, where words that are written in one language are English."""
    if isinstance(value, dict):
        # What executors and tools are given is theirs, whatever its keys are called.
        return {name: one if name in ("run", "rehearsal", "arguments", "parameters") else _worded(one, name)
                for name, one in value.items()}  # fmt: skip
    if isinstance(value, list):
        return [_worded(one) for one in value]
    return {"en": value} if key in _WORDS and isinstance(value, str) else value


def _told(entry: Entry, mistake: Mapping[str, object]) -> str:
    place = cast("Place", mistake["loc"])
    written = tuple(part.removesuffix(_ENDING) if isinstance(part, str) else part for part in place)
    if mistake["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(written[-1]), _ALL_KEYS, n=1, cutoff=0.6) if len(written) == 1 else []
        hint = f"; did you mean {near[0]}?" if near else ""
        return _line(entry, written, f"no such key{hint}")
    if mistake["type"] == "missing":
        return f"{entry.at(written[:-1])}: {'.'.join(map(str, written))}: is missing"
    return _line(entry, entry.known(written) or written, str(mistake["msg"]))


def _line(entry: Entry, place: Place, said: str) -> str:
    where = ".".join(map(str, place))
    return f"{entry.at(place)}: {where}: {said}" if where else f"{entry.at(place)}: {said}"
