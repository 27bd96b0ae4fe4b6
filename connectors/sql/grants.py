"""What a user may change, read out of the lines of SHOW GRANTS, which MySQL, MariaDB and ClickHouse word alike."""

import re

_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<on>\S+) TO ")
_COLUMNS = re.compile(r"\(.*?\)")
# https://mariadb.com/kb/en/grant/, https://dev.mysql.com/doc/refman/en/privileges-provided.html,
# https://clickhouse.com/docs/sql-reference/statements/grant: those that change nothing.
_READING = re.compile(
    r"SELECT|USAGE|SHOW\b.*|PROCESS|REPLICATION CLIENT|BINLOG MONITOR|CHECK|dictGet|KILL QUERY", re.IGNORECASE
)
_MOST = 5


def changes(grant: str) -> str:
    """What a line lets somebody change, in its own words; empty when nothing, and for a role, which has its own."""
    found = _GRANT.match(grant)
    named = _COLUMNS.sub("", found["what"]).split(",") if found else []
    more = [one.strip() for one in named if not _READING.fullmatch(one.strip())]
    return f"{', '.join(more[:_MOST])} on {found['on']}" if found and more else ""
