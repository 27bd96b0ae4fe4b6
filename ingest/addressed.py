"""What gives away a sentence that is addressed to a language model: the signs in addressed.toml, made into patterns."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict, cast

_FILE = Path(__file__).with_suffix(".toml")
_GAP = r"[\s*_`~\"'>#/,:;()\[\]-]{1,6}"
_EXACT = "marks"

# Letter by letter, words have no ends: these are looked for in what is left of a text without its blanks.
SQUEEZED = re.compile(
    r"(?:ignore|disregard|forget)(?:all|any|the|your|of){0,3}(?:previous|prior|above|earlier)?"
    r"(?:instructions|prompts|directives|rules)"
    r"|systemprompt|youarenow(?:an?|dan|free)|jailbreak|donottelltheuser|yournewinstructions"
)


@dataclass(frozen=True)
class Sign:
    """One way to address a model. ``needs``: without one of these strings ``pattern`` cannot match.

    With an ``opening`` only a sentence that begins with it counts. ``whole``: what follows in the paragraph belongs to
    the instruction too. Patterns are for folded text: small letters, no accents, plain punctuation.
    """

    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    opening: re.Pattern[str] | None
    whole: bool


class _Row(TypedDict, total=False):
    needs: list[str]
    pattern: str
    opening: str
    whole: bool


@cache
def signs() -> tuple[Sign, ...]:
    """All signs, in the order of the file."""
    chapters = tomllib.loads(_FILE.read_text("utf-8"))
    words = cast("Mapping[str, str]", chapters.pop("words"))
    return tuple(
        Sign(
            needs=tuple(row["needs"]),
            pattern=_compiled(row["pattern"], words, exact=chapter == _EXACT),
            opening=_compiled(row["opening"], words) if "opening" in row else None,
            whole=row.get("whole", True),
        )
        for chapter, rows in chapters.items()
        for row in cast("list[_Row]", rows)
    )


def _compiled(text: str, words: Mapping[str, str], *, exact: bool = False) -> re.Pattern[str]:
    while named := re.search(r"\{([A-Z_]+)\}", text):
        text = text.replace(named[0], words[named[1]])
    text = text.replace("\n", "")
    return re.compile(text if exact else text.replace(" ", _GAP))
