"""What the catalogue writes for a call to another system, and how parameters are put into it without moving it."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote, urlencode

from pydantic import Field, JsonValue, field_validator, model_validator

from connectors.remediation.port import BadSpec, Spec
from connectors.remediation.specs import (
    Shape,
    Slot,
    filled,
    known,
    literal,
    pieces,
    shaped,
    slots,
    structured,
    written,
)

Scalar: TypeAlias = str | int | float | bool

ANSWER = "answer."
"""How names begin that stand for something of the system's own answer."""

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Who we are and where it goes is for the settings to say, how long it is for the client.
_KEPT = frozenset(
    ("authorization", "proxy-authorization", "cookie", "host", "content-length", "transfer-encoding", "connection")
)


class Expect(Shape):
    """What an answer has to be for the remedy to be done."""

    status: Annotated[tuple[int, ...], Field(min_length=1)] = (200, 201, 202, 204)
    values: dict[str, JsonValue] = Field(default={}, alias="json")


class Poll(Shape):
    """Where to ask until the work that was started has ended."""

    path: str
    value: str
    done: Annotated[tuple[Scalar, ...], Field(min_length=1)]
    failed: tuple[Scalar, ...] = ()
    every_seconds: float = Field(default=5, gt=0)
    within_seconds: float = Field(default=600, gt=0)


class Call(Shape):
    """What the catalogue writes under ``run``."""

    target: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str
    query: dict[str, Scalar] = Field(default={})
    headers: dict[str, str] = Field(default={})
    content: JsonValue = Field(default=None, alias="json")
    form: dict[str, Scalar] | None = None
    body: str | None = None
    expect: Expect = Expect()
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    poll: Poll | None = None
    link: str = ""

    @field_validator("path", "link")
    @classmethod
    def _starts_at_the_root(cls, path: str) -> str:
        if path and (not path.startswith("/") or path.startswith("//")):
            raise ValueError("write what follows the target's url, beginning with one /")
        return path

    @model_validator(mode="after")
    def _has_one_body(self) -> "Call":
        if sum(one is not None for one in (self.content, self.form, self.body)) > 1:
            raise ValueError("write one of json, form and body")
        return self

    @property
    def address(self) -> str:
        """Path and query, encoded."""
        return self.path + (f"?{urlencode(as_texts(self.query))}" if self.query else "")


def as_texts(table: Mapping[str, Scalar]) -> dict[str, str]:
    """Values as a query or a form has them."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in table.items()}


def fill_call(spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The same part with every parameter in its place. Raises BadSpec."""
    call = shaped(Call, spec)
    literal(call.target, "target")
    done: dict[str, JsonValue] = {**spec, "path": filled_path(call.path, parameters, "path")}
    if call.query:
        done["query"] = _flat(call.query, parameters, "query")
    if call.headers:
        done["headers"] = {name: _header(name, text, parameters) for name, text in call.headers.items()}
    if call.content is not None:
        done["json"] = structured(call.content, parameters, "json")
    if call.form is not None:
        done["form"] = _flat(call.form, parameters, "form")
    if call.body is not None:
        if slots(call.body, "body"):
            raise BadSpec("body: takes no parameters, which could break out of their place in it; use json or form.")
        done["body"] = literal(call.body, "body")
    if call.expect.values:
        checked = {**call.expect.model_dump(mode="json", by_alias=True)}
        done["expect"] = {**checked, "json": structured(call.expect.values, parameters, "expect.json")}
    return done | _afterwards(call, spec, parameters)


def _afterwards(call: Call, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    done: dict[str, JsonValue] = {}
    poll = spec.get("poll")
    if call.poll and isinstance(poll, dict):
        whole = _is_answer(call.poll.path)
        if not whole and not call.poll.path.startswith("/"):
            raise BadSpec("poll.path: write a path that begins with /, or one {answer.…} that is a path.")
        path = call.poll.path if whole else filled_path(call.poll.path, parameters, "poll.path", later=True)
        done["poll"] = {**poll, "path": path}
    if call.link:
        done["link"] = filled_path(call.link, parameters, "link", later=True)
    return done


def filled_path(text: str, parameters: Mapping[str, JsonValue], where: str, *, later: bool = False) -> str:
    """A path with encoded values, as deep as it is written. ``later`` leaves what the answer will say as it is.

    Raises BadSpec.
    """
    found = []
    for piece in pieces(text, where):
        if isinstance(piece, Slot) and later and piece.name.startswith(ANSWER):
            found.append(f"{{{piece.name}}}")
        elif isinstance(piece, Slot):
            found.append(segment(known(piece.name, parameters, where), piece.name))
        else:
            found.append(_plain(piece, where, anything=where == "link"))
    path = "".join(found)
    if any(part in (".", "..") for part in re.split(r"[/?#]", path)):
        raise BadSpec(f"{where}: {path[:80]} would lead elsewhere; no part of it may be '.' or '..'.")
    return path


def segment(value: JsonValue, name: str) -> str:
    """A value as part of one segment of a path. Raises BadSpec for one that would be several."""
    text = written(value, name)
    # Encoded or not: many a server takes %2F for a slash.
    if re.search(r"[/\\]", text) or text in (".", ".."):
        raise BadSpec(f"{name}: {text[:40]!r} would lead elsewhere in a path; give a value without / and \\.")
    return quote(text, safe="")


def answered(text: str, answer: JsonValue, where: str) -> str:
    """A path with what the answer says in it. Raises BadSpec when it does not say it."""

    def said(slot: Slot) -> str:
        name = slot.name.removeprefix(ANSWER)
        there, value = at(answer, name)
        if not there:
            raise BadSpec(f"{where}: the answer has no {name}")
        return segment(value, slot.name)

    return "".join(said(piece) if isinstance(piece, Slot) else piece for piece in pieces(text, where))


def whole_answer(path: str) -> str | None:
    """The name in the answer that is the whole path, when it is written so."""
    return path[1:-1].removeprefix(ANSWER) if _is_answer(path) else None


def at(answer: JsonValue, place: str) -> tuple[bool, JsonValue]:
    """What lies at a place such as ``job.items.0.id``, and whether anything does."""
    for part in place.split("."):
        if isinstance(answer, dict) and part in answer:
            answer = answer[part]
        elif isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return False, None
    return True, answer


def _is_answer(path: str) -> bool:
    return re.fullmatch(r"\{answer\.[\w.-]+\}", path) is not None


def _plain(text: str, where: str, *, anything: bool) -> str:
    allowed = r"[A-Za-z0-9/._~!$&'()*+,;=:@%?#-]*" if anything else r"[A-Za-z0-9/._~!$&'()*+,;=:@%-]*"
    if not re.fullmatch(allowed, text):
        raise BadSpec(
            f"{where}: {text[:80]!r} holds what an address does not; encode it, and write a query under query."
        )
    return text


def _flat(table: Mapping[str, Scalar], parameters: Mapping[str, JsonValue], where: str) -> dict[str, JsonValue]:
    return {
        literal(key, where): filled(value, parameters, f"{where}.{key}") if isinstance(value, str) else value
        for key, value in table.items()
    }


def _header(name: str, text: str, parameters: Mapping[str, JsonValue]) -> str:
    if not _HEADER.fullmatch(name) or name.lower() in _KEPT:
        raise BadSpec(f"headers.{name}: may not be set by the catalogue; the settings of the target have its headers.")
    value = filled(text, parameters, f"headers.{name}")
    if not (value.isascii() and value.isprintable()):
        raise BadSpec(f"headers.{name}: a header takes plain ASCII alone.")
    return value
