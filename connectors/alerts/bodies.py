"""Bodies of calls: JSON within bounds, checked against a shape; what does not fit is refused in a sentence."""

import json
import math
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator

from connectors.alerts.port import Call, Refused, one_line

S = TypeVar("S", bound="Shape")
_DEEPEST, _MOST_VALUES, _LONGEST_NUMBER = 32, 1_000_000, 40
_PLAIN = ("", "text/plain")


class _Unusable(ValueError):
    """JSON that we do not take; the message says why."""


class Shape(BaseModel):
    """What a body has to look like; what it has besides is left aside, and null is the same as nothing."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        if isinstance(value, dict):
            return {key: one for key, one in value.items() if one is not None}
        return value


def parsed(call: Call) -> JsonValue:
    """The JSON of a call. Raises ``Refused``: 415 for another format, 422 for what cannot be read."""
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (media_type in _PLAIN or media_type == "application/json" or media_type.endswith("+json")):
        said = one_line(media_type, 60)
        raise Refused(415, f"This is sent as {said}; send JSON, with Content-Type: application/json.", keep=True)
    if call.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused(415, "The body is compressed; send it as it is, without Content-Encoding.", keep=True)
    if not call.body.strip():
        raise Refused(422, "The body is empty; send the alert as JSON.", keep=False)
    return read(call.body)


def read(body: bytes | str) -> JsonValue:
    """JSON within our bounds. Raises ``Refused`` (422)."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        found: JsonValue = json.loads(text, parse_int=_int, parse_float=_float, parse_constant=_constant)
        _count(found)
    except UnicodeDecodeError:
        raise Refused(422, "The body is not UTF-8; send JSON in UTF-8.", keep=True) from None
    except RecursionError:
        raise Refused(422, f"The JSON is nested deeper than {_DEEPEST} levels.", keep=True) from None
    except json.JSONDecodeError as broken:
        place = f"line {broken.lineno}, column {broken.colno}"
        raise Refused(422, f"The body is not JSON: {broken.msg} at {place}.", keep=True) from None
    except _Unusable as why:
        raise Refused(422, f"The JSON cannot be used: {why}.", keep=True) from None
    return found


def shaped(shape: type[S], body: JsonValue, what: str) -> S:
    """The body in its shape. Raises ``Refused`` (422) that names the places where it does not fit."""
    if not isinstance(body, dict):
        raise Refused(422, f"This is not {what}: the body has to be a JSON object.", keep=True)
    try:
        return shape.model_validate(body)
    except ValidationError as mistakes:
        found = mistakes.errors(include_url=False, include_context=False, include_input=False)[:3]
        places = (".".join(map(str, one["loc"])) for one in found)
        said = "; ".join(f"{one_line(at, 100)}: {one['msg']}" for at, one in zip(places, found, strict=True))
        raise Refused(422, f"This is not {what}: {said}.", keep=True) from None


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _Unusable(f"a number has more than {_LONGEST_NUMBER} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Unusable("a number is too large")
    return number


def _constant(name: str) -> float:
    raise _Unusable(f"{name} is no JSON number")


def _count(body: JsonValue) -> None:
    level: list[JsonValue] = [body]
    total = 0
    for _ in range(_DEEPEST + 1):
        total += len(level)
        if total > _MOST_VALUES:
            raise _Unusable(f"it has more than {_MOST_VALUES} values")
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise _Unusable(f"it is nested deeper than {_DEEPEST} levels")


def _inside(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
