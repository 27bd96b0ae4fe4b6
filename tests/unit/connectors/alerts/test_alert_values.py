"""An alert holds nothing that is too long, cannot be seen, or leads anywhere but to a web page."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.alerts.port import Alert

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def alert(**more: Any) -> Alert:
    least = {"source": "memory", "fingerprint": "1", "status": "firing", "name": "Slow", "severity": "info"}
    return Alert(**{**least, "started_at": NOW, **more})


def test_signs_that_cannot_be_seen_are_dropped() -> None:
    found = alert(name="a\x00b\u202ec\ud800\n d\u200b", description="one\r\n\x1b[31mtwo\x07 ")

    assert found.name == "a b c d"
    assert found.description == "one\n [31mtwo"


def test_long_texts_are_cut_and_say_so() -> None:
    found = alert(name="n" * 500, summary="s" * 5000, description="d" * 50_000, labels={"k" * 500: "v" * 5000})

    assert [len(found.name), len(found.summary), len(found.description)] == [200, 500, 8000]
    assert found.name.endswith("…")
    assert [(len(key), len(value)) for key, value in found.labels.items()] == [(100, 500)]


def test_there_are_only_so_many_labels() -> None:
    found = alert(labels={str(n): n for n in range(1000)}, annotations={str(n): None for n in range(1000)})

    assert len(found.labels) == 64
    assert found.annotations == {}


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "ftp://a", "https://a b",
                                  'https://a"onclick=', "https://a\u202e", "https://" + "a" * 3000])  # fmt: skip
def test_only_web_pages_are_linked(link: str) -> None:
    assert alert(link=link, runbook=link).link == ""


def test_times_are_utc_and_known_to_be() -> None:
    there = dt.timezone(dt.timedelta(hours=8))

    assert alert(started_at=NOW.astimezone(there)).started_at.tzinfo == dt.UTC
    with pytest.raises(ValidationError):
        alert(started_at=NOW.replace(tzinfo=None))
    with pytest.raises(ValidationError):
        alert(started_at=dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5))))


@pytest.mark.parametrize("field", ["name", "fingerprint", "source"])
def test_what_it_is_known_by_can_be_seen(field: str) -> None:
    with pytest.raises(ValidationError):
        alert(**{field: "\u200b"})
