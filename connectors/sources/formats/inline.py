"""Pieces of a line of Markdown, made so that text from outside cannot turn into markup."""

import re
from collections.abc import Callable
from urllib.parse import unquote

_WEB_LINK = re.compile(r"https?://[^\s()<>\[\]\"'`\\]{1,2000}", re.IGNORECASE)
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`).{1,3000}?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
_HEADING = re.compile(r"^( {0,3})(#{1,6}(?:\s|$)|=+[ \t]*$|-+[ \t]*$)", re.MULTILINE)
_DEFINITION = re.compile(r"^( {0,3})(\[[^\]\n]{1,200}\]:)", re.MULTILINE)
_OTHER_TARGET = re.compile(r"\](\(\s{0,9}<?)(?!https?://)", re.IGNORECASE)
_AUTOLINK = re.compile(r"<(?=[a-z][a-z0-9+.-]{1,31}:)(?!https?://)", re.IGNORECASE)
_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})", re.MULTILINE)


def link(text: str, url: str) -> str:
    """``[text](url)`` for an address that is http or https (percent-encoded as a whole or not), else the text."""
    address = (url if "://" in url[:12] else unquote(url)).strip().replace("(", "%28").replace(")", "%29")
    shown = " ".join(text.split()).replace("[", "\\[").replace("]", "\\]")
    if not _WEB_LINK.fullmatch(address):
        return shown
    return f"[{shown}]({address})" if shown and shown != address else address


def code(text: str) -> str:
    """A code span; its ticks are longer than any inside. Empty text stays empty."""
    flat = " ".join(text.split())
    if "`" not in flat:
        return f"`{flat}`" if flat else ""
    ticks = "`" * (max(len(run) for run in re.findall("`+", flat)) + 1)
    return f"{ticks} {flat} {ticks}"


def marked(text: str, mark: str) -> str:
    """The text between two marks, blanks kept outside: ``** bold**`` is no markup."""
    inner = text.strip()
    if not inner or "\n" in inner:
        return text
    start = text.index(inner)
    return f"{text[:start]}{mark}{inner}{mark}{text[start + len(inner) :]}"


def prose(text: str) -> str:
    """Text of a person with its code spans: no headings, definitions, images, or links that are not http or https."""
    return outside_code(text, _plain)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with ``change`` made to all but its code spans."""
    parts, end = [], 0
    for span in _CODE.finditer(text):
        parts += [change(text[end : span.start()]), span[0]]
        end = span.end()
    return "".join([*parts, change(text[end:])])


def _plain(text: str) -> str:
    text = _FENCE.sub(r"\1\\\2", text.replace("![", "["))
    text = _DEFINITION.sub(r"\1\\\2", _HEADING.sub(r"\1\\\2", text))
    return _AUTOLINK.sub("< ", _OTHER_TARGET.sub(r"] \1", text))
