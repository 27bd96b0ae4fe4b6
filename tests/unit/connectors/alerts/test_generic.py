"""A mapping in configuration: paths, texts made of them, what values mean, and what it refuses."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.alerts.generic import known
from connectors.alerts.mapping import Mapped, Source, at, found
from connectors.alerts.port import Call, Received, Refused
from connectors.configuration import BadSettings
from connectors.load import load
from tests.contracts.alert_vendors import HERE, NOW, ROOTS, SECRET

BODY: Any = {
    "event": {"title": "Slow", "faults": [{"id": 7}, {"id": 8}], "ok": False, "none": None},
    "dotted.name": 1,
    "fields": [{"key": "team", "value": "shop"}, {"key": "level", "value": "$LEVEL"}, "stray"],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [("event.title", "Slow"), ("event.faults[1].id", 8), ("fields[key=team].value", "shop"),
     ("event.faults[2].id", None), ("fields[key=none].value", None), ("event.title.more", None),
     ("nothing", None), ("event.none", None), ('["dotted.name"]', 1)],
)  # fmt: skip
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: object) -> None:
    assert at(BODY, path) == value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (Source(paths=("nothing", "event.title")), "Slow"),
        (Source(paths=("{event.title} of {fields[key=team].value}",)), "Slow of shop"),
        (Source(paths=("{event.title} of {nothing}",), constant="other"), "other"),
        (Source(paths=("event.faults[0].id",)), "7"),
        (Source(paths=("event.ok",), values={"false": "resolved"}), "resolved"),
        (Source(paths=("event.title",), values={"s*": "first", "*": "second"}), "first"),
        (Source(paths=("event.title",), values={"x": "y"}), "Slow"),
        (Source(paths=("fields[key=level].value",)), ""),
        (Source(paths=("event",)), ""),
    ],
)
def test_a_field_is_found(source: Source, text: str) -> None:
    assert found(source, BODY, blank=("$*",)) == text


@pytest.mark.parametrize("path", ["a..b", "a[", "a[x]", "a]b", "{a[}", "a.", "a[-1]", 'a[""]'])
def test_a_path_that_leads_nowhere_is_refused_at_start(path: str) -> None:
    with pytest.raises(ValidationError, match="is no path"):
        Mapped(name=path)  # type: ignore[arg-type]  # as it is written in a file


@pytest.mark.parametrize("table", [{"titel": "event.title"}, {"alerts": "a[x"}, {"labels": ["a", "b..c"]}], ids=str)
def test_a_mapping_that_cannot_work_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Mapped.model_validate(table)


def test_what_is_brought_along_is_sound() -> None:
    assert all(mapped.name.paths for mapped in known().values())
    assert len(known()) == 13


async def sent(systems: str, path: str, body: bytes, **headers: str) -> Received:
    async with load("alerts", "generic", tomllib.loads(systems), ROOTS) as receiver:
        call = Call(body=body, path=path, headers=headers, client="127.0.0.1", received_at=NOW)
        received: Received = await receiver.receive(call)
        return received


TWO = f"""
[systems.shop]
token = "{SECRET}"
severity = "error"
mapping = {{ alerts = "items", name = "title", status = {{ paths = "up", values = {{ "true" = "resolved", "*" = "firing" }} }}, labels = "tags" }}

[systems.mine]
known = "checkmk"
trusted_networks = ["127.0.0.1"]
timezone = "Europe/Riga"
mapping = {{ name = "summary" }}
"""  # noqa: E501


async def test_a_list_of_alerts_with_labels() -> None:
    body = b'{"items": [{"title": "Slow", "up": false, "tags": ["service:cart"]}, {"title": "Fast", "up": "true"}]}'

    with pytest.raises(Refused):
        await sent(TWO, "/alerts/generic/shop", body)
    found = await sent(TWO, "/alerts/generic/shop", body, authorization=f"Bearer {SECRET}")
    assert [(one.name, one.service, one.severity) for one in found.alerts] == [
        ("Slow", "cart", "error"),
        ("Fast", "", "error"),
    ]
    assert {one.source for one in found.alerts} == {"generic/shop"}


async def test_a_mapping_is_laid_over_what_is_brought_along() -> None:
    body = b'{"summary": "Disk full", "host": "web-1", "site": "a", "notification_type": "PROBLEM", "service": "Disk", '
    body += b'"severity": "CRIT", "short_date_time": "2026-11-20 13:00:00"}'

    (alert,) = (await sent(TWO, "/alerts/generic/mine/", body)).alerts
    assert (alert.name, alert.fingerprint, alert.severity) == ("Disk full", "a/web-1/Disk", "critical")
    assert alert.started_at.hour == 11


async def test_what_is_neither_firing_nor_over_is_a_notice() -> None:
    body = b'{"summary": "Disk full", "host": "web-1", "notification_type": "ACKNOWLEDGEMENT"}'

    (notice,) = (await sent(TWO, "/alerts/generic/mine", body)).notices
    assert notice.text == "mine: acknowledgement Disk full Disk full"


@pytest.mark.parametrize("path", ["/alerts/generic", "/alerts/generic/", "/alerts/generic/other", ""])
async def test_another_address_is_not_found(path: str) -> None:
    with pytest.raises(Refused) as refusal:
        await sent(TWO, path, b"{}")
    assert refusal.value.status == 404


async def test_a_name_that_is_missing_is_asked_for() -> None:
    with pytest.raises(Refused, match="it has no name, which is read from summary"):
        await sent(TWO, "/alerts/generic/mine", b'{"host": "web-1"}')


@pytest.mark.parametrize(
    ("systems", "why"),
    [
        ({}, "at least 1"),
        ({"a b": {"known": "checkmk", **HERE}}, "small letters"),
        ({"a": {"known": "nagios", **HERE}}, "there is no 'nagios'"),
        ({"a": HERE}, "where the name of an alert stands"),
        ({"a": {"known": "checkmk", "tokken": SECRET, **HERE}}, "tokken"),
        ({"a": {"known": "checkmk"}}, "say who may call"),
    ],
)
async def test_settings_that_cannot_work_are_refused(systems: dict[str, object], why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        load("alerts", "generic", {"systems": systems}, ROOTS)
