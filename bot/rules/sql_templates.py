"""Queries for the common questions, built from what was linked: count, count by, top N, latest, average; no model.

A template is only used when it explains every word of the question. Whatever is left over might change the answer, and
then the question is not the template's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.rules.sql_linking import Linked, Value, named, words_of
from bot.rules.terms import Terms
from bot.vocabulary import Window
from connectors.sql.port import Column, Dialect, Schema, Table
from knowledge.lexical import terms as bare_terms

_COUNT = re.compile(
    r"\b(?:how many|number of|count(?: of)?|how often)\b|多少|几[个次条起]|数量|次数|统计", re.IGNORECASE
)
_TOP = re.compile(
    r"\btop\s+(?P<n>\d+)|\b(?:the )?most(?! recent)\b|最多|排名前?(?P<zh>\d+)?|前(?P<zh2>\d+)", re.IGNORECASE
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent)\b(?:\s+(?P<n>\d+))?"
    r"|\blast\s+(?P<last>\d+)\s+(?!seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
    r"|最新|最近(?P<zh>\d+|一)[次个条起]",
    re.IGNORECASE,
)
_AVERAGE = re.compile(r"\b(?:average|mean|avg)\b|平均", re.IGNORECASE)
_BY = re.compile(r"\b(?:per|by|each|grouped)\b|每个?|各个?|按", re.IGNORECASE)
# Words that turn a question around, or make it another one; those of them that are stop words would go unseen.
_OTHERWISE = re.compile(
    r"\b(?:not|no|never|without|except|excluding|other than|neither|nor|or|why|how (?:do|to|can|should))\b|n't"
    r"|不|未|没|非|除|或|为什么|怎么|如何",
    re.IGNORECASE,
)
_FILLER = """
many number count often total top most latest newest recent last average averag mean avg per each group grouped show
list give tell current currently current now all any got get happen happened occurred occur record recorded entri
entry row were when
多少 几个 几次 几条 几起 数量 次数 统计 一共 总共 共 最多 排名 最新 最近 平均 平均值 每个 每 各个 各 按 分组 列出 显示
查询 次 个 条 起 前 发生 出现 目前 现在 当前 所有 全部 多少次 多少个 有多少 时候 什么时候 时间 一次 一个 一条 一起
"""
_FILLED = frozenset(_FILLER.split())
_TIME = re.compile(r"date|time", re.IGNORECASE)
_TIME_NAME = re.compile(r"(?:_at|_on|_date|_time|date|time|timestamp)$", re.IGNORECASE)
_BEGINNING = re.compile(r"creat|open|start|fire|occur|begin|raised|deployed|timestamp", re.IGNORECASE)
_NUMBER = re.compile(r"int|num|dec|real|doub|float|money", re.IGNORECASE)
_NAME = re.compile(r"(?:^|_)(?:name|title|label|slug)$", re.IGNORECASE)
_RESERVED = frozenset(
    (
        *(
            "all",
            "case",
            "check",
            "column",
            "default",
            "desc",
            "end",
            "from",
            "group",
            "index",
            "key",
            "limit",
            "order",
        ),
        *("rank", "row", "rows", "select", "system", "table", "to", "user", "values", "when", "where", "window"),
    )
)
_SIMPLE = re.compile(r"[a-z_][a-z0-9_]*")
ONE, FEW = 1, 5


@dataclass(frozen=True)
class Asked:
    """A question and what is known about it. ``most`` is the cap of rows."""

    text: str
    linked: Linked
    schema: Schema
    dialect: Dialect
    window: Window | None
    most: int


@dataclass(frozen=True)
class _Group:
    """By what rows are counted: a column, of another table where ``join`` says how to get there."""

    column: str
    explained: frozenset[str]
    join: str = ""


def template(asked: Asked, terms: Terms) -> str | None:
    """A query that answers exactly this question; None when no template surely does."""
    if not asks_for_figures(asked.text) or _OTHERWISE.search(asked.text):
        return None
    found = dict.fromkeys(
        sql for subject in _subjects(asked, terms) for sql in _for_subject(asked, subject, terms) if sql
    )
    return next(iter(found)) if len(found) == 1 else None


def asks_for_figures(text: str) -> bool:
    """Whether it asks for a count, an average, the most or the latest of something."""
    return bool(_kind(text))


def quoted(name: str, dialect: Dialect) -> str:
    """A name as the dialect writes it; plain where it can be."""
    if _SIMPLE.fullmatch(name) and name not in _RESERVED:
        return name
    mark = "`" if dialect == "mysql" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def _kind(text: str) -> str:
    kinds = (("average", _AVERAGE), ("top", _TOP), ("count", _COUNT), ("latest", _LATEST))
    return next((kind for kind, pattern in kinds if pattern.search(text)), "")


def _subjects(asked: Asked, terms: Terms) -> list[Table]:
    wanted = terms(asked.text)
    return [table for table in asked.schema.tables if named(table, wanted, terms)]


def _for_subject(asked: Asked, subject: Table, terms: Terms) -> Iterator[str | None]:
    kind, wanted = _kind(asked.text), terms(asked.text)
    filters = _filters(asked, subject)
    if filters is None:
        return
    explained = named(subject, wanted, terms) | frozenset(
        term for value in asked.linked.values for term in terms(f"{value.words} {value.value}")
    )
    explained |= terms(asked.window.words) if asked.window else frozenset()
    times = _time_column(asked, subject, terms)
    if asked.window:
        if times is None:
            return
        filters = [*filters, *_within(times, asked.window, asked.dialect)]
    groups = list(_groups(asked, subject, wanted, terms)) if kind == "top" or _BY.search(asked.text) else [None]
    for group in groups:
        known = explained | (group.explained if group else frozenset())
        if kind == "average":
            yield from _averages(asked, subject, group, filters, known, terms)
        elif _explains(asked.text, known, terms) and (kind != "latest" or times is not None):
            yield (
                _latest(asked, subject, times, filters)
                if kind == "latest" and times
                else _counted(asked, subject, group, filters, top=kind == "top")
            )


def _explains(text: str, explained: frozenset[str], terms: Terms) -> bool:
    left = [term for term, _ in bare_terms(text) if term not in explained and not terms(term) & explained]
    counted = {number for pattern in (_TOP, _LATEST) for found in pattern.finditer(text) for number in found.groups()}
    return all(term in _FILLED or term in counted for term in left)


def _groups(asked: Asked, subject: Table, wanted: frozenset[str], terms: Terms) -> Iterator[_Group]:
    for column in subject.columns:
        words = named(column, wanted, terms)
        if words and column.name not in subject.key:
            yield _Group(_dotted(subject, column.name, asked.dialect), words)
    for key in subject.foreign_keys:
        other = asked.schema.table(key.table)
        if other is None or other is subject or len(key.columns) != 1 or not key.references:
            continue
        on = f"{_dotted(subject, key.columns[0], asked.dialect)} = {_dotted(other, key.references[0], asked.dialect)}"
        join = f" JOIN {quoted(other.name, asked.dialect)} ON {on}"
        shown = _display(other)
        if shown and (words := named(other, wanted, terms)):
            yield _Group(_dotted(other, shown, asked.dialect), words, join)
        for column in other.columns:
            if column.name not in other.key and (words := named(column, wanted, terms)):
                yield _Group(_dotted(other, column.name, asked.dialect), words, join)


def _dotted(table: Table, column: str, dialect: Dialect) -> str:
    return f"{quoted(table.name, dialect)}.{quoted(column, dialect)}"


def _display(table: Table) -> str | None:
    """The column by which people know a row."""
    return next((column.name for column in table.columns if _NAME.search(column.name)), None)


def _filters(asked: Asked, subject: Table) -> list[str] | None:
    """A condition for every value that the question names; None when one fits nowhere or twice, or two a column."""
    conditions: dict[tuple[str, str], str] = {}
    for words in dict.fromkeys(value.words for value in asked.linked.values):
        meant = [value for value in asked.linked.values if value.words == words]
        own = [value for value in meant if value.table == subject.name]
        reached = own or [value for value in meant if any(key.table == value.table for key in subject.foreign_keys)]
        if len(reached) != 1 or (reached[0].table, reached[0].column) in conditions:
            return None
        conditions[reached[0].table, reached[0].column] = _condition(asked, subject, reached[0])
    return list(conditions.values())


def _condition(asked: Asked, subject: Table, value: Value) -> str:
    test = f"{quoted(value.column, asked.dialect)} = {_text(value.value)}"
    here = quoted(subject.name, asked.dialect)
    if value.table == subject.name:
        return f"{here}.{test}"
    key = next(key for key in subject.foreign_keys if key.table == value.table)
    there = f"SELECT {quoted(key.references[0], asked.dialect)} FROM {quoted(value.table, asked.dialect)} WHERE {test}"  # noqa: S608 - the guard checks it
    return f"{here}.{quoted(key.columns[0], asked.dialect)} IN ({there})"


def _time_column(asked: Asked, subject: Table, terms: Terms) -> str | None:
    times = [column for column in subject.columns if _is_time(column, asked.dialect)]
    said = [column for column in times if (words_of(column.name, terms) - {"at", "time", "date"}) & terms(asked.text)]
    beginning = [column for column in times if _BEGINNING.search(column.name)]
    chosen = next((some for some in (said, times, beginning) if len(some) == 1), None)
    return _dotted(subject, chosen[0].name, asked.dialect) if chosen else None


def _is_time(column: Column, dialect: Dialect) -> bool:
    in_words = dialect == "sqlite" and not _NUMBER.search(column.type) and bool(_TIME_NAME.search(column.name))
    return bool(_TIME.search(column.type)) or in_words


def _within(column: str, window: Window, dialect: Dialect) -> list[str]:
    zone = "+00" if dialect == "postgres" else ""
    start, end = (f"'{moment:%Y-%m-%d %H:%M:%S}{zone}'" for moment in (window.start, window.end))
    # SQLite compares texts: this brings `2026-01-01T10:00:00Z` into the form that it is compared with.
    column = f"datetime({column})" if dialect == "sqlite" else column
    return [f"{column} >= {start}", f"{column} < {end}"]


def _averages(
    asked: Asked, subject: Table, group: _Group | None, filters: Sequence[str], known: frozenset[str], terms: Terms
) -> Iterator[str]:
    wanted = terms(asked.text)
    for column in subject.columns:
        words = named(column, wanted, terms)
        if not (words and _NUMBER.search(column.type)) or column.name in subject.key:
            continue
        if _explains(asked.text, known | words, terms):
            value = f"AVG({_dotted(subject, column.name, asked.dialect)})"
            yield _select(asked, subject, group, filters, f"{value} AS {quoted('average', asked.dialect)}")


def _counted(asked: Asked, subject: Table, group: _Group | None, filters: Sequence[str], *, top: bool) -> str:
    sql = _select(asked, subject, group, filters, "COUNT(*) AS number")
    if group is None:
        return sql
    match = _TOP.search(asked.text)
    number = next((int(found) for found in (match.groups() if match else ()) if found), FEW if top else asked.most)
    return f"{sql} ORDER BY number DESC LIMIT {min(number, asked.most)}"


def _latest(asked: Asked, subject: Table, times: str, filters: Sequence[str]) -> str:
    match = _LATEST.search(asked.text)
    said = next((found for found in (match.groups() if match else ()) if found), "1")
    number = int(said) if said.isdigit() else ONE
    sql = f"SELECT * FROM {quoted(subject.name, asked.dialect)}{_where(filters)}"  # noqa: S608 - the guard checks it
    return f"{sql} ORDER BY {times} DESC LIMIT {min(number, asked.most)}"


def _select(asked: Asked, subject: Table, group: _Group | None, filters: Sequence[str], value: str) -> str:
    start = f"FROM {quoted(subject.name, asked.dialect)}"
    if group is None:
        return f"SELECT {value} {start}{_where(filters)}"
    return f"SELECT {group.column}, {value} {start}{group.join}{_where(filters)} GROUP BY {group.column}"


def _where(filters: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(filters)}" if filters else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
