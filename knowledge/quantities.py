"""Values as people write them: numbers with units become comparable, everything else stays a word."""

import re
from dataclasses import dataclass

_SECONDS = {
    "ms|milliseconds?|毫秒": 0.001,
    "s|secs?|seconds?|秒钟?": 1.0,
    "m|mins?|minutes?|分钟?": 60.0,
    "h|hrs?|hours?|小时": 3600.0,
    "d|days?|天": 86400.0,
    "w|weeks?|周": 604800.0,
}
# KB and KiB are told apart by few who write pages: taking them for the same invents no contradiction.
_BYTES = {"ki?b?": 2.0**10, "mi?b": 2.0**20, "mi": 2.0**20, "gi?b?": 2.0**30, "ti?b?": 2.0**40}
_UNITS = [
    *((re.compile(names), "duration", factor) for names, factor in _SECONDS.items()),
    *((re.compile(names), "size", factor) for names, factor in _BYTES.items()),
    (re.compile("[%％]|percent|per cent"), "percent", 1.0),
]
_UNIT = "|".join(["per ?cent", "[%％]", *_SECONDS, *_BYTES])
_NUMBER = r"\d{1,3}(?:[ ,_\u202f]\d{3})+(?!\d)|\d+(?:\.\d+)?"

QUANTITY = rf"(?<![A-Za-z0-9_.–—~≈-])(?:{_NUMBER})(?:[ -]?(?:{_UNIT})(?![a-z]))?(?![A-Za-z0-9_–—~-]|\.\w)"
"""A pattern of a number with or without a unit, that is no range, version, address or part of a name."""

_QUANTITY = re.compile(rf"({_NUMBER})[ -]?({_UNIT})?", re.IGNORECASE)
_SHOWN = {
    "duration": ((86400.0, "d"), (3600.0, "h"), (60.0, "min")),
    "size": ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB")),
}
_SMALLEST = {"duration": (1.0, "s"), "size": (2.0**10, "KiB"), "percent": (1.0, "%")}
_WORD = re.compile(r"[\w./:@+-]{1,80}", re.ASCII)
_SWITCH = {"true": "on", "yes": "on", "enabled": "on", "false": "off", "no": "off", "disabled": "off"}


@dataclass(frozen=True)
class Value:
    """What something is said to be. Two values can disagree only when they are of one ``measure``."""

    measure: str
    amount: float | str

    def __str__(self) -> str:
        """The value in the unit that makes its number short."""
        if isinstance(self.amount, str):
            return self.amount
        units = [(factor, unit) for factor, unit in _SHOWN.get(self.measure, ()) if self.amount % factor == 0]
        factor, unit = units[0] if units and self.amount else _SMALLEST.get(self.measure, (1.0, ""))
        return f"{self.amount / factor:g} {unit}".strip()


def quantity(text: str) -> Value | None:
    """The value of a number with or without a unit; None when the text is anything more or else."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = float(re.sub(r"[ ,_\u202f]", "", found[1])), (found[2] or "").lower()
    for pattern, measure, factor in _UNITS:
        if unit and pattern.fullmatch(unit):
            return Value(measure, round(number * factor, 6))
    return Value("number", number)


def value(text: str) -> Value | None:
    """The value of a number or of one word, such as ``off``, ``volatile-ttl`` or a host's name; None for all else.

    A word in capitals is a place for a value and not one.
    """
    plain = text.strip().strip("\"'`").strip()
    if (known := quantity(plain)) is not None:
        return known
    if not _WORD.fullmatch(plain) or (plain.isupper() and len(plain) > 1) or not re.search(r"\w", plain):
        return None
    word = plain.rstrip(".,:").casefold()
    return Value("word", _SWITCH.get(word, word))
