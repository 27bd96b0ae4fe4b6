"""Execution accuracy: what counts as right, and the suite on a small database."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.sql import Trial, evaluate, figures, report
from bot.evals.sql_results import alternatives, is_ordered, same
from bot.ladder import Ladder
from connectors.llm.memory import Line, ScriptedModel, Settings

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)


def test_alternatives_and_optional_columns_are_written_out() -> None:
    gold = "SELECT {a.x, a.y}, 'p;q' FROM a GROUP BY {}; SELECT 2;"

    assert alternatives(gold) == [
        "SELECT a.x, 'p;q' FROM a GROUP BY a.x",
        "SELECT a.y, 'p;q' FROM a GROUP BY a.y",
        "SELECT a.x, a.y, 'p;q' FROM a GROUP BY a.x, a.y",
        "SELECT 2",
    ]


@pytest.mark.parametrize(
    ("found", "expected", "right", "exact"),
    [
        pytest.param([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], True, True, id="in another order"),
        pytest.param([("a", 1.0)], [(1, "a")], True, True, id="columns changed places"),
        pytest.param([(1, "a", "more")], [("a",)], True, False, id="more columns"),
        pytest.param([(1, "b"), (2, "a")], [(1, "a"), (2, "b")], False, False, id="values of other rows"),
        pytest.param([(1,)], [(1, 1)], False, False, id="fewer columns"),
        pytest.param([(1,), (1,)], [(1,)], False, False, id="a row twice"),
        pytest.param([], [(1,)], False, False, id="nothing"),
        pytest.param([], [], True, True, id="nothing, rightly"),
        pytest.param([(0.1 + 0.2, None)], [("0.3", None)], True, True, id="rounded"),
    ],
)
def test_rows_are_compared_by_what_they_say(
    found: list[tuple[object, ...]],
    expected: list[tuple[object, ...]],
    right: bool,  # noqa: FBT001 - pytest gives it by name
    exact: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    assert same(found, expected, ordered=False, extra=True) is right
    assert same(found, expected, ordered=False, extra=False) is exact


def test_the_order_counts_when_it_was_asked_for() -> None:
    assert is_ordered("list names in alphabetical order", "SELECT name FROM a ORDER BY name")
    assert not is_ordered("the name with the most", "SELECT name FROM a ORDER BY x LIMIT 1")
    assert not same([(1,), (2,)], [(2,), (1,)], ordered=True, extra=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "db").mkdir()
    with sqlite3.connect(tmp_path / "db" / "shop.sqlite") as file:
        file.execute("CREATE TABLE refund (id integer PRIMARY KEY, status text)")
        file.execute("INSERT INTO refund VALUES (1, 'open'), (2, 'paid')")
    file.close()
    questions = [
        {"id": "1", "db": "shop", "question": "How many refunds?", "gold": "SELECT count(*) FROM refund"},
        {"id": "2", "db": "shop", "question_en": "odd refunds", "gold": 'SELECT id FROM refund WHERE status = "open"'},
    ]
    others = [{"id": "3", "db": "shop", "question": "who wrote 1984", "gold": "SELECT 'no idea'"}]
    for name, cases in (("questions", questions), ("unanswerable", others)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, cases)), "utf-8")
    return tmp_path


def trial(*said: str, gold: bool = False) -> Trial:
    lines = [Line(reply=json.dumps({"missing": "", "sql": sql})) for sql in said]
    model = ScriptedModel(lines, Settings(level="local"))
    return Trial(Ladder([model]), NOW, gold=gold, sample=0, server="")


async def test_gold_queries_go_through_guard_and_database(folder: Path) -> None:
    outcomes = await evaluate(folder, trial(gold=True), lambda done, total: None)

    assert figures(outcomes)["exact"] == 1.0
    assert len(outcomes) == 2


async def test_answers_and_refusals_are_counted(folder: Path) -> None:
    outcomes = await evaluate(folder, trial("SELECT id FROM refund"), lambda done, total: None)

    counted = figures(outcomes)
    assert (counted["accuracy"], counted["by_template"], counted["refused_unanswerable"]) == (0.5, 0.5, 1.0)
    assert "2 (shop): wrong rows: odd refunds | SELECT id FROM refund LIMIT" in report(outcomes)


async def test_a_folder_without_its_database_is_refused(folder: Path) -> None:
    (folder / "db" / "shop.sqlite").unlink()

    with pytest.raises(BadCases, match=r"no db/shop\.sqlite"):
        await evaluate(folder, trial(), lambda done, total: None)
