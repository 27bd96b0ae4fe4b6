"""Our glossary of operations: the other language's words for a text, so that word-for-word search crosses over."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("glossary.toml")


def other_language(text: str) -> tuple[str, ...]:
    """Translations of the ops terms in a text, in its order, each once; a term inside a longer term does not count."""
    table, pattern = _compiled()
    found = (words for match in pattern.finditer(text.lower()) for words in table[_term(match[0], table)])
    return tuple(dict.fromkeys(found))


def _term(found: str, table: Mapping[str, tuple[str, ...]]) -> str:
    key = _key(found)
    return next(form for form in (key, key.removesuffix("s"), key.removesuffix("es")) if form in table)


def _key(term: str) -> str:
    return " ".join(re.sub(r"[-_\s]+", " ", term).split())


@cache
def _compiled() -> tuple[Mapping[str, tuple[str, ...]], re.Pattern[str]]:
    table: dict[str, dict[str, None]] = {}
    for chapter in tomllib.loads(_FILE.read_text("utf-8")).values():
        for chinese, english in chapter.items():
            for words in english:
                table.setdefault(_key(chinese.lower()), {})[words] = None
                table.setdefault(_key(words.lower()), {})[chinese] = None
    longest_first = sorted(table, key=len, reverse=True)
    return {term: tuple(words) for term, words in table.items()}, re.compile("|".join(map(_pattern, longest_first)))


def _pattern(term: str) -> str:
    if not term.isascii():
        return re.escape(term)
    words = r"[-_\s]+".join(re.escape(word) for word in term.split(" "))
    return rf"(?<![a-z0-9]){words}(?:s|es)?(?![a-z0-9])"
