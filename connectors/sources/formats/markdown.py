"""Markdown with optional YAML front matter, which becomes labels."""

import datetime as dt
import re
from collections.abc import Mapping

import yaml

from connectors.sources.formats.limits import LIMITS
from connectors.sources.formats.page import Labels, Page
from connectors.sources.formats.text import decode

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#[ \t]+(.+)$", re.MULTILINE)


def read(raw: bytes) -> Page:
    """The text without its front matter. Front matter that is no YAML mapping stays in the text."""
    text = decode(raw)
    front = _FRONT_MATTER.match(text)
    labels = labels_of(front[1]) if front else None
    if front and labels is not None:
        text = text[front.end() :]
    labels = labels or {}
    heading = _HEADING.search(text)
    title = labels.get("title") or (heading[1].strip(" \t#") if heading else "")
    return Page(title=str(title), text=text, labels={k: v for k, v in labels.items() if k != "title"})


def labels_of(front_matter: str) -> Labels | None:
    """The scalars and lists of scalars of a YAML mapping as text; None when it is none. Nested values are left out."""
    try:
        values = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return labels_from(values) if isinstance(values, Mapping) else None


def labels_from(values: Mapping[object, object]) -> Labels:
    """The scalars and lists of scalars as text. Nested values and empty ones are left out.

    Not so of those that say who may read it: there, nothing that can be read is a limit that nobody meets.
    """
    labels = {str(key): _label(value) for key, value in values.items()}
    return {key: label for key, label in labels.items() if label or key.strip().lower() in LIMITS}


def _label(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [text for item in value if (text := _scalar(item))]
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value) if isinstance(value, (str, int, float)) else ""
