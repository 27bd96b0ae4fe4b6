"""A team's own words for its database, and what is said of mistakes in them."""

from pathlib import Path

import pytest

from bot.rules.sql_descriptions import BadDescriptions, Descriptions, read_descriptions
from bot.rules.sql_linking import link
from bot.rules.sql_templates import Asked, template
from bot.rules.terms import content_terms
from tests.unit.bot.rules.sql_shop import SHOP

FILE = """\
tables:
  incident:
    description: 每次故障一行
    synonyms: [outage, 宕机]
    columns:
      duration_minutes: from the first alert to the all-clear
      severity:
        synonyms: [urgency]
examples:
  - question: outages of last week that nobody closed
    sql: SELECT id FROM incident WHERE status = 'open'
"""


def read(tmp_path: Path, text: str) -> Descriptions:
    (tmp_path / "data.yaml").write_text(text, "utf-8")
    return read_descriptions(tmp_path / "data.yaml")


def test_tables_and_columns_are_described_in_the_teams_words(tmp_path: Path) -> None:
    incident = read(tmp_path, FILE).described(SHOP).table("incident")

    assert incident is not None
    assert (incident.comment, incident.synonyms) == ("每次故障一行", ("outage", "宕机"))
    columns = {column.name: (column.comment, column.synonyms) for column in incident.columns}
    assert columns["duration_minutes"] == ("from the first alert to the all-clear", ())
    assert columns["severity"] == ("", ("urgency",))


def test_what_nobody_describes_stays_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, FILE).described(SHOP).table("service") == SHOP.table("service")


@pytest.mark.parametrize("question", ["How many outages?", "有多少次宕机？"])
def test_a_synonym_finds_the_table_and_its_template(tmp_path: Path, question: str) -> None:
    schema = read(tmp_path, FILE).described(SHOP)

    linked = link(question, schema, content_terms)
    sql = template(Asked(question, linked, schema, "postgres", None, 100), content_terms)

    assert linked.tables[0].name == "incident"
    assert sql == "SELECT COUNT(*) AS number FROM incident"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("tables:\n  incident:\n    colums: {}\n", "3: tables.incident.colums: Extra inputs", id="key"),
        pytest.param("examples:\n  - question: x\n    sql: ''\n", "3: examples.0.sql: String should", id="empty"),
        pytest.param("examples:\n  - question: x\n", "2: examples.0.sql: Field required", id="missing"),
        pytest.param("tables:\n  a: [1\n", "3: not YAML: expected ',' or ']'", id="yaml"),
        pytest.param("- a\n", "1: the file: Input should be", id="list"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadDescriptions) as raised:
        read(tmp_path, text)

    assert f"data.yaml:{said}" in str(raised.value)


def test_a_table_or_column_that_is_not_there_is_named_with_the_nearest_that_is(tmp_path: Path) -> None:
    text = FILE.replace("  incident:", "  incidents:").replace("severity", "severty") + "  - question: q\n    sql: s\n"
    found = read(tmp_path, text + "\n")
    other = read(tmp_path, FILE.replace("severity", "severty"))

    assert [one.split("data.yaml:")[1] for one in found.unknown(SHOP)] == [
        "2: there is no table incidents; did you mean incident?"
    ]
    assert [one.split("data.yaml:")[1] for one in other.unknown(SHOP)] == [
        "7: incident has no column severty; did you mean severity?"
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDescriptions, match=r"gone\.yaml cannot be read .* check data\.descriptions"):
        read_descriptions(tmp_path / "gone.yaml")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "").described(SHOP) == SHOP
