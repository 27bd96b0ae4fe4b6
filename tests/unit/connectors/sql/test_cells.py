"""What comes out of a driver becomes plain values, within caps."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.sql.cells import LONGEST_CELL, MOST_SAMPLES, Basket, cell, samples


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        pytest.param(Decimal("12.50"), 12.5, id="a decimal"),
        pytest.param(Decimal("7.000"), 7, id="a whole decimal"),
        pytest.param(Decimal("0.12345678901234567"), "0.12345678901234567", id="more digits than a double holds"),
        pytest.param(Decimal("NaN"), "NaN", id="no number"),
        pytest.param(datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00", id="a moment"),  # noqa: DTZ001 - as drivers give it
        pytest.param(date(2026, 1, 2), "2026-01-02", id="a day"),
        pytest.param(timedelta(minutes=90), "1:30:00", id="a span"),
        pytest.param(b"\x01\xff", "0x01ff", id="bytes"),
        pytest.param({"名": [1, None]}, '{"名": [1, null]}', id="JSON"),
        pytest.param(uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", id="a UUID"),
        pytest.param(None, None, id="nothing"),
        pytest.param(True, True, id="a truth"),
    ],
)
def test_a_value_becomes_plain(value: object, plain: object) -> None:
    assert cell(value) == plain
    assert type(cell(value)) is type(plain)


def test_a_basket_takes_rows_up_to_its_cap() -> None:
    basket = Basket(most_rows=2, most_bytes=1_000)

    assert [basket.add([number]) for number in range(3)] == [True, True, False]
    assert (basket.rows, basket.truncated) == ([(0,), (1,)], True)


def test_a_basket_takes_no_more_bytes_than_it_may() -> None:
    basket = Basket(most_rows=10, most_bytes=5)

    assert [basket.add(["字"]), basket.add(["字"])] == [True, False]


def test_a_long_value_is_cut_and_said_to_be() -> None:
    basket = Basket(most_rows=10, most_bytes=100_000)
    basket.add(["x" * (LONGEST_CELL + 1)])

    assert len(str(basket.rows[0][0])) == LONGEST_CELL
    assert basket.truncated


def test_few_short_values_are_samples_and_many_or_long_ones_are_not() -> None:
    assert samples(["b", None, "a", "", "b"]) == ("a", "b")
    assert samples([str(number) for number in range(MOST_SAMPLES + 1)]) == ()
    assert samples(["x" * 100, "a"]) == ()
