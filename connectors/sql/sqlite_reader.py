"""The child process that reads a SQLite file: one request, one reply, and gone.

Nothing but SQLite's own limits stands between a statement and this process, so it holds nothing worth having:
https://www.sqlite.org/security.html (untrusted SQL), https://www.sqlite.org/c3ref/set_authorizer.html.
"""

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast
from urllib.parse import quote

from connectors.sql.cells import LONGEST_SAMPLE, SAMPLED_ROWS, Basket, samples
from connectors.sql.port import Cell

# https://www.sqlite.org/lang_corefunc.html, lang_datefunc, lang_aggfunc, windowfunctions, lang_mathfunc and json1.
# Left out is what reads files, loads code or makes values of any size out of a number.
_ALLOWED = """
abs char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like likelihood
likely lower ltrim max min nullif octet_length printf quote random replace round rtrim sign soundex substr substring
total_changes trim typeof unhex unicode unistr unlikely upper date time datetime julianday unixepoch strftime
timediff current_date current_time current_timestamp avg count group_concat median percentile percentile_cont
percentile_disc string_agg sum total row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
last_value nth_value acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10
log2 mod pi pow power radians sin sinh sqrt tan tanh trunc json json_array json_array_length json_error_position
json_extract -> ->> json_insert json_object json_patch json_pretty json_remove json_replace json_set json_type
json_valid json_quote json_group_array json_group_object json_each json_tree
jsonb jsonb_array jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch
jsonb_remove jsonb_replace jsonb_set jsonb_tree sqlite_version unistr_quote
"""
FUNCTIONS = frozenset(_ALLOWED.split())
# https://www.sqlite.org/json1.html#jeach: they stand in FROM, and SQLite asks whether they may be read.
_ROWS = frozenset(("json_each", "json_tree", "jsonb_each", "jsonb_tree"))
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 20_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_STEPS_BETWEEN_LOOKS = 10_000


class Request(TypedDict):
    """What the parent asks for; ``sql`` is empty when it asks for the schema."""

    path: str
    sql: str
    explain: bool
    tables: list[str]
    withheld: list[str]
    rows: int
    bytes: int
    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Readable:
    """What the statement may read: the authorizer asks here before anything happens."""

    tables: frozenset[str]
    withheld: frozenset[str]

    def __call__(self, action: int, first: str | None, second: str | None, _: str | None, inner: str | None) -> int:
        """SQLITE_OK for reading what the guard admitted and for harmless functions, SQLITE_DENY for the rest."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            allowed = True
        elif action == sqlite3.SQLITE_FUNCTION:
            allowed = (second or "").lower() in FUNCTIONS
        else:
            allowed = action == sqlite3.SQLITE_READ and self._reads(first, second, inner)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    def _reads(self, table: str | None, column: str | None, inner: str | None) -> bool:
        # What a view reads is the view's business; ``inner`` names it.
        name = (table or "").casefold()
        if name in _ROWS or (inner and inner.casefold() in self.tables):
            return True
        return name in self.tables and f"{name}.{(column or '').casefold()}" not in self.withheld


def main() -> None:
    """Read one request from standard input, write one reply to standard output."""
    request = cast("Request", json.loads(sys.stdin.buffer.read()))
    resource.setrlimit(resource.RLIMIT_AS, (request["memory_bytes"], request["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["seconds"]) + 2, int(request["seconds"]) + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    reply: Mapping[str, object]
    try:
        reply = answer(request)
    except sqlite3.Error as refused:
        missing = refused.sqlite_errorcode in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB)
        reply = {"unavailable" if missing else "refused": str(refused)}
    except sqlite3.Warning as several:
        reply = {"refused": str(several)}
    except MemoryError:
        reply = {"refused": "it needs more memory than it may have"}
    sys.stdout.write(json.dumps(reply))


def answer(request: Request) -> Mapping[str, object]:
    """The schema, the plan or the rows. Raises sqlite3.Error."""
    file = sqlite3.connect(f"file:{quote(request['path'])}?mode=ro", uri=True, isolation_level=None)
    try:
        return _answer(file, request)
    finally:
        file.close()


def _answer(file: sqlite3.Connection, request: Request) -> Mapping[str, object]:
    for limit, most in _LIMITS.items():
        file.setlimit(limit, most)
    for pragma in ("query_only = ON", "trusted_schema = OFF", "temp_store = MEMORY", "mmap_size = 0"):
        file.execute(f"PRAGMA {pragma}")
    ends = time.monotonic() + request["seconds"]
    file.set_progress_handler(lambda: time.monotonic() > ends, _STEPS_BETWEEN_LOOKS)
    if not request["sql"]:
        return {"tables": described(file)}
    # Made now, as making such a table would ask the authorizer for more than it grants.
    file.execute("SELECT count(*) FROM json_each('[]'), json_tree('[]')")
    file.set_authorizer(Readable(frozenset(request["tables"]), frozenset(request["withheld"])))
    if request["explain"]:
        file.execute(f"EXPLAIN QUERY PLAN {request['sql']}").fetchall()
        return {}
    started, cursor = time.monotonic(), file.execute(request["sql"])
    basket = Basket(request["rows"], request["bytes"])
    for row in cursor:
        if not basket.add(row):
            break
    columns = [one[0] for one in cursor.description or ()]
    seconds = time.monotonic() - started
    return {"columns": columns, "rows": basket.rows, "truncated": basket.truncated, "seconds": seconds}


def described(file: sqlite3.Connection) -> list[dict[str, object]]:
    """Every table and view with its columns, keys and samples, as JSON."""
    found = file.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    return [_table(file, name) for (name,) in found]


def _table(file: sqlite3.Connection, name: str) -> dict[str, object]:
    columns = file.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
    keys = file.execute('SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', (name,))
    foreign: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, table, column, target in keys:
        foreign.setdefault(number, []).append((table, column, target))
    seen = _first_rows(file, name, [column for column, kind, _ in columns if _is_text(kind)])
    return {
        "name": name,
        "columns": [
            {"name": column, "type": kind, "samples": samples(seen.get(column, []))} for column, kind, _ in columns
        ],
        "key": [column for column, _, position in sorted(columns, key=lambda one: one[2]) if position],
        "foreign_keys": list(foreign.values()),
        "rows": _most(file, name),
    }


def _is_text(kind: str) -> bool:
    # https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    return any(word in kind.upper() for word in ("CHAR", "CLOB", "TEXT", "ENUM")) or not kind


def _first_rows(file: sqlite3.Connection, table: str, columns: list[str]) -> dict[str, list[Cell]]:
    if not columns:
        return {}
    shown = ", ".join(f"substr({_quoted(column)}, 1, {LONGEST_SAMPLE + 1})" for column in columns)
    rows = _tried(lambda: file.execute(f"SELECT {shown} FROM {_quoted(table)} LIMIT {SAMPLED_ROWS}").fetchall())  # noqa: S608
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def _most(file: sqlite3.Connection, table: str) -> int | None:
    # The largest rowid is read off the end of the tree; counting would read all of it.
    found = _tried(lambda: file.execute(f"SELECT max(rowid) FROM {_quoted(table)}").fetchall())  # noqa: S608
    return int(found[0][0] or 0) if found and isinstance(found[0][0], int | None) else None


def _tried(read: Callable[[], list[tuple[Cell, ...]]]) -> list[tuple[Cell, ...]]:
    """What can be read; a broken view or a table without rowids is described all the same."""
    try:
        return read()
    except sqlite3.OperationalError:
        return []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2])]
    main()
