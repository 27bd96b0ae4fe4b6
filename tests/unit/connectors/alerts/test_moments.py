"""Times are read in every form that is known, and never wrong ones."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.alerts.moments import moment, span, zone_named

MEANT = dt.datetime(2024, 10, 26, 23, 20, 39, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-10-26T23:20:39Z",
        "2024-10-26T23:20:39.000000000Z",
        "2024-10-27T01:20:39+02:00",
        "2024-10-27T01:20:39.000+0200",
        "2024-10-27T01:20:39.000000+02.00",
        "2024-10-26 23:20:39",
        "2024-10-26 23:20:39 UTC",
        "2024-10-26 23:20:39 +0000 UTC",
        "2024-10-26 23:20:39.000000001 +0000 UTC",
        "2024/10/26 23:20:39 GMT",
        "2024.10.26 23:20:39",
        "Sat Oct 26 23:20:39 UTC 2024",
        "Sat, 26 Oct 2024 23:20:39 GMT",
        1729984839,
        "1729984839",
        1729984839000,
        1729984839000000,
        1729984839000000000,
    ],
)
def test_the_same_time_in_many_forms(written: Any) -> None:
    assert moment(written) == MEANT


@pytest.mark.parametrize(
    "written",
    ["", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 0, -5, None, True, {}, [1],
     "soon", "2024-13-01T00:00:00Z", "9" * 40, "²³"],
)  # fmt: skip
def test_what_is_no_time_is_none(written: Any) -> None:
    assert moment(written) is None


def test_a_zone_holds_where_none_is_written() -> None:
    riga = ZoneInfo("Europe/Riga")

    assert moment("2024.10.27 02:20:39", riga) == MEANT
    assert moment("2024-10-26T23:20:39Z", riga) == MEANT


@given(st.text(max_size=40) | st.floats(allow_nan=False) | st.integers())
def test_anything_is_a_time_within_the_calendar_or_none(written: Any) -> None:
    found = moment(written)

    assert found is None or (1990 <= found.year <= 2200 and found.utcoffset() == dt.timedelta(0))


def test_an_end_before_its_beginning_ends_where_it_began() -> None:
    later = NOW + dt.timedelta(hours=1)

    assert span(over=True, start=later, end=NOW, now=NOW) == (NOW, NOW)
    assert span(over=False, start=MEANT, end=NOW, now=NOW) == (MEANT, None)
    assert span(over=True, start=None, end=None, now=NOW) == (NOW, NOW)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone_named(name)
