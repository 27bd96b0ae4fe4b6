"""Step 2, clean: what a person would not see in a document goes, before a model can read it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Controls, soft hyphens, zero-width signs, direction marks (CVE-2021-42574), variation selectors and the invisible tag
# letters that can spell a whole instruction (Unicode TR 36 and TR 39).
_INVISIBLE: tuple[tuple[str, str], ...] = (
    ("control characters", "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb]"),
    ("soft hyphens", "\u00ad"),
    ("zero-width characters", "[\u200b-\u200d\u2060-\u2064\u180e\ufeff\u034f\u115f\u1160\u3164\uffa0]"),
    ("direction marks", "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
    ("variation selectors", "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"),
    ("tag characters", "[\U000e0000-\U000e007f]"),
)
_HIDDEN_TAG = (
    r"<(?P<tag>[a-zA-Z][\w-]*)\b(?=[^<>]*(?:\shidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0))"
    r"[^<>]*>.*?</(?P=tag)\s*>"
)
_UNSEEN_MARKUP: tuple[tuple[str, str], ...] = (
    ("HTML comments", r"<!--.*?-->"),
    ("scripts and styles", r"<(script|style)\b[^>]*>.*?</\1\s*>"),
    ("hidden elements", _HIDDEN_TAG),
    ("Markdown comments", r"^[ ]{0,3}\[(?://|comment|#)\]:[ \t]*(?:#|<>)[^\n]*$"),
    ("empty anchors", r"<a\s+(?:name|id)=\"[^\"<>]*\"\s*>\s*</a>"),
)
_FENCED = re.compile(
    r"^(?P<fence>[ \t]*(?:`{3,}|~{3,}))[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Cleaned:
    """A document's text as a person sees it, and how much of what was taken out."""

    text: str
    removed: Mapping[str, int]


def clean(text: str) -> Cleaned:
    """The text with ``\\n`` as its only line break. Markup in code is kept: there it is the subject, and visible."""
    removed: Counter[str] = Counter()
    text = re.sub(r"\r\n?|[\x0c\u0085\u2028\u2029]", "\n", text).encode("utf-8", "replace").decode("utf-8")
    text = re.sub("[\u00a0\u2007\u202f]", " ", text)
    for name, pattern in _INVISIBLE:
        text = _without(name, re.compile(pattern), removed)(text)
    text = _outside_code(text, lambda prose: _seen(prose, removed))
    return Cleaned(text.strip("\n"), {name: count for name, count in removed.items() if count})


def _seen(prose: str, removed: Counter[str]) -> str:
    for name, pattern in _UNSEEN_MARKUP:
        prose = _without(name, re.compile(pattern, re.DOTALL | re.IGNORECASE | re.MULTILINE), removed)(prose)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", prose, flags=re.MULTILINE))


def _without(name: str, pattern: re.Pattern[str], removed: Counter[str]) -> Callable[[str], str]:
    def cut(text: str) -> str:
        text, count = pattern.subn("", text)
        removed[name] += count
        return text

    return cut


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts, position = [], 0
    for block in _FENCED.finditer(text):
        parts += [change(text[position : block.start()]), block[0]]
        position = block.end()
    return "".join([*parts, change(text[position:])])
