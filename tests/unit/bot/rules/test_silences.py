"""Which alerts a silence keeps quiet, and what people may write."""

from datetime import timedelta

import pytest

from bot.rules.silences import BadSilence, read_duration, read_matchers, silencing
from connectors.state.incident_port import Silence
from tests.unit.bot.watchtower import NOON, alert

ONE = alert("PoolFull", severity="warning", environment="staging", labels={"Region": "eu-west-1", "pod": "pay-1"})


@pytest.mark.parametrize(
    ("matchers", "quiet"),
    [
        pytest.param({"name": "PoolFull"}, True, id="name"),
        pytest.param({"name": "Pool*"}, True, id="any-letters"),
        pytest.param({"name": "Pool"}, False, id="the-whole-of-it"),
        pytest.param({"service": "PAYMENTS"}, True, id="whatever-the-case"),
        pytest.param({"service": "payments", "severity": "critical"}, False, id="all-of-them"),
        pytest.param({"region": "eu-*", "environment": "staging"}, True, id="labels"),
        pytest.param({"zone": "*a"}, False, id="a-label-that-is-not-there"),
        pytest.param({"name": "P.*"}, False, id="no-other-signs-mean-anything"),
        pytest.param({}, False, id="nothing-named"),
    ],
)
def test_what_fits(matchers: dict[str, str], *, quiet: bool) -> None:
    silence = Silence("s1", matchers, NOON, NOON + timedelta(hours=1), "ann", "upgrade")

    assert silencing(ONE, ["payments"], NOON, [silence]) == ("s1" if quiet else "")


@pytest.mark.parametrize(("minutes", "quiet"), [(-1, False), (0, True), (59, True), (60, False)])
def test_it_lasts_from_its_beginning_until_its_end(minutes: int, *, quiet: bool) -> None:
    silence = Silence("s1", {"name": "*Full"}, NOON, NOON + timedelta(hours=1), "ann", "upgrade")

    assert bool(silencing(ONE, [], NOON + timedelta(minutes=minutes), [silence])) is quiet


def test_a_service_may_be_meant_by_its_canonical_name() -> None:
    silence = Silence("s1", {"service": "checkout"}, NOON, NOON + timedelta(hours=1), "ann", "upgrade")

    assert silencing(alert("Slow", "checkout-api"), ["checkout"], NOON, [silence]) == "s1"


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ("service=checkout severity=warning", {"service": "checkout", "severity": "warning"}),
        ('name="Disk full" , host=db-*', {"name": "Disk full", "host": "db-*"}),
        ("name='a=b'", {"name": "a=b"}),
    ],
)
def test_how_it_is_written(text: str, matchers: dict[str, str]) -> None:
    assert read_matchers(text) == matchers


@pytest.mark.parametrize("text", ["", "checkout", "service=", "service=*", "service=checkout and more", "*=*"])
def test_what_is_no_silence(text: str) -> None:
    with pytest.raises(BadSilence):
        read_matchers(text)


@pytest.mark.parametrize(("text", "hours"), [("90m", 1.5), ("2h", 2), ("1d12h", 36), ("1w", 168)])
def test_how_long(text: str, hours: float) -> None:
    assert read_duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "2", "h", "0m", "-2h", "91d", "2 hours", "999999w"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadSilence):
        read_duration(text)
