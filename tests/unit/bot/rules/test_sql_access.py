"""Who may read which column of a database."""

import pytest

from bot.rules.sql_access import Policy, visible
from tests.unit.bot.rules.sql_shop import SHOP

POLICY = Policy(
    tables=("incident", "Service"),
    masked={"*.name": ("support",)},
    forbidden={"service.team": ("support", "leads")},
    roles={"leads": "lead_reader", "support": "support_reader"},
)


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        pytest.param((), {("service", "name"): "masked", ("service", "team"): "forbidden"}, id="in no group"),
        pytest.param(("leads",), {("service", "name"): "masked"}, id="in a group that opens one"),
        pytest.param(("support",), {}, id="in a group that opens both"),
    ],
)
def test_groups_open_columns(groups: tuple[str, ...], limits: dict[tuple[str, str], str]) -> None:
    assert POLICY.limits(SHOP, groups) == limits


def test_a_group_of_one_entry_does_not_open_another() -> None:
    policy = Policy(forbidden={"service.team": ("support",), "*.team": ("leads",)})

    assert policy.limits(SHOP, ("support",)) == {("service", "team"): "forbidden"}


def test_nobody_is_shown_values_of_a_masked_column_or_a_forbidden_one_at_all() -> None:
    service = visible(SHOP, POLICY, POLICY.limits(SHOP, ())).table("service")

    assert service is not None
    assert [(column.name, column.samples) for column in service.columns] == [("id", ()), ("name", ())]


def test_only_the_tables_that_are_named_are_there() -> None:
    assert [table.name for table in visible(SHOP, POLICY, {}).tables] == ["incident", "service"]


def test_the_first_role_that_fits_is_taken() -> None:
    assert POLICY.role(("support", "leads")) == "lead_reader"
    assert POLICY.role(("nobody",)) == ""


def test_a_misspelt_column_is_found_out() -> None:
    policy = Policy(tables=("incident",), masked={"*.nmae": ()}, forbidden={"service.team": (), "sevrice.team": ()})

    assert policy.unknown(SHOP) == ["*.nmae", "sevrice.team"]
