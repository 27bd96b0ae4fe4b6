"""What varies in a log line by its form alone: numbers, times, addresses, paths and identifiers become ``<*>``."""

import re

VARIABLE = "<*>"
LONGEST = 4000
"""Characters of a line that are looked at."""

# At the start of a value: after a space, a delimiter, or at the start of the line.
_START = r"(?<![^\s=:,;(\[{\"'<|@])"
_UNIT = r"(?:ns|us|µs|ms|s|secs?|m|min|h|d|[kKMGT]i?[Bb]?|B|[kMG]?Hz)"
_TOP_DOMAIN = r"(?:com|org|net|edu|gov|mil|int|info|biz|name|io|dev|app|cloud|local|internal|localdomain|lan|[a-z]{2})"
_DAY, _MONTH = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# The first that fits at a place counts, so what contains numbers stands above numbers.
_FORMS = (
    # URLs; of other schemes the scheme stays: it says what kind of place is meant.
    r"\b(?:https?|ftp|wss?)://[^\s\"'<>]*[^\s\"'<>.,;:)\]}]",
    r"(?<=\w://)[^\s\"'<>,;)\]}]+",
    # UUIDs; dates with or without a time; times as in syslog and HTTP.
    r"\b[\da-fA-F]{8}-(?:[\da-fA-F]{4}-){3}[\da-fA-F]{12}\b",
    r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|\s?[+-]\d\d:?\d\d)?)?(?![\w-])",
    rf"\b(?:{_DAY},? )?{_MONTH} \d{{1,2}},? (?:\d{{4}} )?\d\d:\d\d:\d\d(?: [A-Z]{{3,4}})?(?: \d{{4}})?\b",
    # Mail addresses; IPv4, with its prefix or the slash that Java writes before it; IPv6, MAC and PCI addresses.
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"(?:(?<![\w>])/)?(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?(?![\w-]|\.\w)",
    r"(?<![\w.:])(?=[\da-fA-F:.]*\d)[\da-fA-F]{1,4}(?:::?[\da-fA-F]{1,4}){2,}(?:\.\d+)?(?![\w:])",
    # Paths of both kinds.
    r"\b[A-Za-z]:\\[^\s\"'<>|]+",
    rf"{_START}~?/[\w.+%@~#$*-]+(?:/[\w.+%@~#$*!-]*)*(?<![.:,])",
    # Host names: they end in a top-level domain (a Java package begins with one), contain an address, or have a port.
    r"(?<![\w.@$-])(?!(?:com|org|net|io|edu|gov)\.)\w[\w-]*(?:\.[\w-]+)*\."
    rf"{_TOP_DOMAIN}(?:\.[a-z]{{2}})?(?=[:\s/\])}},;]|$)",
    r"(?<![\w.-])\d+(?:[.-]\d+){2,}(?:\.[A-Za-z][\w-]*)+",
    r"(?<![\w.@$-])(?:localhost|(?=[A-Za-z])(?=[\w.-]*[\d.-])[\w.-]*\w)(?=:\d{2,5}\b|/\d{1,3}\.\d{1,3}\.)",
    # Hexadecimal; durations "below"; clocks; versions; sizes in two dimensions; numbers with or without a unit.
    r"\b0[xX][\da-fA-F]+\b",
    r"(?<![A-Za-z0-9_])(?=[\da-fA-F]*\d)(?=[\da-f]*[a-f]|[\dA-F]*[A-F])[\da-fA-F]{6,}(?![A-Za-z0-9_])",
    r"<\d+ ?(?:sec|s|ms|min)\b",
    r"(?<![\w.:])\d+(?::\d+)+(?:[.,]\d+)?(?!\w)",
    r"(?<![\w.])v?\d+(?:\.\d+)+\w*(?:-[\w.]*\d\w*)*(?!\w)",
    r"(?<!\w)\d+(?:x\d+)+(?!\w)",
    rf"(?<![A-Za-z0-9_])(?:(?<![\w)\]>])[-+])?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?{_UNIT}?(?![A-Za-z0-9_])",
    # Identifiers: a word and a number joined by an underscore, or letters with three digits and more.
    r"(?<![A-Za-z0-9_$])[A-Za-z0-9_]*_-?\d\w*",
    r"(?<![A-Za-z0-9_$.])[A-Za-z0-9_]*[A-Za-z_]\d{3,}\w*",
    r"(?<![A-Za-z0-9_$.])\d{3,}[A-Za-z_]\w*",
    r"(?<![\w.-])(?:true|false|null)(?![\w.-])",
)
_MASK = re.compile("|".join(_FORMS))
_JOINED = re.compile(r"<\*>(?:(?:[-._]|#+)?<\*>)+")
# 1146 bytes (1.11 KB): the same quantity again, where it was large enough.
_RESTATED = re.compile(r"(<\*> ?[A-Za-z]+) \(<\*>(?: ?[A-Za-z]{1,5})?\)")


def masked(text: str) -> str:
    """The line with every value of a known form as ``<*>``, and white space as single spaces.

    Only the first ``LONGEST`` characters are looked at. Values joined by dots, dashes or underscores are one.
    """
    found = _MASK.sub(VARIABLE, " ".join(text[:LONGEST].split()))
    return _RESTATED.sub(r"\1", _JOINED.sub(VARIABLE, found))
