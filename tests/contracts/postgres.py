"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, on a loopback port of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

MISSING = "no PostgreSQL server is installed: `apt-get install postgresql`"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def cluster() -> Iterator[str]:
    """A running server; its URL. PostgreSQL refuses to run as root, so root runs it as the user `postgres`."""
    binaries = programs()
    if binaries is None:
        raise FileNotFoundError(MISSING)
    user = "postgres" if os.geteuid() == 0 else None
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="nightshift-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()

        def run(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user, timeout=60)

        data, log = f"{folder}/data", f"{folder}/log"
        run(str(binaries / "initdb"), "-D", data, "-U", "nightshift", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run(str(binaries / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://nightshift@127.0.0.1:{port}/postgres"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")


def database(server: str) -> str:
    """The URL of a new, empty database on the server."""
    name = f"state_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
