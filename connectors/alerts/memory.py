"""Alerts in our own form: the twin of every system."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import JsonValue, ValidationError

from connectors.alerts.access import Access, Door, received
from connectors.alerts.bodies import Shape, shaped
from connectors.alerts.meaning import same, texts
from connectors.alerts.port import Alert, Call, Notice, Received, Receiver, Refused


class Settings(Access):
    """Who may send."""


class _Body(Shape):
    alerts: tuple[dict[str, JsonValue], ...] = ()
    notices: tuple[Notice, ...] = ()


def _read(body: JsonValue, call: Call) -> Received:
    what = "a list of alerts"
    sent = shaped(_Body, body, what)
    if not (sent.alerts or sent.notices):
        raise Refused(422, f"This is not {what}: it names no alert.", keep=True)
    return received((_alert(one, call) for one in sent.alerts), sent.notices)


def _alert(given: dict[str, JsonValue], call: Call) -> Alert:
    fields = {key: one for key, one in given.items() if one is not None}
    named = {key: one for key, one in fields.items() if key in ("name", "service", "environment", "labels")}
    known = {
        "status": "firing",
        "severity": "warning",
        "started_at": call.received_at,
    }
    found = same(texts(fields).get("fingerprint", ""), named)
    try:
        return Alert.model_validate({**known, **fields, "fingerprint": found, "source": "memory"})
    except ValidationError as mistakes:
        first = mistakes.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:100]
        raise Refused(422, f"This is no alert: {place}: {first['msg']}.", keep=True) from None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Receiver]:
    """Ready at once."""
    yield Door("memory", settings, _read)
