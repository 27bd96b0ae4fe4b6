"""The glossary of operations, ours and the team's: what else a thing is called, in both languages."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from connectors.configuration import BadSettings

_FILE = Path(__file__).with_name("glossary.toml")


class BadGlossary(BadSettings):
    """The team's glossary cannot be used; the message says where and why."""


class Glossary:
    """Words that stand for each other. A term inside a longer term does not count."""

    def __init__(self, same: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        """``same`` pairs terms with what else may be said for each of them; the earlier pairs come first."""
        table: dict[str, dict[str, None]] = {}
        for terms, others in same:
            for term in filter(None, map(_key, map(str.lower, terms))):
                table.setdefault(term, {}).update(dict.fromkeys(one for one in others if _key(one.lower()) != term))
        self._table = {term: tuple(words) for term, words in table.items()}
        longest_first = sorted(table, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_pattern, longest_first)) or r"(?!)")

    def equivalents(self, text: str) -> tuple[str, ...]:
        """What else the terms of a text are called, in its order, each once."""
        found = (words for match in self._pattern.finditer(text.lower()) for words in self._table[self._term(match[0])])
        return tuple(dict.fromkeys(found))

    def _term(self, found: str) -> str:
        key = _key(found)
        return next(form for form in (key, key.removesuffix("s"), key.removesuffix("es")) if form in self._table)


@cache
def read_glossary(team: Path | None = None) -> Glossary:
    """Ours, and a team's on top: a TOML file whose list ``same`` holds lists of words that mean the same.

    Raises BadGlossary.
    """
    return Glossary([*(_team(team) if team else ()), *_ours()])


def _ours() -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    for chapter in tomllib.loads(_FILE.read_text("utf-8")).values():
        for chinese, english in chapter.items():
            yield [chinese], english
            yield english, [chinese]


def _team(path: Path) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    try:
        rows = tomllib.loads(path.read_text("utf-8")).get("same", [])
    except OSError as failure:
        raise BadGlossary(f"{path} cannot be read ({failure.strerror}); check knowledge.glossary.") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
        raise BadGlossary(f"{path} is no TOML file: {mistake}") from mistake
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        if not isinstance(row, list) or len(row) < 2 or not all(isinstance(word, str) and word.strip() for word in row):
            raise BadGlossary(f'{path}: entry {number} of `same` must list two words or more, as ["cart", "basket"].')
        yield row, row


def _key(term: str) -> str:
    return " ".join(re.sub(r"[-_\s]+", " ", term).split())


def _pattern(term: str) -> str:
    if not term.isascii():
        return re.escape(term)
    words = r"[-_\s]+".join(re.escape(word) for word in term.split(" "))
    return rf"(?<![a-z0-9]){words}(?:s|es)?(?![a-z0-9])"
