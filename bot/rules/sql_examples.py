"""Verified examples: which of them ask what a question asks, and what may be taken over from their queries."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.rules.sql_descriptions import Example
from bot.rules.sql_linking import find_values
from bot.rules.terms import Terms
from connectors.sql.port import Schema

MOST = 2
# Words shared of all words, values left out; and the cosine from which two questions are one in other words: measured
# on pairs of paraphrases and of translations, see the tests.
_SHARED, _SIMILAR = 0.5, 0.6
# Texts that something is compared with; of a list the first one.
_COMPARED = re.compile(r"(?:=|<>|\bI?LIKE|\bIN\s*\()\s*'((?:[^']|'')*)'", re.IGNORECASE)
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.:,/-]*")


def word_for_word(text: str, examples: Sequence[Example]) -> Example | None:
    """The example whose question this is, but for case, blanks and punctuation."""
    asked = _bare(text)
    return next((one for one in examples if asked and _bare(one.question) == asked), None)


def alike(
    text: str, examples: Sequence[Example], schema: Schema, terms: Terms, similar: Mapping[int, float]
) -> list[Example]:
    """The examples that ask the same of other values, best first; ``similar`` is the cosine by an example's number."""
    asked = _form(text, schema, terms)
    scored = [
        (max(_overlap(asked, _form(one.question, schema, terms)) / _SHARED, similar.get(number, 0.0) / _SIMILAR), one)
        for number, one in enumerate(examples)
    ]
    near = sorted((pair for pair in scored if pair[0] >= 1), key=lambda pair: -pair[0])
    return [one for _, one in near[:MOST]]


def compared(sql: str) -> Iterator[str]:
    """The texts that a query compares something with."""
    return (text.replace("''", "'") for text in _COMPARED.findall(sql))


def constants(example: Example) -> list[str]:
    """The texts in its query that its question does not say: what the team means by the question's words."""
    said = example.question.casefold()
    return [text for text in compared(example.sql) if text.casefold() not in said]


def _bare(text: str) -> str:
    return "".join(re.findall(r"\w+", text.casefold()))


def _form(text: str, schema: Schema, terms: Terms) -> frozenset[str]:
    """The words of a question without what changes from one asking to the next."""
    for value in find_values(text, schema):
        text = re.sub(re.escape(value.words), " ", text, flags=re.IGNORECASE)
    return terms(_VARIABLE.sub(" ", text))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))
