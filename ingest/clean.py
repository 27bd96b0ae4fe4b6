"""Step 2, clean: what a person would not see, and what is not meant for one, goes before a model can read it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.instructions import without_instructions

INSTRUCTIONS = "instructions to the model"
"""What ``Cleaned.removed`` calls sentences that address the assistant and not a person."""

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
_SCRIPTS = "scripts and styles"
# Openings of what is hidden up to its end tag. Every repetition has a bound: a document may be made to hang a regex.
_HIDDEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("HTML comments", re.compile("<(?P<tag>!--)")),
    (_SCRIPTS, re.compile(r"<(?P<tag>script|style)\b[^<>]{0,2000}>", re.IGNORECASE)),
    (
        "hidden elements",
        re.compile(
            r"<(?P<tag>[a-z][\w-]{0,40})\b(?=[^<>]{0,2000}?(?:\shidden\b|display\s?:\s?none|visibility\s?:\s?hidden"
            r"|font-size\s?:\s?0))[^<>]{0,2000}>",
            re.IGNORECASE,
        ),
    ),
)
# Scripts elsewhere than between tags: tags that carry one, and links that are one.
_CARRIERS = re.compile(
    r"<[a-z][^<>]{0,2000}?(?:[\s\"'/]on[a-z]{3,20}\s?=|(?:java|vb)script:|data:text/html)[^<>]{0,2000}>"
    r"|<script\s[^<>]{0,2000}?src\s?=[^<>]{0,2000}>",
    re.IGNORECASE,
)
_SCRIPT_LINKS = re.compile(r"(?<=\]\()\s{0,9}<?(?:(?:java|vb)script|data:text/html)[^)\n]{0,2000}(?=\))", re.IGNORECASE)
_UNSEEN_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Markdown comments", re.compile(r"^ {0,3}\[(?://|comment|#)\]:[ \t]{0,9}(?:#|<>).*$", re.MULTILINE)),
    ("empty anchors", re.compile(r"<a\s{1,9}(?:name|id)=\"[^\"<>]{0,300}\"\s{0,9}>\s{0,9}</a>", re.IGNORECASE)),
)
# Layout that Markdown pages borrow from HTML: the words in it are seen, the tags are not.
_LAYOUT = re.compile(
    r"</?(?P<tag>details|summary|br|p|div|center|span|b|i|u|em|strong|small|sub|sup|kbd|font|hr)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_BREAKS = {"details", "summary", "br", "p", "div", "center", "hr"}
_DEFINITION = re.compile(
    r"^ {0,3}\[(?!//|comment\]|#\])(?P<name>[^\[\]\n]{1,100})\]:[ \t]{0,9}(?P<link>\S{1,500})[^\n]{0,300}$",
    re.MULTILINE,
)
_REFERENCE = re.compile(r"\[(?P<text>[^\[\]\n]{1,300})\]\[(?P<name>[^\[\]\n]{0,100})\]")
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
    for name, signs in _INVISIBLE:
        text, count = re.subn(signs, "", text)
        removed[name] += count
    links = {found["name"].lower(): found["link"] for found in _DEFINITION.finditer(text)}
    text = _outside_code(text, lambda prose: _seen(_linked(prose, links), removed))
    text, removed[INSTRUCTIONS] = without_instructions(text, [block.span() for block in _FENCED.finditer(text)])
    return Cleaned(text.strip("\n"), {name: count for name, count in removed.items() if count})


def _linked(prose: str, links: Mapping[str, str]) -> str:
    """Reference links as inline ones: cut from its definition, ``[text][1]`` would look like a citation."""

    def inline(found: re.Match[str]) -> str:
        link = links.get((found["name"] or found["text"]).lower())
        return f"[{found['text']}]({link})" if link else found[0]

    return _REFERENCE.sub(inline, _DEFINITION.sub("", prose)) if links else prose


def _seen(prose: str, removed: Counter[str]) -> str:
    for name, opening in _HIDDEN:
        prose, count = _without_elements(prose, opening)
        removed[name] += count
    for pattern in (_CARRIERS, _SCRIPT_LINKS):
        prose, count = pattern.subn("", prose)
        removed[_SCRIPTS] += count
    for name, pattern in _UNSEEN_LINES:
        prose, count = pattern.subn("", prose)
        removed[name] += count
    prose = _LAYOUT.sub(lambda found: "\n" if found["tag"].lower() in _BREAKS else "", prose)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip(" \t") for line in prose.split("\n")))


def _without_elements(text: str, opening: re.Pattern[str]) -> tuple[str, int]:
    """The text without what lies between an opening and its end tag; without an end tag nothing is hidden."""
    lowered = text.lower()
    kept, position, count = [], 0, 0
    endless: set[str] = set()
    for found in opening.finditer(text):
        tag = found["tag"].lower()
        if found.start() < position or tag in endless:
            continue
        closing = "-->" if tag == "!--" else f"</{tag}"
        end = lowered.find(closing, found.end())
        end = lowered.find(">", end) if end >= 0 else -1
        if end < 0:
            # There is none further down either: looking for it at every opening would take for ever.
            endless.add(tag)
            continue
        kept.append(text[position : found.start()])
        position, count = end + 1, count + 1
    return "".join([*kept, text[position:]]), count


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts, position = [], 0
    for block in _FENCED.finditer(text):
        parts += [change(text[position : block.start()]), block[0]]
        position = block.end()
    return "".join([*parts, change(text[position:])])
