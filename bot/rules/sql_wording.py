"""What is said of a database: the schema for a prompt, and rows as a table that people can read."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from bot.rules.sql_descriptions import Example
from bot.rules.sql_linking import Linked, Value
from bot.vocabulary import Language, Window
from connectors.sql.port import AdmittedQuery, Cell, Column, Dialect, Rows, Table

Way = Literal["template", "verified", "model"]
"""How a query came about."""

FIRST_ROWS, LONGEST_CELL = 20, 80
_MOST_SAMPLES = 4
_NAMES: Mapping[Dialect, str] = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "sqlite": "SQLite",
    "clickhouse": "ClickHouse",
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "none": "The query gave no rows.",
        "rows": "{n} rows",
        "row": "1 row",
        "first": "the first {n} are shown",
        "cut": "there are more: the answer stops at {most} rows or its cap of bytes",
        "asked": "Asked of {dialect} by {by}; tables: {tables}; at most {most} rows.",
        "template": "a fixed template",
        "verified": "a query that the team has verified",
        "model": "a query that the model wrote",
        "withheld": "Not shown to you as it is: {columns}.",
        ", ": ", ",
        "; ": "; ",
        ".": ".",
    },
    "zh": {
        "none": "查询没有返回任何行。",
        "rows": "{n} 行",
        "row": "1 行",
        "first": "显示前 {n} 行",
        "cut": "还有更多：结果在 {most} 行或字节上限处截断",
        "asked": "查询 {dialect}，方式：{by}；表：{tables}；最多 {most} 行。",
        "template": "固定模板",
        "verified": "团队核实过的查询",
        "model": "模型编写的查询",
        "withheld": "未向你原样显示：{columns}。",
        ", ": "、",
        "; ": "；",
        ".": "。",
    },
}
UNANSWERED: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "irrelevant": "nothing in its schema matches the question",
        "no model": "no template fits the question, and no model could write a query",
        "missing": "it does not hold this: {}",
        "refused": "no query for it could be run: {}",
    },
    "zh": {
        "irrelevant": "数据库结构中没有与问题相符的内容",
        "no model": "没有适合该问题的模板，也没有模型可以编写查询",
        "missing": "其中没有这些数据：{}",
        "refused": "没有可执行的查询：{}",
    },
}
"""Why a database gave no rows."""

_MARKS = re.compile(r"([\\|`*_\[\]<>])")


def answered(query: AdmittedQuery, rows: Rows, *, by: Way, language: Language) -> str:
    """The rows as a Markdown table, with the query, its tables and its cap."""
    words = _WORDS[language]
    asked = words["asked"].format(
        dialect=_NAMES[query.dialect],
        by=words[by],
        tables=words[", "].join(query.tables) or "-",
        most=query.rows,
    )
    withheld = words["withheld"].format(columns=words[", "].join(query.withheld)) if query.withheld else ""
    # A fence that the query, which may quote anything, cannot close.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", query.text)), default=0))
    sql = f"{fence}sql\n{query.text}\n{fence}"
    parts = (_table(rows), _extent(rows, query, words), f"{asked}\n{withheld}".strip(), sql)
    return "\n\n".join(part for part in parts if part)


def described(dialect: Dialect, linked: Linked, window: Window | None, *, samples: bool = True) -> str:
    """The part of the schema that a question may need, the values it names and its span of time, for a prompt.

    Without ``samples``, no value is in it that the question does not name itself.
    """
    tables = "\n".join(_schema_lines(table, linked.values, samples=samples) for table in linked.tables)
    values = "".join(f"\n{one.table}.{one.column} = '{one.value}'" for one in linked.values)
    span = (
        f"\nTIME\n{window.words}: from {_moment(window, 'start')} to before {_moment(window, 'end')}" if window else ""
    )
    return f"DIALECT\n{_NAMES[dialect]}\nSCHEMA\n{tables}" + (f"\nVALUES{values}" if values else "") + span


def document(table: Table) -> str:
    """What a table is found by: its name and columns, what they mean and are called, and some of their values."""
    said = [f"{table.name}{_remark(table)}"]
    said += [f"{one.name}{_remark(one)} {', '.join(one.samples[:_MOST_SAMPLES])}".strip() for one in table.columns]
    return "\n".join(said)


def verified(examples: Sequence[Example]) -> str:
    """Examples as they stand before everything else in a prompt; empty without any."""
    return "".join(f"VERIFIED\n{one.question}\n{one.sql}\n" for one in examples)


def _moment(window: Window, which: str) -> str:
    return f"'{getattr(window, which):%Y-%m-%d %H:%M:%S}'"


def _schema_lines(table: Table, values: Sequence[Value], *, samples: bool) -> str:
    return "\n".join(
        [
            f"{table.name}:{_remark(table)}",
            *(f"  {_column(one, table, values, samples=samples)}" for one in table.columns),
        ]
    )


def _column(column: Column, table: Table, values: Sequence[Value], *, samples: bool) -> str:
    keys = (key for key in table.foreign_keys if key.columns == (column.name,) and key.references)
    target = next((f" = {key.table}.{key.references[0]}" for key in keys), "")
    primary = " primary key" if table.key == (column.name,) else ""
    named = [one.value for one in values if (one.table, one.column) == (table.name, column.name)]
    some = list(dict.fromkeys([*named, *(column.samples if samples else ())]))[:_MOST_SAMPLES]
    such = f" such as {', '.join(repr(one) for one in some)}" if some else ""
    return f"{column.name} {column.type.lower()}{primary}{target}{such}{_remark(column)}"


def _remark(one: Table | Column) -> str:
    words = [*([_line(one.comment)] if one.comment else []), *one.synonyms]
    return f" -- {', '.join(words)}" if words else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:80]


def _table(rows: Rows) -> str:
    if not rows.rows:
        return ""
    lines = [rows.columns, tuple("---" for _ in rows.columns), *rows.rows[:FIRST_ROWS]]
    shown = (line if number == 1 else [_shown(value) for value in line] for number, line in enumerate(lines))
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in shown)


def _extent(rows: Rows, query: AdmittedQuery, words: Mapping[str, str]) -> str:
    if not rows.rows:
        return words["none"]
    parts = [words["row"] if len(rows.rows) == 1 else words["rows"].format(n=len(rows.rows))]
    if len(rows.rows) > FIRST_ROWS:
        parts.append(words["first"].format(n=FIRST_ROWS))
    if rows.truncated or len(rows.rows) == query.rows:
        parts.append(words["cut"].format(most=query.rows))
    return words["; "].join(parts) + words["."]


def _shown(value: Cell) -> str:
    """A cell that stays a cell: marks that Markdown would read, and line breaks, are taken from it."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return _MARKS.sub(r"\\\1", text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")
