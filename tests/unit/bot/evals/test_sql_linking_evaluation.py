"""Which part of a schema is chosen, measured on a small database."""

import json
import sqlite3
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.sql_linking import Trial, evaluate, figures, report
from connectors.configuration import Roots
from connectors.embedding.memory import MemoryEmbedding
from connectors.load import load
from knowledge.library import Library

FILLING = ", ".join(f"c{number} text" for number in range(12))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "db").mkdir()
    for name, tables in (("shop", ("refund", "host", "cable")), ("yard", ("refund", "crane"))):
        with sqlite3.connect(tmp_path / "db" / f"{name}.sqlite") as file:
            for table in tables:
                file.execute(f"CREATE TABLE {table} (id integer PRIMARY KEY, {FILLING})")
        file.close()
    cases = [
        {"id": "1", "db": "shop", "question": "How many refunds?", "gold": "SELECT count(*) FROM refund"},
        {"id": "2", "db": "yard", "question": "list the lifting gear", "gold": "SELECT id FROM crane"},
        {"id": "3", "db": "yard", "question": "gone", "gold": "DROP TABLE crane"},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, cases)), "utf-8")
    return tmp_path


async def test_questions_whose_tables_are_all_shown_are_counted(folder: Path) -> None:
    outcomes = await evaluate(folder, Trial(room=20, together=False, server="", annex=None))

    assert figures(outcomes) == {"complete": 0.5, "tables": 0.5, "columns": 6.5, "relevant": 0.5, "n": 2}
    assert "2 (yard): without crane: list the lifting gear" in report(outcomes)


async def test_together_the_other_databases_tables_are_in_the_way(folder: Path, tmp_path: Path) -> None:
    async with load("vectors", "memory", {}, Roots(tmp_path, tmp_path)) as store:
        annex = Library(MemoryEmbedding(384), store).annex("schema")
        outcomes = await evaluate(folder, Trial(room=40, together=True, server="", annex=annex))

    assert figures(outcomes)["complete"] == 1.0
    assert {one.columns for one in outcomes} == {4 * 10}


async def test_a_folder_without_a_gold_query_that_can_be_read_is_refused(folder: Path) -> None:
    case = {"id": "3", "db": "yard", "question": "gone", "gold": "DROP TABLE crane"}
    (folder / "questions.jsonl").write_text(json.dumps(case), "utf-8")

    with pytest.raises(BadCases, match="no gold query can be read"):
        await evaluate(folder, Trial(room=40, together=False, server="", annex=None))
