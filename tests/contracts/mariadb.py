"""A MariaDB of the tests' own: a fresh server in a temporary folder, on a loopback port of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
from pymysql.connections import Connection

MISSING = "no MariaDB server is installed: `apt-get install mariadb-server`"
_START_SECONDS = 60


def program() -> str | None:
    """The server, or None."""
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")


@contextmanager
def server() -> Iterator[int]:
    """A running server that lets root in without a password; its port."""
    daemon = program()
    if daemon is None:
        raise FileNotFoundError(MISSING)
    user = "mysql" if os.geteuid() == 0 else None
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="nightshift-mariadb-") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        if user:
            shutil.chown(folder, user)
        common = ["--no-defaults", f"--datadir={folder}/data"]
        install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True, timeout=120, user=user, cwd=folder)
        options = [f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--bind-address=127.0.0.1"]
        process = subprocess.Popen(
            [daemon, *common, f"--port={port}", *options, "--innodb-flush-log-at-trx-commit=0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:
            _wait(port, process)
            yield port
        finally:
            process.kill()
            process.wait()


def connected(port: int, database: str | None = None) -> Connection:
    """A connection as root."""
    return pymysql.connect(host="127.0.0.1", port=port, user="root", database=database, autocommit=True)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_SECONDS
    while True:
        try:
            connected(port).close()
        except pymysql.OperationalError:
            if process.poll() is not None or time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return
