"""Holds what a query calls, casts to and counts up to against the lists and bounds of the guard."""

import math
import re

from sqlglot import exp

from bot.guards.sql_allowed import SETTINGS, TYPES, NotAdmitted, called, may_call, may_yield_rows, unknown_part
from bot.guards.sql_dialects import DIALECTS, SqlDialect
from bot.guards.sql_schema import Schema

MOST_ROWS_MADE = 1_000_000
_DATES_MADE = 1_000
_STEP_OF_TIME = re.compile(r"\s*[+-]?[1-9]\d*\s*(?:hour|day|week|mon|quarter|year)", re.IGNORECASE)
MOST_TIMES_REPEATED = 100_000
_SERIES = ("generate_series", "range", "numbers")
_REPEATING = (
    *("repeat", "space", "lpad", "rpad", "leftpad", "rightpad", "leftpadutf8", "rightpadutf8", "array_fill"),
    "tofixedstring",
)
_FORMATTING = {"postgres": ("format",), "sqlite": ("format", "printf")}
_UNIT_FIRST = ("timestampdiff", "timestampadd", "get_format", "date_diff", "datediff", "dateadd", "date_add")
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{4,})")
"""A format that pads to a width of four digits or more, or to one that is an argument."""


class Calls:
    """Checks one query's nodes, and sums up how much it may make out of nothing."""

    def __init__(self, schema: Schema, dialect: SqlDialect) -> None:
        self._types = TYPES | {name.lower() for name in schema.types}
        self._dialect = dialect
        self._made = self._repeated = 1

    def check(self, query: exp.Expr) -> None:
        """Raises NotAdmitted for what is on no list or exceeds a bound."""
        for node in query.walk():
            if part := unknown_part(node):
                raise NotAdmitted(f"{part} is not something a question may use.")
            if isinstance(node, exp.DataType | exp.PseudoType | exp.ObjectIdentifier):
                self._type(node)
            elif isinstance(node, exp.Dot):
                self._dotted(node)
            elif isinstance(node, exp.With) and (node.args.get("recursive") or self._dialect == "sqlite"):
                _bounded(node)
            elif isinstance(node, exp.In) and isinstance(node.args.get("field"), exp.Column):
                raise NotAdmitted("IN takes a list or a SELECT.")
            elif name := called(node):
                self._call(name, node)

    def _call(self, name: str, node: exp.Expr) -> None:
        folded = name.lower()
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        from_ = isinstance(node.parent, exp.Table | exp.Lateral) and may_yield_rows(name, self._dialect)
        if not (from_ or may_call(name, self._dialect)) or (quoted and name != folded):
            raise NotAdmitted(f"The function {name} is not one that a question may call.")
        arguments = node.expressions
        if folded in _SERIES:
            self._made *= max(1, _count(folded, arguments))
        elif folded in _REPEATING:
            self._repeated *= max(1, _times(folded, arguments))
        elif folded in _FORMATTING.get(self._dialect, ()):
            _narrow(name, arguments)
        elif folded == "current_setting" and not (arguments and arguments[0].name.lower() in SETTINGS):
            raise NotAdmitted("The settings of the database are not a question's business.")
        if self._made > MOST_ROWS_MADE or self._repeated > MOST_TIMES_REPEATED:
            raise NotAdmitted(f"The function {name} would make too much out of nothing.")

    def _type(self, node: exp.Expr) -> None:
        if self._dialect != "postgres":
            return
        if isinstance(node, exp.DataType) and node.this not in (exp.DType.USERDEFINED, exp.DType.UNKNOWN):
            words = node.copy() if node.this == exp.DType.ARRAY else node
            name = "" if words.this == exp.DType.ARRAY else words.sql(DIALECTS["postgres"])
        else:
            name = str(node.args.get("kind") or node.this)
        plain = re.split(r"[\s(\[]", name.strip('"').lower())[0].removeprefix("pg_catalog.")
        if plain and plain not in self._types:
            raise NotAdmitted(f"{plain} is not a type that a question may convert to.")

    def _dotted(self, node: exp.Dot) -> None:
        if isinstance(node.expression, exp.Func) and node.this.sql().lower() != "pg_catalog":
            raise NotAdmitted("A function may not be called by the schema it is in.")


