"""The manifest: which document is in which collection with which content, so that running twice changes nothing."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.sources.port import Entry

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL,
    digest TEXT NOT NULL, chunks INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (collection, source, id)
) STRICT;
CREATE TABLE IF NOT EXISTS sources (
    collection TEXT NOT NULL, source TEXT NOT NULL, place TEXT NOT NULL, PRIMARY KEY (collection, source)
) STRICT;
"""


class ManifestUnavailable(Exception):
    """The manifest cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Record:
    """One document as it was last seen: its chunks in the library, or the reason why it has none."""

    id: str
    digest: str
    chunks: int
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """What a run has to do. ``unchanged`` documents are left alone; ``unreadable`` ones are those that still are."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    unreadable: tuple[Record, ...]


class Manifest:
    """The records of one collection. It never promises more than the store holds: a run can be killed at any time."""

    def __init__(self, connection: sqlite3.Connection, collection: str) -> None:
        self._connection = connection
        self._collection = collection

    def plan(self, source: str, entries: Sequence[Entry]) -> Plan:
        """Compare what is there with what was recorded."""
        known = {record.id: record for record in self._records(source)}
        there = {entry.id: entry.digest for entry in entries}
        same = [known[id] for id, digest in there.items() if id in known and known[id].digest == digest]
        return Plan(
            added=tuple(id for id in there if id not in known),
            changed=tuple(id for id in there if id in known and known[id].digest != there[id]),
            gone=tuple(id for id in known if id not in there),
            unchanged=len(same),
            unreadable=tuple(record for record in same if record.reason),
        )

    def record(self, source: str, records: Iterable[Record]) -> None:
        """Note documents, in one transaction."""
        rows = [(self._collection, source, one.id, one.digest, one.chunks, one.reason) for one in records]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, source: str, ids: Iterable[str]) -> None:
        """Drop the records of documents, in one transaction."""
        rows = [(self._collection, source, id) for id in ids]
        with self._connection:
            self._connection.executemany("DELETE FROM documents WHERE collection=? AND source=? AND id=?", rows)

    def begin(self, source: str, ids: Iterable[str]) -> None:
        """Note that these documents are being changed: until they are recorded again, nothing is promised of them."""
        rows = [(self._collection, source, id) for id in ids]
        query = "UPDATE documents SET chunks=0, digest='' WHERE collection=? AND source=? AND id=?"
        with self._connection:
            self._connection.executemany(query, rows)

    def forget_all(self) -> None:
        """Drop every record of the collection: the store has lost it."""
        with self._connection:
            self._connection.execute("DELETE FROM documents WHERE collection=?", (self._collection,))

    def chunks(self) -> int:
        """How many chunks the collection should hold."""
        query = "SELECT coalesce(sum(chunks), 0) FROM documents WHERE collection=?"
        return int(self._connection.execute(query, (self._collection,)).fetchone()[0])

    def place(self, source: str) -> str:
        """Where a source of this name was read from; empty when there is none."""
        query = "SELECT place FROM sources WHERE collection=? AND source=?"
        row = self._connection.execute(query, (self._collection, source)).fetchone()
        return str(row[0]) if row else ""

    def settle_at(self, source: str, place: str) -> None:
        """Note where a source is read from."""
        with self._connection:
            row = (self._collection, source, place)
            self._connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?)", row)

    def _records(self, source: str) -> list[Record]:
        query = "SELECT id, digest, chunks, reason FROM documents WHERE collection=? AND source=?"
        return [Record(*row) for row in self._connection.execute(query, (self._collection, source))]


@contextmanager
def open_manifest(path: Path, collection: str) -> Iterator[Manifest]:
    """The manifest in an SQLite file, which is made when there is none. Raises ManifestUnavailable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_TABLES)
            yield Manifest(connection, collection)
    except (OSError, sqlite3.Error) as failure:
        raise ManifestUnavailable(
            f"{path} cannot be used ({failure}). If it is damaged, delete it: the next run builds it again."
        ) from failure
