"""What a catalogue entry says to an executor: its shape, and parameters that are put into their places."""

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from connectors.remediation.port import Action, ApprovedAction, BadSpec, RemediationUnavailable, Spec

LONGEST = 1000
"""Characters of a parameter's value, at most."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
# Control and format signs, halves of pairs, separators of lines: what a card does not show, a person does not approve.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


class Shape(BaseModel):
    """What an executor understands of an entry; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Slot(NamedTuple):
    """The place of a parameter in a text."""

    name: str


S = TypeVar("S", bound=Shape)


def shaped(shape: type[S], spec: Spec) -> S:
    """The entry's part, checked against a shape. Raises BadSpec, which names the key and what may be written."""
    try:
        return shape.model_validate(dict(spec))
    except ValidationError as mistakes:
        first = mistakes.errors(include_input=False, include_url=False, include_context=False)[0]
        place = tuple(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise BadSpec(f"{'.'.join(place)}: no such key; {_hint(place, shape)}") from None
        if first["type"] == "missing":
            raise BadSpec(f"{'.'.join(place)}: is missing; write it.") from None
        raise BadSpec(f"{'.'.join(place) or 'this part'}: {first['msg'].removeprefix('Value error, ')}.") from None


def pieces(text: str, where: str) -> tuple[str | Slot, ...]:
    """A text cut at its parameters; doubled braces are single ones of the text itself. Raises BadSpec."""
    found: list[str | Slot] = []
    end = 0
    for token in _TOKEN.finditer(text):
        found.append(text[end : token.start()])
        end = token.end()
        if token[1] is None and len(token[0]) == 1:
            raise BadSpec(f"{where}: a brace stands alone; write {token[0] * 2} for the sign itself.")
        if token[1] is None:
            found.append(token[0][0])
            continue
        if not _NAME.fullmatch(token[1]):
            raise BadSpec(f"{where}: {token[0]} is no name of a parameter; write {{{{ and }}}} for braces themselves.")
        found.append(Slot(token[1]))
    return tuple(piece for piece in (*found, text[end:]) if piece)


def slots(text: str, where: str) -> list[str]:
    """The parameters that a text names. Raises BadSpec."""
    return [piece.name for piece in pieces(text, where) if isinstance(piece, Slot)]


def literal(text: str, where: str) -> str:
    """A text that may name no parameter. Raises BadSpec."""
    if named := slots(text, where):
        raise BadSpec(f"{where}: takes no parameter, but names {{{named[0]}}}; write the text itself.")
    return "".join(piece for piece in pieces(text, where) if isinstance(piece, str))


def known(name: str, parameters: Mapping[str, JsonValue], where: str) -> JsonValue:
    """A parameter's value. Raises BadSpec for one that the remedy does not have."""
    if name not in parameters:
        there = ", ".join(parameters) or "none"
        raise BadSpec(f"{where}: {{{name}}} is no parameter of this remedy; there are: {there}.")
    return parameters[name]


def written(value: JsonValue, name: str) -> str:
    """A value as one short text without signs that cannot be seen. Raises BadSpec for every other."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    if not isinstance(value, str):
        raise BadSpec(f"{name}: has to be one text, number or truth value.")
    if not value.strip():
        raise BadSpec(f"{name}: is empty; give a value.")
    if len(value) > LONGEST:
        raise BadSpec(f"{name}: has {len(value)} characters; at most {LONGEST} are taken.")
    unseen = next((sign for sign in value if unicodedata.category(sign) in _UNSEEN), None)
    if unseen is not None:
        raise BadSpec(f"{name}: holds U+{ord(unseen):04X}, a line break or a sign that cannot be seen; leave it out.")
    return value


def filled(
    text: str,
    parameters: Mapping[str, JsonValue],
    where: str,
    encode: Callable[[str, str], str] = lambda value, name: value,
) -> str:
    """The text with every parameter in its place. ``encode`` gets a value and its parameter's name. Raises BadSpec."""
    return "".join(
        piece
        if isinstance(piece, str)
        else encode(written(known(piece.name, parameters, where), piece.name), piece.name)
        for piece in pieces(text, where)
    )


def structured(value: JsonValue, parameters: Mapping[str, JsonValue], where: str) -> JsonValue:
    """The same JSON with parameters in its texts; one that is all of a text keeps its type. Raises BadSpec."""
    if isinstance(value, list):
        return [structured(one, parameters, f"{where}.{number}") for number, one in enumerate(value)]
    if isinstance(value, dict):
        return {literal(key, where): structured(one, parameters, f"{where}.{key}") for key, one in value.items()}
    if not isinstance(value, str):
        return value
    match pieces(value, where):
        case (Slot(name),):
            whole = known(name, parameters, where)
            written(whole, name)
            return whole
    return filled(value, parameters, where)


def require_time(approved: ApprovedAction, now: datetime) -> None:
    """Raises RemediationUnavailable when the approval has ended."""
    if now >= approved.until:
        raise RemediationUnavailable(f"The approval ended at {approved.until:%Y-%m-%d %H:%M:%S %Z}; ask for a new one.")


def require_rehearsal(action: Action) -> None:
    """Raises RemediationUnavailable when the action has no dry run."""
    if not action.rehearsal:
        raise RemediationUnavailable(f"{action.remedy} has no dry run; its entry says none under rehearsal.")


def _hint(place: Collection[str], shape: type[BaseModel]) -> str:
    *above, wrong = place
    at: type[BaseModel] | None = shape
    for part in above:
        field = at.model_fields.get(part) if at else None
        kinds = getattr(field.annotation, "__args__", (field.annotation,)) if field else ()
        at = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    valid = [field.alias or name for name, field in at.model_fields.items()] if at else []
    near = difflib.get_close_matches(wrong, valid, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(valid)}."
