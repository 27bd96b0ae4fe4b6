"""What the parameters of a remedy may be: a JSON Schema in which everything is bounded, and values held against it."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from pydantic import JsonValue
from referencing import Registry

from bot.placeholders import NAME

Schema = Mapping[str, JsonValue]
Mistake = tuple[tuple[str, ...], str]
"""Where in a schema, and what to write instead."""

LONGEST, MOST_CHOICES, _SAID = 200, 100, 160
ROLE = "x-role"
"""What a parameter stands for, such as ``service``; where nothing is said its name says so."""

_OBJECT = frozenset(("type", "properties", "required", "additionalProperties", "description"))
_ABOUT = frozenset(("type", "title", "description", "default", ROLE))
_KEYS: Mapping[str, frozenset[str]] = {
    "string": _ABOUT | {"enum", "const", "pattern", "maxLength", "minLength"},
    "integer": _ABOUT | {"enum", "const", "minimum", "maximum", "multipleOf"},
    "number": _ABOUT | {"enum", "const", "minimum", "maximum", "multipleOf"},
    "boolean": _ABOUT | {"enum", "const"},
}
_TYPES = "string, integer, number or boolean"
# With these a value could be several words, leave its quotes, or be read as something else by whoever gets it.
_FREE = " \t\n\r\v\f\0'\"`;|&$<>(){}\\"
_PIECE = re.compile(r"\\.|\[\^?(?:\\.|\]|[^\]\\])(?:\\.|[^\]\\])*\]|\(\?.|.", re.DOTALL)
_OPEN = frozenset((".", "\\S", "\\D", "\\W", "\\s"))


def mistakes(schema: Schema) -> Iterator[Mistake]:
    """What is wrong with the schema of a remedy's parameters: it is an object, and each property is bounded."""
    if not schema:
        return
    for key in sorted(schema.keys() - _OBJECT):
        yield (key,), f"no such key; there are: {', '.join(sorted(_OBJECT))}"
    if schema.get("type", "object") != "object":
        yield ("type",), "has to be object"
    if schema.get("additionalProperties", False) is not False:
        yield ("additionalProperties",), "has to be false: what is not listed is refused"
    found = schema.get("properties", {})
    if not isinstance(found, dict):
        yield ("properties",), "write names, and what each may be"
        return
    for name, one in found.items():
        yield from ((("properties", name, *place), said) for place, said in _of_property(name, one))
    yield from _required(schema.get("required"), found)


def normal(schema: Schema) -> dict[str, JsonValue]:
    """A schema without mistakes in full: what has no default is required, and nothing else is taken."""
    found = properties(schema)
    needed: list[JsonValue] = [name for name, one in found.items() if "default" not in one]
    whole: dict[str, JsonValue] = {name: dict(one) for name, one in found.items()}
    return {"type": "object", "properties": whole, "required": needed, "additionalProperties": False}


