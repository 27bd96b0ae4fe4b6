"""Who may read which column of a database."""

from typing import Literal

import pytest

from bot.rules.sql_access import Policy, sample_readers, stays_in_house, visible
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


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1:1/v1", True),
        ("https://10.1.2.3/v1", True),
        ("http://[fd00::1]:80/v1", True),
        ("http://vllm:8000/v1", True),
        ("https://llm.corp.internal/v1", True),
        ("http://llm.default.svc.cluster.local", True),
        ("https://api.example.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("http://134744072/v1", False),
        ("https://10.example.com/v1", False),
        ("https://internal.example.com", False),
        ("", False),
    ],
)
def test_an_address_says_whether_it_is_in_the_house(url: str, *, stays: bool) -> None:
    assert stays_in_house(url) is stays


@pytest.mark.parametrize(
    ("samples", "endpoints", "levels"),
    [
        (True, ["https://api.example.com"], ("endpoint", "local")),
        (False, [], ()),
        ("local", ["http://vllm:8000"], ("endpoint", "local")),
        ("local", ["http://vllm:8000", "https://api.example.com"], ("local",)),
        ("local", [None], ("local",)),
    ],
)
def test_sample_values_are_for_models_in_the_house(
    samples: bool | Literal["local"],  # noqa: FBT001 - pytest gives it by name
    endpoints: list[str | None],
    levels: tuple[str, ...],
) -> None:
    assert sample_readers(samples, endpoints) == levels
