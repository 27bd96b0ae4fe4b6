"""Freezes, and how many have to approve."""

from datetime import UTC, datetime, time, timedelta

import pytest

from bot.guards.terms import Freeze, Terms

WEEKEND = Freeze("weekend", days=("fri",), at=time(18), hours=63, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "until"),
    [
        pytest.param(datetime(2026, 11, 20, 16, 59, 59, tzinfo=UTC), None, id="a-second-before"),
        pytest.param(
            datetime(2026, 11, 20, 17, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC), id="at-its-first-moment"
        ),
        pytest.param(datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC), id="on-sunday"),
        pytest.param(datetime(2026, 11, 23, 8, tzinfo=UTC), None, id="at-its-last-moment"),
        pytest.param(datetime(2026, 7, 3, 16, tzinfo=UTC), datetime(2026, 7, 6, 7, tzinfo=UTC), id="in-summer-time"),
    ],
)
def test_a_freeze_of_every_week_goes_by_the_clock_of_its_zone(at: datetime, until: datetime | None) -> None:
    assert WEEKEND.until(at) == until


def test_hours_pass_as_they_pass_when_the_clock_is_put_back() -> None:
    night = Freeze("night", days=("sat",), at=time(22), hours=10, zone="Europe/Berlin")

    assert night.until(datetime(2026, 10, 25, 5, 59, tzinfo=UTC)) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_the_freeze_that_lasts_longest_is_told() -> None:
    now = datetime(2026, 11, 20, 3, tzinfo=UTC)
    short, long = (Freeze(str(hours), now, now + timedelta(hours=hours)) for hours in (1, 2))

    assert Terms(freezes=(long, short)).frozen(("checkout",), "", now) == (long, now + timedelta(hours=2))


@pytest.mark.parametrize(
    ("services", "environment", "touched"),
    [
        pytest.param(("checkout",), "production", True, id="its-service-there"),
        pytest.param(("checkout",), "staging", False, id="elsewhere"),
        pytest.param(("cart",), "production", False, id="another-service"),
        pytest.param(("cart", "checkout"), "", True, id="one-of-its-services-who-knows-where"),
    ],
)
def test_a_freeze_may_be_about_some_services_and_environments(
    services: tuple[str, ...],
    environment: str,
    touched: bool,  # noqa: FBT001 - a row of the table
) -> None:
    freeze = Freeze("sale", services=("checkout",), environments=("production",))

    assert freeze.touches(services, environment) is touched


def test_settings_raise_the_number_of_approvals_and_never_lower_it() -> None:
    terms = Terms(needed={"low": 2, "high": 1})

    assert [terms.approvals(risk) for risk in ("low", "medium", "high", "critical")] == [2, 1, 2, 2]
