"""Admits the arguments that a model chose for a tool: none carries a secret, and none carries news to a stranger.

What a model has read may hold orders to it. Systems of the house are asked with whatever it found there. A tool that
reaches beyond, an address on the net or other people's server, is only told what a person said, what the team's own
files say, or what that same server said before: so nothing that was read in one place leaves for another (the "lethal
trifecta" of private data, untrusted content and a way out, https://simonwillison.net/2025/Jun/16/the-lethal-trifecta/).
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from bot.guards.redaction import redact
from connectors.tools.port import Arguments, Kind, Tool

BEYOND: frozenset[Kind] = frozenset(("network", "other"))
"""Kinds of tools that reach beyond the house's own systems."""

MOST_FREE = 4
"""How many short numbers and times a call may have that nobody said: a start, an end, a step and a limit."""

_WORD = re.compile(r"[^\W_]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_COUNT = re.compile(r"\d{1,4}[smhdw]?")


class Refused(Exception):
    """The call is not made; the message says why."""


def admit(tool: Tool, arguments: Arguments, known: str) -> Arguments:
    """The arguments as they are. ``known`` is all that this tool may be told. Raises Refused."""
    texts = list(_texts(dict(arguments)))
    if any(redact(text).hidden for text in texts):
        raise Refused(f"{tool.name} was not asked: its arguments hold a secret.")
    if tool.kind not in BEYOND:
        return arguments
    allowed = {*_words(known), *_words(" ".join(_texts(dict(tool.arguments))))}
    news = [word for text in texts for word in _words(_TIME.sub(" ", text)) if word not in allowed]
    free = [word for word in news if _COUNT.fullmatch(word)] + [time for text in texts for time in _TIME.findall(text)]
    # Not which words: they may be what must not get out, and this is for the log.
    if len(free) > MOST_FREE or not all(_COUNT.fullmatch(word) for word in news):
        raise Refused(
            f"{tool.name} was not asked: it reaches beyond this house, and nobody said what it would be told."
        )
    return arguments


def _words(text: str) -> list[str]:
    return list(map(str.casefold, _WORD.findall(text)))


def _texts(value: JsonValue) -> Iterator[str]:
    """Every text and number in a value, and every name of a member."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
