"""Opens the state database: SQLite in WAL mode or PostgreSQL, its schema brought up to date."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from connectors.state.port import StateUnavailable

BUSY_MILLISECONDS = 10_000
# libpq's own: seconds for a connection, milliseconds for anything sent to be acknowledged.
_SERVER_PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 20_000}
_FILE_ADVICE = (
    "Make its folder writable; if the file is damaged, put back a copy or move it away to begin an empty one."
)
_SERVER_ADVICE = "See `url` under [connectors.state.sql] in nightshift.toml."


class AlreadyOpen(StateUnavailable):
    """Another process works in this state folder."""


def open_engine(url: str) -> sa.Engine:
    """An engine whose transactions are safe to write in; the database file's folder exists afterwards."""
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5, connect_args=_SERVER_PATIENCE)
    path = Path(sa.make_url(url).database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise _unwritable(path.parent, refused) from refused
    engine = sa.create_engine(url, connect_args={"check_same_thread": False}, pool_size=5, max_overflow=5)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    # The driver must not open transactions of its own: BEGIN IMMEDIATE below takes the write lock at the start,
    # so that a read followed by a write cannot fail half-way with "database is locked".
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("read_only"):
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(engine: sa.Engine) -> None:
    """Bring our tables to the newest revision; nothing happens when they are there already."""
    config = Config()
    config.set_main_option("script_location", "connectors.state:migrations")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        advice = _FILE_ADVICE if engine.dialect.name == "sqlite" else _SERVER_ADVICE
        raise StateUnavailable(f"cannot use the state database {shown(engine.url)}: {error.orig}. {advice}") from error


def revision(connection: sa.Connection) -> str:
    """The schema revision that is in the database."""
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def shown(url: sa.URL) -> str:
    """A database URL that may be shown: without its password."""
    return url.render_as_string(hide_password=True)


@contextmanager
def sole_owner(path: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel releases it when this process dies. Raises AlreadyOpen or StateUnavailable."""
    try:
        opened = path.open("a", encoding="ascii")
    except OSError as refused:
        raise _unwritable(path, refused) from refused
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyOpen(
                f"another Nightshift works in {path.parent}: stop it, talk to it at its address, or set another `home`"
            ) from None
        try:
            yield
        finally:
            _unlock(file)


def _unwritable(path: Path, refused: OSError) -> StateUnavailable:
    return StateUnavailable(f"cannot write to {path}: {refused.strerror}; set `home` to a folder you own")


def _unlock(file: TextIO) -> None:
    fcntl.flock(file, fcntl.LOCK_UN)
