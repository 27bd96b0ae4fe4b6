"""Parameters in the texts of a remedy: names in braces, put into their places; doubled braces are braces."""

import json
import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a parameter may be called."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class BadText(ValueError):
    """A text whose braces cannot be read; the message says what to write instead."""


def named(value: JsonValue) -> Iterator[str]:
    """The parameters that the texts of a value name, in their order. Raises BadText."""
    for text in _texts(value):
        for token in _TOKEN.finditer(text):
            _check(token)
            if token[1] is not None:
                yield token[1]


def fill(value: JsonValue, parameters: Mapping[str, JsonValue]) -> JsonValue:
    """The value with every parameter in its place; one that is all of a text keeps its type.

    Raises BadText, also for a name that is no parameter.
    """
    if isinstance(value, list):
        return [fill(one, parameters) for one in value]
    if isinstance(value, dict):
        return {key: fill(one, parameters) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{([^{}]+)\}", value)
    return _known(whole[1], parameters) if whole else fill_text(value, parameters)


def fill_text(text: str, parameters: Mapping[str, JsonValue]) -> str:
    """The text with every parameter in its place. Raises BadText, also for a name that is no parameter."""
    return _TOKEN.sub(lambda token: _filled(token, parameters), text)


def _filled(token: re.Match[str], parameters: Mapping[str, JsonValue]) -> str:
    _check(token)
    if token[1] is None:
        return token[0][0]
    value = _known(token[1], parameters)
    return value if isinstance(value, str) else json.dumps(value)


def _known(name: str, parameters: Mapping[str, JsonValue]) -> JsonValue:
    if name not in parameters:
        raise BadText(f"{{{name}}} is no parameter; there are: {', '.join(parameters) or 'none'}")
    return parameters[name]


def _check(token: re.Match[str]) -> None:
    if token[1] is None and len(token[0]) == 1:
        raise BadText(f"a brace stands alone; write {token[0] * 2} for the sign itself")
    if token[1] is not None and not NAME.fullmatch(token[1]):
        raise BadText(f"{token[0][:40]} is no name of a parameter; write {{{{ and }}}} for braces themselves")


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
