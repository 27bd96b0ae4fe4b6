"""The server as a process: how it starts, how it ends, and what it says when it cannot start."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest


def serving(home: Path, port: int) -> subprocess.Popen[str]:
    own = {
        "NIGHTSHIFT_HOME": str(home),
        "NIGHTSHIFT_WEB__PORT": str(port),
        "NIGHTSHIFT_PORTS__LLM": "[]",
        "NIGHTSHIFT_PORTS__EMBEDDING": "memory",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        env={**os.environ, **own},  # noqa: TID251  # handed on, not read
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_ready(port: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).close()
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"it ended: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminate", "interrupt"])
def test_it_ends_in_order_when_told_to(number: signal.Signals, tmp_path: Path, port: int) -> None:
    process = serving(tmp_path, port)
    wait_until_ready(port, process)

    process.send_signal(number)
    _, said = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in said
    # A database that was closed in order has no write-ahead log left.
    assert not (tmp_path / "state.db-wal").exists()


def test_a_damaged_database_is_one_line(tmp_path: Path, port: int) -> None:
    (tmp_path / "state.db").write_bytes(os.urandom(4096))

    process = serving(tmp_path, port)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.count("\n") == 1
    assert "put back a copy" in said
