"""A question that kills the process whenever it is worked on: it is given up, and costs nobody else their answer."""

import json
import subprocess
import sys
from pathlib import Path

from connectors.state.port import ATTEMPTS


def live(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.scenarios.poisoned", str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_poison_is_given_up_and_the_innocent_is_answered(tmp_path: Path) -> None:
    lives = [live(tmp_path) for _ in range(ATTEMPTS + 1)]

    assert [one.returncode for one in lives] == [9] * ATTEMPTS + [0], lives[-1].stderr
    assert json.loads(lives[-1].stdout) == [["given up"], ["answered"]]
