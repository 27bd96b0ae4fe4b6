"""The manifest: which document is in which collection with which content, so that running twice changes nothing."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.sources.port import Entry

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL,
    digest TEXT NOT NULL, chunks INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (collection, source, id)
) STRICT;
CREATE TABLE IF NOT EXISTS finished (
    collection TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (collection, source)
) STRICT;
CREATE TABLE IF NOT EXISTS origins (
    source TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL, readers TEXT NOT NULL, services TEXT NOT NULL
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
    """What a run has to do. ``unchanged`` documents are left alone; ``unreadable`` ones are those that still are.

    ``former`` are the digests under which documents are stored that will be stored anew.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    unreadable: tuple[Record, ...]
    former: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """How a source was last read, whatever the collection: from which path, for whom, with which file of services.

    ``place`` is empty when it is no path; without ``readers`` everybody may read it.
    """

    place: str = ""
    readers: tuple[str, ...] = ()
    services: str = ""


class Manifest:
    """The records of one collection. It never promises more than the store holds: a run can be killed at any time."""

    def __init__(self, connection: sqlite3.Connection, collection: str) -> None:
        self._connection = connection
        self._collection = collection

    def plan(self, source: str, entries: Sequence[Entry], searched: str = "") -> Plan:
        """Compare what is there with what was recorded, and with what ``searched`` has, the collection still in use."""
        known = {record.id: record for record in self._records(source, self._collection)}
        shown = {record.id: record for record in self._records(source, searched)} if searched else {}
        there = {entry.id: entry.digest for entry in entries}
        same = [known[id] for id, digest in there.items() if id in known and known[id].digest == digest]
        changed = tuple(id for id in there if id in known and known[id].digest != there[id])
        return Plan(
            added=tuple(id for id in there if id not in known),
            changed=changed,
            gone=tuple(id for id in {**known, **shown} if id not in there),
            unchanged=len(same),
            unreadable=tuple(record for record in same if record.reason),
            former={
                **{id: one.digest for id, one in shown.items() if id in there and id not in known},
                **{id: known[id].digest for id in changed},
            },
        )

    def knows(self, source: str) -> bool:
        """Whether there is any record of a source in the collection."""
        query = "SELECT 1 FROM documents WHERE collection=? AND source=? LIMIT 1"
        return self._connection.execute(query, (self._collection, source)).fetchone() is not None

    def record(self, source: str, records: Iterable[Record]) -> None:
        """Note documents, in one transaction."""
        rows = [(self._collection, source, one.id, one.digest, one.chunks, one.reason) for one in records]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, source: str, ids: Iterable[str]) -> None:
        """Drop the records of documents, of whatever collection, in one transaction."""
        rows = [(source, id) for id in ids]
        with self._connection:
            self._connection.executemany("DELETE FROM documents WHERE source=? AND id=?", rows)

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
            self._connection.execute("DELETE FROM finished WHERE collection=?", (self._collection,))

    def chunks(self) -> int:
        """How many chunks the collection should hold."""
        query = "SELECT coalesce(sum(chunks), 0) FROM documents WHERE collection=?"
        return int(self._connection.execute(query, (self._collection,)).fetchone()[0])

    def finish(self, source: str) -> None:
        """Note that a source was read to its end."""
        with self._connection:
            row = (self._collection, source)
            self._connection.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", row)

    def sources(self, collection: str) -> tuple[str, ...]:
        """The names of the sources that a collection has documents of, sorted."""
        query = "SELECT DISTINCT source FROM documents WHERE collection=? ORDER BY source"
        return tuple(str(row[0]) for row in self._connection.execute(query, (collection,)))

    def missing_from(self, new: str, old: str) -> tuple[str, ...]:
        """The sources of one collection that were not yet read to their end into another; none when both are one."""
        query = "SELECT source FROM finished WHERE collection=?"
        done = {str(row[0]) for row in self._connection.execute(query, (new,))}
        return () if new == old else tuple(source for source in self.sources(old) if source not in done)

    def documents(self, source: str) -> tuple[str, ...]:
        """The ids of a source's documents in any collection, sorted."""
        query = "SELECT DISTINCT id FROM documents WHERE source=? ORDER BY id"
        return tuple(str(row[0]) for row in self._connection.execute(query, (source,)))

    def origins(self) -> dict[str, Origin]:
        """Every source that was ever read and not dropped, by name."""
        rows = self._connection.execute("SELECT source, place, readers, services FROM origins ORDER BY source")
        return {str(name): Origin(place, tuple(json.loads(readers)), near) for name, place, readers, near in rows}

    def settle(self, source: str, origin: Origin) -> None:
        """Note how a source is read."""
        row = (source, origin.place, json.dumps(origin.readers), origin.services)
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?)", row)

    def drop(self, source: str) -> None:
        """Forget a source altogether, in every collection."""
        with self._connection:
            for table in ("documents", "finished", "origins"):
                self._connection.execute(f"DELETE FROM {table} WHERE source=?", (source,))  # noqa: S608 - our own names

    def _records(self, source: str, collection: str) -> list[Record]:
        query = "SELECT id, digest, chunks, reason FROM documents WHERE collection=? AND source=?"
        return [Record(*row) for row in self._connection.execute(query, (collection, source))]


@contextmanager
def open_manifest(path: Path, collection: str, *, copy: bool = False) -> Iterator[Manifest]:
    """The manifest in an SQLite file, which is made when there is none. Raises ManifestUnavailable.

    Of a ``copy`` the file never learns anything; it is not even made.
    """
    try:
        with closing(_copied(path) if copy else _opened(path)) as connection:
            connection.executescript(_TABLES)
            yield Manifest(connection, collection)
    except sqlite3.Error as failure:
        raise ManifestUnavailable(
            f"{path} cannot be used ({failure}). If it is damaged, delete it: the next run builds it again."
        ) from failure


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise ManifestUnavailable(f"{path.parent} cannot be made ({failure.strerror}); check home.") from failure
    connection = sqlite3.connect(path, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def _copied(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    if path.exists():
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as file:
            file.backup(connection)
    return connection
