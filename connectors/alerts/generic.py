"""Alerts of any system that sends JSON, by a mapping in configuration or one that we bring along (``known.toml``)."""

import re
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from connectors.alerts.access import Door, SignedAccess, equal, received
from connectors.alerts.mapping import Mapped, Source, at, found
from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, tags
from connectors.alerts.moments import moment, span, zone_named
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Refused, Severity, Status, web_link

_MOST_ALERTS = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,50}")
_STATUSES: Mapping[str, Status] = {"firing": "firing", "resolved": "resolved"}


@cache
def known() -> Mapping[str, Mapped]:
    """The mappings that we bring along, by the names of their systems."""
    text = Path(__file__).with_name("known.toml").read_text(encoding="utf-8")
    return {name: Mapped.model_validate(table) for name, table in tomllib.loads(text).items()}


class System(SignedAccess):
    """One system: who may send, and where the fields of its alerts stand."""

    model_config = ConfigDict(extra="forbid")

    known: str = ""
    """A mapping that is brought along, by its name, such as ``checkmk``; ``mapping`` is laid over it."""

    mapping: Mapped = Mapped()
    """Where the fields stand."""

    signature_header: str = "X-Signature"
    """The header of the signature: HMAC-SHA256 of the body in hexadecimal, with or without ``sha256=`` before it."""

    timezone: str = "UTC"
    """The time zone of times that say none."""

    severity: Severity = "warning"
    """How bad an alert is that does not say."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        zone_named(name)
        return name

    @model_validator(mode="after")
    def _has_a_mapping(self) -> "System":
        if self.known and self.known not in known():
            raise ValueError(f"known: there is no {self.known!r}; there are {', '.join(sorted(known()))}")
        if not self.whole.name.paths and not self.whole.name.constant:
            raise ValueError("mapping.name: say where the name of an alert stands, or set known")
        return self

    @property
    def whole(self) -> Mapped:
        """The mapping, with what is brought along below it."""
        below = known().get(self.known, Mapped())
        return below.model_copy(update={name: getattr(self.mapping, name) for name in self.mapping.model_fields_set})


class Settings(BaseModel):
    """The systems; each posts to ``/alerts/generic/NAME``."""

    systems: Mapping[str, System] = Field(min_length=1)
    """One table for each system, under the name that it is called by."""

    @field_validator("systems")
    @classmethod
    def _have_names(cls, systems: Mapping[str, System]) -> Mapping[str, System]:
        bad = next((name for name in systems if not _NAME.fullmatch(name)), None)
        if bad is not None:
            raise ValueError(f"{bad!r}: a system's name has small letters, digits, - and _")
        return systems


@dataclass(frozen=True)
class Systems:
    """Takes the calls of all of them, each at an address of its own."""

    doors: Mapping[str, Door]
    name: str = "generic"

    @property
    def max_bytes(self) -> int:
        """The size of the largest body that any of them takes."""
        return max(door.max_bytes for door in self.doors.values())

    async def receive(self, call: Call) -> Received:
        """What the call says, to the system that is named last in its path. Raises ``Refused``."""
        door = self.doors.get(call.path.rstrip("/").rpartition("/")[2])
        if door is None:
            message = "No system is set up at this address; it ends in the name of a table in systems."
            raise Refused(404, message, keep=False)
        return await door.receive(call)


def _genuine(system: System, call: Call) -> bool:
    if system.secret is None:
        return True
    given = call.headers.get(system.signature_header.lower(), "").lower().removeprefix("sha256=")
    return equal(given, system.digest(call.body))


def _read(name: str, system: System, body: JsonValue, call: Call) -> Received:
    mapped = system.whole
    bodies = at(body, mapped.alerts) if mapped.alerts else body
    listed = bodies if isinstance(bodies, list) else [bodies]
    if not listed or len(listed) > _MOST_ALERTS or not all(isinstance(one, dict) for one in listed):
        where = mapped.alerts or "the body"
        raise Refused(
            422, f"This is not an alert of {name}: {where} has to be an object, or a list of them.", keep=True
        )
    outcomes = [_outcome(name, system, mapped, one, call) for one in listed]
    alerts = [one for one in outcomes if isinstance(one, Alert)]
    return received(alerts, [one for one in outcomes if isinstance(one, Notice)])


def _outcome(name: str, system: System, mapped: Mapped, body: JsonValue, call: Call) -> Alert | Notice:
    texts = {key: found(getattr(mapped, key), body, mapped.blank) for key in _FIELDS}
    texts["original"] = found(Source(paths=mapped.severity.paths), body, mapped.blank)
    told = texts["status"].lower() or "firing"
    if told not in _STATUSES:
        return Notice(kind="other", text=f"{name}: {told} {texts['name']} {texts['summary']}")
    if not texts["name"]:
        places = " or ".join(mapped.name.paths)
        raise Refused(422, f"This is not an alert of {name}: it has no name, which is read from {places}.", keep=True)
    labels = {key: one for path in mapped.labels for key, one in tags(at(body, path)).items()}
    return _alert(name, system, texts, labels, call)


def _alert(name: str, system: System, texts: Mapping[str, str], labels: Mapping[str, str], call: Call) -> Alert:
    status = _STATUSES[texts["status"].lower() or "firing"]
    zone = zone_named(system.timezone)
    start, end = moment(texts["started_at"], zone), moment(texts["ended_at"], zone)
    began, ended = span(over=status == "resolved", start=start, end=end, now=call.received_at)
    service = texts["service"] or labelled(labels, SERVICE)
    source = f"generic/{name}"
    return Alert(
        source=source,
        fingerprint=same(texts["fingerprint"], source, texts["name"], service, sorted(labels.items())),
        status=status,
        name=first(texts["name"]),
        service=service,
        environment=texts["environment"] or labelled(labels, ENVIRONMENT),
        severity=severity(texts["severity"], otherwise=system.severity),
        original_severity=texts["original"],
        started_at=began,
        ended_at=ended,
        summary=texts["summary"] or texts["name"],
        description=texts["description"],
        labels=labels,
        link=texts["link"],
        runbook=web_link(texts["runbook"]) or runbook(labels),
        value=texts["value"],
        generator=texts["generator"],
    )


_FIELDS = tuple(name for name in Mapped.model_fields if name not in ("alerts", "labels", "blank"))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Systems({name: _door(name, system) for name, system in settings.systems.items()})


def _door(name: str, system: System) -> Door:
    return Door(
        f"generic/{name}",
        system,
        lambda body, call: _read(name, system, body, call),
        lambda call: _genuine(system, call),
    )
