"""The manifest inside a backup: copied while it is in use, and its records taken over for a restored collection."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.manifest import Manifest, ManifestUnavailable, open_manifest


def copied(path: Path) -> bytes:
    """The manifest as one SQLite file, complete at one moment. Raises ManifestUnavailable.

    https://www.sqlite.org/backup.html
    """
    _made(path)
    with _told(path), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / "copy.sqlite"
        with closing(sqlite3.connect(path, timeout=10)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            # Or the copy would want a second file beside it.
            target.execute("PRAGMA journal_mode=DELETE")
        return copy.read_bytes()


def take_over(path: Path, copy: bytes, former: str, collection: str) -> None:
    """Add a copy's records of the collection ``former`` as records of ``collection``, in one transaction.

    Records of other collections in it are left out; what is noted here beside collections stays as it is. The copy is
    not trusted: nothing but its rows is used. Raises ManifestUnavailable.
    """
    _made(path)
    with _told(path), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / "copy.sqlite"
        file.write_bytes(copy)
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as source:
            # https://www.sqlite.org/security.html
            source.execute("PRAGMA trusted_schema=OFF")
            source.execute("PRAGMA cell_size_check=ON")
            with closing(sqlite3.connect(path, timeout=10)) as target, target:
                for table in _tables(target) & _tables(source):
                    _take(source, target, table, (former, collection))
                # Raises for what could not be read later on.
                Manifest(target, collection).origins()


def _made(path: Path) -> None:
    with open_manifest(path, ""):
        pass


def _take(source: sqlite3.Connection, target: sqlite3.Connection, table: str, names: tuple[str, str]) -> None:
    columns = [name for name in _columns(target, table) if name in _columns(source, table)]
    listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
    if "collection" not in columns:
        rows = source.execute(f"SELECT {listed} FROM {table}")  # noqa: S608 - the names are those of our own tables
        target.executemany(f"INSERT OR IGNORE INTO {table} ({listed}) VALUES ({marks})", rows)  # noqa: S608 - as above
        return
    where = f"SELECT {listed} FROM {table} WHERE collection=?"  # noqa: S608 - as above
    at = columns.index("collection")
    rows_of = ((*row[:at], names[1], *row[at + 1 :]) for row in source.execute(where, (names[0],)))
    target.execute(f"DELETE FROM {table} WHERE collection=?", (names[1],))  # noqa: S608 - as above
    target.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows_of)  # noqa: S608 - as above


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")}


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, sqlite3.Error) as failure:
        raise ManifestUnavailable(
            f"The manifest {path} cannot be copied ({failure}). Without it the next ingest reads every document again."
        ) from failure
