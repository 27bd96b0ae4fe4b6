"""A small HTTP server before chdb, ClickHouse's engine as a library: settings of a request become the statement's.

A program of its own, as the engine keeps one process to itself: ``clickhouse_server.py FOLDER``; it prints its port.
What it stands in for is the protocol of https://clickhouse.com/docs/interfaces/http, no more of it than is asked of it.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from chdb import session

OURS = ("database", "query_id", "default_format", "wait_end_of_query", "role")


class Handler(BaseHTTPRequestHandler):
    """One statement a request."""

    engine: ClassVar[session.Session]

    def do_POST(self) -> None:
        """Run the body; a second statement in it is refused, as the server does."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode().strip().rstrip(";")
        settings = ", ".join(f"{name} = '{value}'" for name, value in asked.items() if name not in OURS)
        status, said = 500, b"Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed)"
        try:
            # This engine takes several statements; the server does not.
            if ";" not in sql:
                self.engine.query(f"USE `{asked.get('database', 'default')}`")
                status, said = 200, self.engine.query(_with(settings, sql), asked.get("default_format", "TSV")).bytes()
        except RuntimeError as refused:
            said = str(refused).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _with(settings: str, sql: str) -> str:
    if not settings or sql.startswith(("SHOW", "KILL")):
        return sql
    words, values, rows = sql.partition(" VALUES ") if sql.startswith("INSERT") else (sql, "", "")
    return f"{words} SETTINGS {settings}{values}{rows}"


if __name__ == "__main__":
    Handler.engine = session.Session(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)  # noqa: T201 - for whoever started it
    server.serve_forever()
