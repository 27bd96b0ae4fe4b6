"""The settings of remedies, as they are written, and as the guard knows them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.settings import Settings, read_settings
from connectors.configuration import BadSettings

NOW = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)


def written(folder: Path, text: str) -> Settings:
    path = folder / "nightshift.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_what_is_written_is_what_the_guard_goes_by(tmp_path: Path) -> None:
    terms = written(
        tmp_path,
        """
        [remedies]
        needed = { low = 2, high = 3 }
        groups = { high = ["leads"], critical = ["directors"] }
        autonomy = { "restart/checkout" = "one" }
        [remedies.freezes.weekend]
        days = ["fri"]
        at = 18:00:00
        hours = 63
        zone = "Europe/Berlin"
        [remedies.freezes."Black Friday"]
        begins = 2026-11-26T00:00:00+01:00
        ends = 2026-11-30T00:00:00+01:00
        services = ["checkout"]
        """,
    ).remedies.terms

    assert [terms.approvals(risk) for risk in ("low", "medium", "high", "critical")] == [2, 1, 3, 2]
    assert terms.operators == ("directors",)
    assert terms.autonomy == {"restart/checkout": "one"}
    freeze, until = terms.frozen(("checkout",), "", NOW) or (None, None)
    assert (freeze and freeze.name, until) == ("weekend", datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert terms.frozen(("cart",), "", NOW + timedelta(days=6.5)) is None
    assert terms.frozen(("checkout",), "", NOW + timedelta(days=6.5))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("needed = { low = 0 }", "remedies.needed.low", id="fewer-than-one"),
        pytest.param("groups = { huge = [] }", "remedies.groups.huge", id="a-risk-that-is-none"),
        pytest.param('autonomy = { restart = "always" }', "remedies.autonomy.restart", id="a-level-that-is-none"),
        pytest.param('key = "short"', "remedies.key", id="a-short-key"),
        pytest.param("freezes = { f = {} }", "write either begins and ends", id="a-freeze-at-no-time"),
        pytest.param('freezes = { f = { days = ["fri"], zone = "Mars" } }', "no time zone 'Mars'", id="a-wrong-zone"),
        pytest.param(
            "freezes = { f = { begins = 2026-11-20T00:00:00Z } }", "needs begins and ends", id="a-freeze-without-end"
        ),
        pytest.param("step_upp = true", "did you mean 'step_up'?", id="a-misspelt-name"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadSettings) as wrong:
        written(tmp_path, f"[remedies]\n{text}")

    assert says in str(wrong.value)


def test_without_a_second_factor_critical_needs_none() -> None:
    assert Settings().remedies.terms.step_up == {"critical"}
    assert read_settings(overrides={"remedies": {"step_up": False}}).remedies.terms.step_up == frozenset()


def test_a_proposal_expires_when_its_remedy_says_or_earlier() -> None:
    remedies = read_settings(overrides={"remedies": {"expires_seconds": 60}}).remedies

    assert remedies.expires_at(30, NOW) == NOW + timedelta(seconds=30)
    assert remedies.expires_at(90, NOW) == NOW + timedelta(seconds=60)


def test_the_key_is_the_one_that_is_set_or_one_that_is_kept(tmp_path: Path) -> None:
    own = read_settings(overrides={"remedies": {"key": "k" * 32}}).remedies

    assert own.signing_key(tmp_path) == b"k" * 32
    assert list(tmp_path.iterdir()) == []
    assert Settings().remedies.signing_key(tmp_path) == Settings().remedies.signing_key(tmp_path)
    assert "kkkk" not in repr(own)
