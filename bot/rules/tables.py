"""Reads pipe tables whose columns are environments: a row says another number for staging than for production."""

import re
from collections.abc import Callable, Iterator, Sequence

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")

Environments = Callable[[str], tuple[str, ...]]
"""The environments that a text names."""


def wrong_column(text: str, source: str, asked: Sequence[str], environments: Environments) -> bool:
    """Whether a number in ``text`` stands, in the tables of ``source``, only in columns of other environments.

    ``asked`` are the environments the question is about; those that the text itself names come first.
    """
    wanted = set(environments(text) or asked)
    if not wanted:
        return False
    numbers = set(_NUMBER.findall(text))
    right, wrong = set[str](), set[str]()
    for header, row in _rows(source):
        for title, cell in zip(header, row, strict=False):
            named = set(environments(title))
            if named:
                (right if named & wanted else wrong).update(_NUMBER.findall(cell))
    outside = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("|"))
    return any(number in wrong - right and number not in _NUMBER.findall(outside) for number in numbers)


def _rows(source: str) -> Iterator[tuple[list[str], list[str]]]:
    header: list[str] = []
    lines = source.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.lstrip().startswith("|"):
            header = []
        elif _RULE.match(following):
            header = _cells(line)
        elif header and not _RULE.match(line):
            yield header, _cells(line)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
