"""A ClickHouse of the tests' own: its engine as a library (chdb) in a process, behind the server's HTTP interface."""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

MISSING = "no ClickHouse engine is installed: `pip install chdb-core`"
_PROGRAM = Path(__file__).with_name("clickhouse_server.py")


def installed() -> bool:
    """Whether there is an engine."""
    return importlib.util.find_spec("chdb") is not None


@contextmanager
def server() -> Iterator[str]:
    """A running server; its URL."""
    with tempfile.TemporaryDirectory(prefix="nightshift-clickhouse-") as folder:
        process = subprocess.Popen([sys.executable, _PROGRAM, folder], stdout=subprocess.PIPE, text=True)
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.communicate()


def run(url: str, statement: str, database: str = "default") -> None:
    """Run a statement that may change something."""
    said = httpx.post(url, params={"database": database}, content=statement, timeout=30)
    assert said.is_success, f"{statement}: {said.text}"
