"""A conversation as Markdown: who said what and when, one paragraph after the other."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_TITLE = 100
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Said:
    """One message. ``text`` is Markdown; ``solution`` when the people marked it as what solved it."""

    who: str
    at: dt.datetime | None
    text: str
    solution: bool = False


def markdown(messages: Sequence[Said]) -> str:
    """All messages that say something, in their order, each under its author and time in UTC."""
    return "\n\n".join(f"{_head(one)}\n\n{one.text.strip()}" for one in messages if one.text.strip())


def title(text: str) -> str:
    """The first line that says something, without markup, at most 100 characters."""
    bare = re.sub(r"\[([^\]]{1,300})\]\([^)]{1,2000}\)", r"\1", text[:5000])
    lines = (" ".join(re.sub(r"[*`~>|\\#]+", " ", line).split()) for line in bare.splitlines())
    first = next((line for line in lines if re.search(r"\w", line)), "")
    return first if len(first) <= _LONGEST_TITLE else first[: _LONGEST_TITLE - 1].rstrip() + "…"


def name(text: str) -> str:
    """What a person calls themselves, as plain words that cannot be taken for markup or a mention."""
    return " ".join(re.sub(r"[\[\]()<>*_`~#|\\@!]+", " ", text).split())[:_LONGEST_NAME]


def moment(seconds: str | float, per_second: int = 1) -> dt.datetime | None:
    """Seconds since 1970 (or a fraction of them, ``per_second`` of which make one); None for what is no such time."""
    try:
        return dt.datetime.fromtimestamp(float(seconds) / per_second, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _head(one: Said) -> str:
    when = f" ({one.at:%Y-%m-%d %H:%M} UTC)" if one.at else ""
    return f"**{one.who or 'someone'}**{when}{', marked as the solution' if one.solution else ''}:"
