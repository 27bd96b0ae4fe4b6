"""However often and wherever the process is killed, no remedy runs twice, and the doubtful is said to be unknown."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts import postgres
from tests.scenarios.mortal_remedy import DOUBTFUL, LOST, POINTS

MANY = 200
CALLS = ("propose", "rule", "claim_execution", "execute", "settle_execution", "execute", "rule")
TOLD = {"done": "Done", "unknown": "Unknown whether done"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else postgres.database(request.getfixturevalue("server"))


def process(home: Path, url: str, point: str, many: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.scenarios.mortal_remedy", str(home), url, point, str(many)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# Each takes seconds: what every change is tried with is one of four.
SOME = [pytest.param(one, marks=[] if at % 4 == 1 else [pytest.mark.long]) for at, one in enumerate(POINTS)]


@pytest.mark.parametrize("point", SOME)
def test_a_remedy_runs_once_or_is_unknown_wherever_the_process_is_killed(tmp_path: Path, url: str, point: str) -> None:
    first = process(tmp_path, url, point)
    found = told(process(tmp_path, url, point))

    assert first.returncode == -9, first.stderr
    ran = point not in ("claim_execution:1:after", "execute:1:before")
    ended = ["unknown", int(ran), TOLD["unknown"]] if point in DOUBTFUL else ["done", 1, TOLD["done"]]
    assert found["rows"] == [["approved", *ended]]
    once = Counter(proposed=1, approved=1, claimed=1) + Counter({f"executed: {ended[0]}": 1})
    assert Counter(found["events"]) == once + Counter(verified=int(ended[0] == "done"))
    assert (found["votes"], found["broken"]) == (1, None)


@pytest.mark.timeout(600)
@pytest.mark.long
def test_of_many_remedies_none_is_lost_or_run_twice_however_often_the_process_is_killed(tmp_path: Path) -> None:
    chance, killed = random.Random(), list[str]()  # noqa: S311  # no secret
    for call in CALLS:
        (tmp_path / "died").unlink(missing_ok=True)
        point = f"{call}:{chance.randint(2, 25)}:{chance.choice(('before', 'after'))}"
        killed += [point] if process(tmp_path, "", point, MANY).returncode == -9 else []
    found = told(process(tmp_path, "", "nowhere:0:never", MANY))

    ends = Counter((status, ended) for status, ended, _, _ in found["rows"])
    times = {(ended, times) for _, ended, times, _ in found["rows"]}
    assert len(killed) == len(CALLS), killed
    assert sum(ends.values()) == ends["approved", "done"] + ends["approved", "unknown"] == MANY
    assert times <= {("done", 1), ("unknown", 0), ("unknown", 1)}, killed
    # Of so many the answer was lost; beside them two are at work whenever the process is killed.
    assert 0 < ends["approved", "unknown"] - len(range(0, MANY, LOST)) <= 2 * len(CALLS)
    assert all(
        title == {"done": "Done", "unknown": "Unknown whether done"}[ended] for _, ended, _, title in found["rows"]
    )
    assert (found["votes"], found["broken"], found["events"]["claimed"]) == (MANY, None, MANY)