def properties(schema: Schema) -> Mapping[str, Schema]:
    """The parameters by name, in their order."""
    found = schema.get("properties")
    return {name: one for name, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def role(name: str, schema: Schema) -> str:
    """What a parameter stands for."""
    return str(schema.get(ROLE, name))


def listed(schema: Schema) -> bool:
    """Whether the catalogue itself says which values there are, or that it is a number."""
    return "enum" in schema or "const" in schema or schema.get("type") in ("integer", "number", "boolean")


def misfit(schema: Schema, value: JsonValue) -> str:
    """Why a value does not fit its parameter; empty when it fits. A pattern has to fit all of the value."""
    if said := _unfit(schema, value):
        return said
    wrong = best_match(Draft202012Validator(dict(schema), registry=Registry()).iter_errors(value))
    if wrong is not None:
        return str(wrong.message)[:_SAID]
    pattern = schema.get("pattern")
    if isinstance(value, str) and isinstance(pattern, str) and not re.fullmatch(pattern, value):
        return f"does not match {pattern!r} as a whole"
    return ""


def _unfit(schema: Schema, value: JsonValue) -> str:
    """What JSON Schema does not refuse: numbers that are none, flags, signs that nobody sees."""
    if isinstance(value, float) and not math.isfinite(value):
        return "is no number"
    if not isinstance(value, str):
        return ""
    if len(value) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not value.isprintable() or (value.startswith("-") and not listed(schema)):
        return "begins with - or holds signs that cannot be seen"
    return ""


def meant(schema: Schema, value: JsonValue) -> JsonValue:
    """The number or truth value that a text spells where one is wanted; else the value as it is."""
    wanted = schema.get("type")
    if isinstance(value, float) and wanted == "integer" and value.is_integer():
        return int(value)
    if not isinstance(value, str) or len(value) > 20:
        return value
    if wanted in ("integer", "number") and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if wanted == "number" and re.fullmatch(r"-?[0-9]+\.[0-9]+", value):
        return float(value)
    return value == "true" if wanted == "boolean" and value in ("true", "false") else value


def complete(schema: Schema, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The given values, and the defaults of those that are not given, in the schema's order; strangers come last."""
    known = {
        name: meant(one, given[name]) if name in given else one["default"]
        for name, one in properties(schema).items()
        if name in given or "default" in one
    }
    return {**known, **{name: value for name, value in given.items() if name not in known}}


def misfits(schema: Schema, given: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Every parameter that is missing, not known, or does not fit, and why."""
    known = properties(schema)
    for name in given:
        if name not in known:
            yield name[:40], f"is no parameter of it; there are: {', '.join(known) or 'none'}"
    for name, one in known.items():
        if name not in given:
            yield name, "is missing"
        elif said := misfit(one, given[name]):
            yield name, said


def _required(found: JsonValue, known: Mapping[str, JsonValue]) -> Iterator[Mistake]:
    if found is None:
        return
    if not isinstance(found, list):
        yield ("required",), "write a list of names, or leave it out: what has no default is required"
        return
    for name in found:
        if name not in known:
            yield ("required",), f"{str(name)[:40]!r} is no parameter"
    for name, one in known.items():
        if name not in found and isinstance(one, dict) and "default" not in one:
            yield ("properties", name), "is not required and has no default: give it one"


def _of_property(name: str, one: JsonValue) -> Iterator[Mistake]:
    if not NAME.fullmatch(name):
        yield (), "a parameter's name is made of a-z, 0-9 and _, at most 40 of them"
    if not isinstance(one, dict):
        yield (), f"say what it may be: {_TYPES}, and its bounds"
        return
    kind = one.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        yield ("type",), f"has to be {_TYPES}"
        return
    for key in sorted(one.keys() - _KEYS[kind]):
        yield (key,), f"no such key for a {kind}; there are: {', '.join(sorted(_KEYS[kind]))}"
    try:
        Draft202012Validator.check_schema({key: value for key, value in one.items() if key in _KEYS[kind]})
    except SchemaError as wrong:
        yield tuple(map(str, wrong.absolute_path)), wrong.message[:_SAID]
        return
    found = [*_bounds(kind, one), *_says(one)]
    yield from found
    if not found and "default" in one and (said := misfit(one, one["default"])):
        yield ("default",), said


def _bounds(kind: str, one: Schema) -> Iterator[Mistake]:
    choices = one.get("enum", [one["const"]] if "const" in one else None)
    if isinstance(choices, list):
        if len(choices) > MOST_CHOICES or not all(isinstance(c, str | int | float) for c in choices):
            yield ("enum",), f"at most {MOST_CHOICES} texts, numbers or truth values"
        for choice in choices:
            if said := misfit({"type": kind}, choice):
                yield ("enum",), f"{str(choice)[:40]!r}: {said}"
    elif kind == "string":
        yield from _text(one)
    elif kind != "boolean":
        least, most = one.get("minimum"), one.get("maximum")
        if not isinstance(least, int | float) or not isinstance(most, int | float) or least > most:
            yield (), "needs minimum and maximum: without both it is not bounded"


def _text(one: Schema) -> Iterator[Mistake]:
    pattern, most = one.get("pattern"), one.get("maxLength")
    if not isinstance(pattern, str) or not isinstance(most, int):
        yield (), "needs an enum, or pattern and maxLength: free text is no parameter"
        return
    if not 0 < most <= LONGEST:
        yield ("maxLength",), f"has to be from 1 to {LONGEST}"
    try:
        re.compile(pattern)
    except re.error as wrong:
        yield ("pattern",), f"is no pattern: {wrong}"
        return
    if free := _lets_through(pattern):
        yield ("pattern",), f"lets {free} through; list the signs that it may have, such as [a-z0-9-]"


def _lets_through(pattern: str) -> str:
    """What makes a pattern free text; empty when it lists its signs."""
    for piece in _PIECE.findall(pattern):
        if piece.startswith("[^"):
            return "all but some signs"
        wrong = next((sign for sign in _FREE if re.fullmatch(piece, sign)), "") if piece.startswith("[") else ""
        if wrong or piece in _OPEN or (piece.startswith("(?") and piece != "(?:"):
            return repr(wrong or piece)
    return ""


def _says(one: Schema) -> Iterator[Mistake]:
    said = one.get(ROLE)
    if said is not None and not (isinstance(said, str) and NAME.fullmatch(said)):
        yield (ROLE,), "is one word, such as service"


def choices(schema: Schema) -> Sequence[JsonValue]:
    """The values that the catalogue lists for a parameter; none where it lists none."""
    found = schema.get("enum")
    return found if isinstance(found, list) else [schema["const"]] if "const" in schema else []
