"""Schema linking: values, tables and columns that a question speaks of."""

from dataclasses import replace

from bot.rules.sql_linking import FEWEST_COLUMNS, ROOM, Value, find_values, link
from bot.rules.terms import content_terms
from connectors.sql.port import Column, ForeignKey, Schema, Table
from tests.unit.bot.rules.sql_shop import SHOP


def test_a_value_is_found_with_its_column() -> None:
    assert find_values("How many OPEN incidents?", SHOP) == (Value("incident", "status", "open", "open"),)


def test_a_longer_value_hides_the_one_inside_it() -> None:
    assert [one.value for one in find_values("deployments of checkout-api", SHOP)] == ["checkout-api"]


def test_part_of_a_word_is_no_value() -> None:
    assert find_values("who reopened the shopping cart", SHOP) == ()


def test_an_environment_is_one_value_by_all_its_names() -> None:
    assert [one.value for one in find_values("昨天生产环境有多少次部署", SHOP)] == ["prod"]
    assert [one.value for one in find_values("deployments to production", SHOP)] == ["prod"]


def test_a_canonical_name_is_looked_for_beside_the_question() -> None:
    found = link("incidents of the cash desk", SHOP, content_terms, names=("checkout",))

    assert [one.value for one in found.values] == ["checkout"]


def test_a_small_schema_stays_whole_with_what_fits_first() -> None:
    found = link("severity of incidents", SHOP, content_terms)

    assert found.tables[0].name == "incident"
    assert len(found.tables) == 3


def test_a_chinese_question_finds_english_names() -> None:
    assert link("有多少次部署", SHOP, content_terms).tables[0].name == "deployment"


def test_a_question_about_something_else_is_not_relevant() -> None:
    assert not link("who won the football match", SHOP, content_terms).relevant


def large() -> Schema:
    filling = tuple(Column(f"filling_{number}", "text") for number in range(40))
    others = tuple(Table(f"other_{number}", filling, key=("filling_0",)) for number in range(20))
    wide = replace(SHOP.tables[1], columns=(*SHOP.tables[1].columns, *filling))
    keys = tuple(ForeignKey((f"filling_{n}",), name, ("id",)) for n, name in enumerate(("deployment", "service")))
    between = Table("release_note_map", filling, foreign_keys=keys)
    return Schema((SHOP.tables[0], wide, SHOP.tables[2], between, *others))


def test_of_a_large_schema_only_what_fits_is_left_with_what_joins_it() -> None:
    found = link("deployments by service", large(), content_terms)

    names = [table.name for table in found.tables]
    assert set(names) >= {"deployment", "service", "release_note_map"}
    assert len(names) <= ROOM // FEWEST_COLUMNS + 1
    assert "other_3" not in names


def test_a_wide_table_keeps_its_keys_and_what_was_asked_for() -> None:
    found = link("resolved incidents by severity", large(), content_terms, room=20)

    incident = next(table for table in found.tables if table.name == "incident")
    assert {"id", "service_id", "severity", "status"} <= {column.name for column in incident.columns}
    assert len(incident.columns) <= 20
