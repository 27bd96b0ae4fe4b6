"""Whether the head of a file says who may read it, in whatever notation its author knows."""

import re
from collections.abc import Sequence

from connectors.sources.formats.page import Labels

LIMITS = ("readers", "groups")
"""The keys that say so; the first is looked for in every notation."""

_HEAD, _MOST_LINES = 100_000, 2_000
_RULE = re.compile(r"[ \t]*(?:-{3,}|\+{3,}|;{3,})[ \t]*")
_NOTHING_YET = re.compile(r"(?:\s|<!--(?:(?!-->)[\s\S]){0,5000}-->)*")
# In YAML or TOML, with a colon of either language, also below another key or in quotes that were not closed.
_IN_FRONT_MATTER = re.compile(r"(?:[\s\"'?-]{0,20}readers?|[\"']?groups)[\"']?[ \t]*(?:[:：=]|\Z)", re.IGNORECASE)
# A field of reStructuredText, an attribute of AsciiDoc, a keyword of Org, a tag of HTML, a key of JSON.
_ELSEWHERE = re.compile(
    r"^[ \t]*:readers?:|^[ \t]*#\+readers?:|<meta\s[^>]{0,200}name\s*=\s*[\"']?readers?\b"
    r"|\A\s*\{[^{}]{0,5000}\"(?:readers?|groups)\"\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def limited(labels: Labels, text: str) -> Labels:
    """The labels; with an empty limit, which nobody meets, where the text states one that is not among them."""
    if any(key.strip().lower() in LIMITS for key in labels) or not names_readers(text):
        return labels
    return {**labels, LIMITS[0]: []}


def of_parts(parts: Sequence[Labels]) -> Labels:
    """The first part's labels for all of them as one; parts that differ in who may read them are for nobody."""
    stated = [{key: part[key] for key in part if key.strip().lower() in LIMITS} for part in parts]
    return parts[0] if all(one == stated[0] for one in stated) else {**parts[0], LIMITS[0]: []}


def names_readers(text: str) -> bool:
    """Whether a limit is stated in front matter, closed or not, or in what other formats have for it."""
    head = text[:_HEAD]
    lines = head[found.end() if (found := _NOTHING_YET.match(head)) else 0 :].split("\n")[:_MOST_LINES]
    if not _RULE.fullmatch(lines[0]):
        return bool(_ELSEWHERE.search("\n".join(head.split("\n", 60)[:60])))
    end = next((at for at, line in enumerate(lines) if at and _RULE.fullmatch(line)), len(lines))
    return any(_IN_FRONT_MATTER.match(line) for line in lines[1:end])
