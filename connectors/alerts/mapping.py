"""How the alerts of any system that sends JSON are found: a mapping, written in configuration."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, field_validator

from connectors.alerts.port import as_text, one_line

_STEP = re.compile(r"""([^.\[\]{}]+)|\["([^"\]]+)"\]|\[(\d{1,6})\]|\[([^="\[\]]+)=([^\[\]]*)\]""")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_LONGEST_WORD = 300


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _checked_path(path: str) -> str:
    rest = re.sub(r"(?<=[\w\])])\.(?=.)", "", path)
    if path and _STEP.sub("", rest):
        raise ValueError(
            f"{path!r} is no path; write one such as event.labels.service, faults[0].id, fields[key=team].value"
        )
    return path


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Source(_Written):
    """Where a field comes from: the first of ``paths`` that leads to something, else ``constant``.

    A path with braces is a text with such paths in it: ``{host.name} {check}``.
    """

    paths: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Where it stands: ``event.title``; ``faults[0].id``; ``attributes["service.name"]``; ``fields[key=team].value``
    for an entry of a list."""

    constant: str = ""
    """What it is when no path leads to anything."""

    values: Mapping[str, str] = Field(default_factory=dict)
    """What its values mean to us, for example ``{ "0" = "resolved", "*" = "firing" }``; the first that fits holds."""

    @field_validator("paths")
    @classmethod
    def _lead_somewhere(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            for one in _PLACEHOLDER.findall(path) if "{" in path else (path,):
                _checked_path(one)
        return paths


def _as_source(value: object) -> object:
    return {"paths": value} if isinstance(value, str | list | tuple) else value


Place = Annotated[Source, BeforeValidator(_as_source)]
NOTHING = Source()


class Mapped(_Written):
    """Where each field of an alert stands in a body: a path, a list of paths, or a table; see ``Source``."""

    alerts: str = ""
    """The list of alerts in a body; empty: the body is one."""

    labels: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    """Objects or lists that are labels."""

    blank: tuple[str, ...] = ()
    """Values that stand for nothing, with ``*``: variables that the system did not fill in."""

    status: Place = NOTHING
    """``firing``, ``resolved``, or anything else for what is no alert; ``firing`` when it is not told."""

    fingerprint: Place = NOTHING
    """What is the same in every report of the same trouble; name, service and labels when it is not told."""

    name: Place = NOTHING
    """What the rule or monitor is called; an alert has to have one."""

    service: Place = NOTHING
    """What is in trouble; a label such as ``service`` when it is not told."""

    environment: Place = NOTHING
    """Where; a label such as ``env`` when it is not told."""

    severity: Place = NOTHING
    """How bad it is: critical, error, warning, info, or one of many words that systems have for them."""

    started_at: Place = NOTHING
    """When it began, in any usual form; when we heard of it when it is not told."""

    ended_at: Place = NOTHING
    """When it ended."""

    summary: Place = NOTHING
    """The trouble in one line."""

    description: Place = NOTHING
    """The trouble in more words."""

    link: Place = NOTHING
    """A page about it."""

    runbook: Place = NOTHING
    """A page that says what to do."""

    value: Place = NOTHING
    """What was measured."""

    generator: Place = NOTHING
    """What raised it: a query, or a rule."""

    @field_validator("alerts", "labels")
    @classmethod
    def _lead_somewhere(cls, paths: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for path in (paths,) if isinstance(paths, str) else paths:
            _checked_path(path)
        return paths


def at(body: JsonValue, path: str) -> JsonValue:
    """What stands at a path; None when nothing does."""
    for name, quoted, index, key, wanted in _STEP.findall(path):
        if name or quoted:
            body = body.get(name or quoted) if isinstance(body, dict) else None
        elif index:
            body = body[int(index)] if isinstance(body, list) and int(index) < len(body) else None
        else:
            body = _entry(body, key, wanted)
    return body


def found(source: Source, body: JsonValue, blank: tuple[str, ...] = ()) -> str:
    """The text of a field; empty when it is not told."""
    told = (_told(path, body, blank) for path in source.paths)
    text = next((one for one in told if one), source.constant)
    return _meant(text, source.values) if source.values else text


def _told(path: str, body: JsonValue, blank: tuple[str, ...]) -> str:
    if "{" not in path:
        value = at(body, path)
        text = "" if isinstance(value, dict | list) else as_text(value).strip()
        return "" if _blank(text, blank) else text
    parts = {one: _told(one, body, blank) for one in _PLACEHOLDER.findall(path)}
    return _PLACEHOLDER.sub(lambda place: parts[place[1]], path) if all(parts.values()) else ""


def _meant(text: str, values: Mapping[str, str]) -> str:
    plain = one_line(text, _LONGEST_WORD).lower()
    return next((meaning for word, meaning in values.items() if _pattern(word.lower()).match(plain)), text)


def _blank(text: str, blank: tuple[str, ...]) -> bool:
    return not text or any(_pattern(word.lower()).match(text[:_LONGEST_WORD].lower()) for word in blank)


@lru_cache(maxsize=1024)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(translate(word))


def _entry(body: JsonValue, key: str, wanted: str) -> JsonValue:
    entries: Iterator[JsonValue] = iter(body if isinstance(body, list) else ())
    return next((one for one in entries if isinstance(one, dict) and as_text(one.get(key)) == wanted), None)