def say_units(query: exp.Expr) -> None:
    """Make units of time words: MySQL's TIMESTAMPDIFF(DAY, a, b) names no column."""
    for call in query.find_all(exp.Anonymous):
        first = call.expressions[0] if call.expressions else None
        if call.name.lower() in _UNIT_FIRST and isinstance(first, exp.Column) and not first.args.get("table"):
            unit = first.name.upper().removeprefix("SQL_TSI_")
            if unit in {
                "MICROSECOND",
                "SECOND",
                "MINUTE",
                "HOUR",
                "DAY",
                "WEEK",
                "MONTH",
                "QUARTER",
                "YEAR",
                "DATE",
                "TIME",
            }:
                first.replace(exp.Var(this=unit))


def _number(node: exp.Expr) -> int | None:
    """The size of a literal number, through signs, parentheses and casts; of a series, its end."""
    while isinstance(node, exp.Neg | exp.Paren | exp.Cast):
        node = node.this
    if isinstance(node, exp.Literal) and re.fullmatch(r"\d{1,9}(?:\.\d*)?", node.name):
        return int(float(node.name)) + 1
    if isinstance(node, exp.Anonymous) and node.name.lower() == "generate_series":
        sizes = [_number(argument) for argument in node.expressions]
        return None if None in sizes else max(size for size in sizes if size is not None)
    return None


def _count(name: str, arguments: list[exp.Expr]) -> int:
    """How many rows a series may make: the numbers between its ends; of dates an hour or more apart, a thousand."""
    step = arguments[2] if len(arguments) > 2 else None
    if step is not None and _STEP_OF_TIME.match(_text(step)):
        return _DATES_MADE
    sizes = [_number(argument) for argument in arguments[:2]]
    known = [size for size in sizes if size is not None]
    least = 1.0 if step is None else _least(step)
    if not known or len(known) < len(sizes) or least <= 0:
        raise NotAdmitted(f"The ends of {name} must be plain numbers, or dates with a step of an hour or more.")
    return math.ceil(sum(known) / min(1.0, least))


def _text(node: exp.Expr) -> str:
    """What a literal says, with the unit that follows an interval's; empty for anything else."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    if isinstance(node, exp.Interval):
        return f"{node.name} {node.args.get('fields') or node.text('unit')}"
    return node.name if isinstance(node, exp.Literal) else ""


def _least(step: exp.Expr) -> float:
    while isinstance(step, exp.Neg | exp.Paren | exp.Cast):
        step = step.this
    try:
        return abs(float(step.name)) if isinstance(step, exp.Literal) else 0.0
    except ValueError:
        return 0.0


def _times(name: str, arguments: list[exp.Expr]) -> int:
    if name == "array_fill":
        sizes = [_number(one) for one in arguments[1].find_all(exp.Literal)] if len(arguments) > 1 else [None]
        known = [size for size in sizes if size is not None]
        if not known or len(known) < len(sizes):
            raise NotAdmitted(f"How often {name} repeats must be a plain number.")
        return int(math.pow(max(known), min(len(known), 6)))
    size = _number(arguments[0 if name == "space" else 1]) if len(arguments) > (name != "space") else None
    if size is None:
        raise NotAdmitted(f"How often {name} repeats must be a plain number.")
    return size


def _narrow(name: str, arguments: list[exp.Expr]) -> None:
    if not arguments or not isinstance(arguments[0], exp.Literal) or _WIDE.search(arguments[0].name):
        raise NotAdmitted(f"The format of {name} must be a plain text without wide or variable widths.")


def _bounded(with_: exp.With) -> None:
    """A recursive expression must say when to stop: its repeated part has a condition on itself, or joins a table."""
    for cte in with_.expressions:
        name = cte.alias.lower()
        repeated = [
            select
            for select in cte.this.find_all(exp.Select)
            if isinstance(cte.this, exp.SetOperation)
            and any(table.name.lower() == name for table in _own_tables(select))
        ]
        for select in repeated:
            condition = select.args.get("where")
            others = [table for table in _own_tables(select) if table.name.lower() != name]
            if not (condition and condition.find(exp.Column)) and not others:
                raise NotAdmitted(f"The recursion {cte.alias} has no condition that ends it.")


def _own_tables(select: exp.Select) -> list[exp.Table]:
    return [table for table in select.find_all(exp.Table) if table.find_ancestor(exp.Select) is select]
