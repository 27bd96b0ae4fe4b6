"""kill -9 at every point of the journey: each question is answered exactly once, none is lost."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.mortal import POINTS, QUESTIONS


def live(home: Path, point: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.scenarios.mortal", str(home), point],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Each takes seconds: what every change is tried with is one of two.
SOME = [pytest.param(one, marks=[pytest.mark.long] if at % 2 else []) for at, one in enumerate(POINTS)]


@pytest.mark.parametrize("point", SOME)
def test_every_question_is_answered_once(point: str, tmp_path: Path) -> None:
    died, finished = live(tmp_path, point), live(tmp_path, point)

    assert died.returncode == -9, died.stderr
    assert finished.returncode == 0, finished.stderr
    cards = json.loads(finished.stdout)
    assert [card["last"]["kind"] for card in cards] == ["answer"] * len(QUESTIONS)
    assert [card["cards"] for card in cards] == [1] * len(QUESTIONS)
    with sqlite3.connect(tmp_path / "state.db") as database:
        counts = [
            database.execute(f"SELECT count(*), count(DISTINCT question_id) FROM {table}").fetchone()  # noqa: S608
            for table in ("inbox", "answer", "delivery")
        ]
        pictures = database.execute("SELECT count(*), min(sent) FROM attachment").fetchone()
    assert counts == [(3, 3)] * 3
    assert pictures == (1, 1)
    assert [len(card["last"]["readings"]) for card in cards] == [0, 1, 0]
