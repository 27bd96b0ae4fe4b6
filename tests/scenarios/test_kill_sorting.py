"""However often and wherever the process that sorts alerts is killed, there is what there would have been without."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.mortal_sorter import POINTS

SURVIVED = {
    "incidents": [
        ["Latency at elastic", "resolved", 1, 0, False],
        ["Latency at web", "open", 4, 4, False],
        ["Slow at postgres-payments", "merged", 1, 0, True],
    ],
    "astray": 0,
}


def process(home: Path, point: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.scenarios.mortal_sorter", str(home), point]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_no_incident_is_lost_or_opened_twice(tmp_path: Path, point: str) -> None:
    first = process(tmp_path, point)
    done = process(tmp_path, point) if first.returncode else first

    assert (first.returncode == -9) is not point.startswith("nowhere"), first.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == SURVIVED, done.stderr
