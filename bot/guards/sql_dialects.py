"""How the guard reads and writes SQL: sqlglot's dialects, made faithful, so that what runs says what was checked.

sqlglot translates between dialects. The guard must not: a function call keeps its name and its arguments, and what
sqlglot does not know of PostgreSQL's grammar is read here: operators of the catalogue, typed literals, SQL/JSON, XML.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar, Literal

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.clickhouse import ClickHouseParser
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.parsers.sqlite import SQLiteParser
from sqlglot.tokenizer_core import Token, TokenType

from bot.guards.sql_allowed import TYPES
from bot.guards.sql_worded import WORDED, Worded, WordedReader, worded_sql

SqlDialect = Literal["postgres", "mysql", "sqlite", "clickhouse"]

_Parsers = Mapping[str, Callable[..., object]]

# https://www.postgresql.org/docs/current/catalog-pg-operator.html: those that sqlglot's tokenizer splits.
_OPERATORS = (
    *("<<|", "|>>", "&<|", "|&>", "<^", ">^", "~=", "<<=", ">>=", "*=", "*<>", "*<", "*<=", "*>", "*>="),
    *("@@@", "@-@", "!!", "?-", "?-|", "?||", "?#", "<->", "~<~", "~<=~", "~>~", "~>=~", "##"),
)
_PREFIXES = ("@-@", "!!", "?-", "@@", "#", "@")
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
_FIELDS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_SPECIAL = frozenset({"CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM", "NORMALIZE"})


class CatalogueOperator(exp.Expression, exp.Binary):
    """An operator of PostgreSQL's own catalogue that has no node in sqlglot."""

    arg_types: ClassVar = {"this": True, "expression": True, "operator": True}


class CataloguePrefix(exp.Unary):
    """An operator of PostgreSQL's catalogue that stands before its one operand."""

    arg_types: ClassVar = {"this": True, "operator": True}


class Tested(exp.Unary):
    """PostgreSQL's ``x IS [NOT] [form] NORMALIZED`` and ``x IS [NOT] DOCUMENT``."""

    arg_types: ClassVar = {"this": True, "words": True}


class IntervalLiteral(exp.Interval):
    """PostgreSQL's ``INTERVAL [(digits)] 'text' [fields]``, word for word."""

    arg_types: ClassVar = {"this": True, "digits": False, "fields": False}


def _special(parsers: _Parsers, *more: str) -> dict[str, Callable[..., object]]:
    """Only the calls whose arguments are no plain list: the rest is read as written."""
    return {name: parsers[name] for name in (*_SPECIAL, *more) if name in parsers}


class _PostgresReader(WordedReader, PostgresParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _special(PostgresParser.FUNCTION_PARSERS) | dict.fromkeys(
        WORDED, lambda self: self.read_worded()
    )
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {
        name: PostgresParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("ANY", "CASE", "VARIADIC")
    }
    RANGE_PARSERS: ClassVar = PostgresParser.RANGE_PARSERS | {
        TokenType.DSTAR: lambda self, this: self.read_operator(this)
    }
    UNARY_PARSERS: ClassVar = PostgresParser.UNARY_PARSERS | dict.fromkeys(
        (TokenType.DSTAR, TokenType.DAT, TokenType.HASH, TokenType.PARAMETER), lambda self: self.read_prefix()
    )

    def read_operator(self, this: exp.Expr) -> exp.Expr:
        """An operator of the catalogue between two operands; it has just been read."""
        operator = self._prev.text
        if operator not in _OPERATORS:
            self.raise_error(f"{operator} is no operator")
        return self.expression(CatalogueOperator(this=this, operator=operator, expression=self._parse_bitwise()))

    def read_prefix(self) -> exp.Expr:
        """An operator of the catalogue and its operand; the operator has just been read."""
        operator = self._prev.text
        if operator not in _PREFIXES:
            self.raise_error(f"{operator} stands before nothing")
        return self.expression(CataloguePrefix(this=self._parse_unary(), operator=operator))

    def _parse_interval(self, *_: bool, **__: bool) -> exp.Interval | None:
        index = self._index
        if not self._match(TokenType.INTERVAL):
            return None
        precision = self._try_parse(lambda: self._parse_wrapped(self._parse_number))
        if not self._match(TokenType.STRING, advance=False):
            self._retreat(index)
            return None
        literal, words = self._parse_string(), list[str]()
        while self._curr and (self._curr.text.upper() in _FIELDS or (words and self._curr.text.upper() == "TO")):
            words.append(self._curr.text.upper())
            self._advance()
        if words[-1:] == ["SECOND"] and self._match(TokenType.L_PAREN):
            number = self._parse_number()
            words[-1] += f"({number.name if number else 0})"
            self._match_r_paren()
        digits = f"({precision.name})" if precision else ""
        return self.expression(IntervalLiteral(this=literal, digits=digits, fields=" ".join(words)))

    def _parse_type(self, *options: bool, **named: bool) -> exp.Expr | None:
        token = self._curr
        if (
            token.token_type == TokenType.VAR
            and self._next.token_type == TokenType.STRING
            and token.text.lower() in TYPES
        ):
            self._advance()
            kind = exp.DataType(this=exp.DType.USERDEFINED, kind=token.text)
            return self._parse_column_ops(self.expression(exp.Cast(this=self._parse_string(), to=kind)))
        return super()._parse_type(*options, **named)

    def _parse_ordered(self, parse_method: Callable[[], exp.Expr | None] | None = None) -> exp.Ordered | None:
        ordered = super()._parse_ordered(parse_method)
        # ORDER BY x USING < and > name the operator that ASC and DESC stand for.
        if ordered and self._match(TokenType.USING) and self._match_set((TokenType.LT, TokenType.GT)):
            descends = self._prev.token_type == TokenType.GT
            ordered.set("desc", descends)
            ordered.set("nulls_first", descends)
        return ordered

    def _parse_table_sample(self, *_: bool, **__: bool) -> exp.TableSample | None:
        if not self._match(TokenType.TABLE_SAMPLE):
            return None
        method = self._parse_var()
        percent = self._parse_wrapped(self._parse_bitwise)
        seed = self._parse_wrapped(self._parse_bitwise) if self._match_text_seq("REPEATABLE") else None
        return self.expression(exp.TableSample(method=method, percent=percent, seed=seed))

    def _parse_is(self, this: exp.Expr | None) -> exp.Expr | None:
        index = self._index
        words = ["NOT"] if self._match(TokenType.NOT) else []
        if self._curr and self._curr.text.upper() in _FORMS:
            words.append(self._curr.text.upper())
            self._advance()
        if self._match_text_seq("NORMALIZED") or (words[-1:] in ([], ["NOT"]) and self._match_text_seq("DOCUMENT")):
            return self.expression(Tested(this=this, words=" ".join([*words, self._prev.text.upper()])))
        self._retreat(index)
        return super()._parse_is(this)

    def _parse_escape(self, this: exp.Expr | None) -> exp.Expr | None:
        if not self._match(TokenType.ESCAPE):
            return this
        return self.expression(exp.Escape(this=this, expression=self._parse_unary()))


class _PostgresWriter(PostgresGenerator):
    TRANSFORMS: ClassVar = PostgresGenerator.TRANSFORMS | {
        CatalogueOperator: lambda self, e: " ".join((self.sql(e.this), e.args["operator"], self.sql(e.expression))),
        CataloguePrefix: lambda self, e: f"{e.args['operator']} {self.sql(e, 'this')}",
        IntervalLiteral: lambda self, e: f"INTERVAL{e.args['digits']} {self.sql(e, 'this')} {e.args['fields']}".strip(),
        Tested: lambda self, e: f"{self.sql(e, 'this')} IS {e.args['words']}",
        Worded: worded_sql,
        exp.CurrentTime: lambda self, e: f"CURRENT_TIME({self.sql(e, 'this')})" if e.this else "CURRENT_TIME",
    }


class _GuardedPostgres(Postgres):
    class Tokenizer(Postgres.Tokenizer):
        KEYWORDS: ClassVar = Postgres.Tokenizer.KEYWORDS | dict.fromkeys(_OPERATORS, TokenType.DSTAR)

    Parser = _PostgresReader
    Generator = _PostgresWriter


class _MySQLReader(MySQLParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _special(
        MySQLParser.FUNCTION_PARSERS, "CONVERT", "GROUP_CONCAT", "SUBSTR", "MATCH", "CHAR", "JSON_TABLE"
    )


class _MySQLWriter(MySQLGenerator):
    # MariaDB has the operator alone, MySQL both.
    TRANSFORMS: ClassVar = MySQLGenerator.TRANSFORMS | {exp.RegexpLike: lambda self, e: self.binary(e, "REGEXP")}


class _GuardedMySQL(MySQL):
    Parser = _MySQLReader
    Generator = _MySQLWriter


class _SQLiteReader(SQLiteParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = {"CAST": SQLiteParser.FUNCTION_PARSERS["CAST"]}
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {"CASE": SQLiteParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


class _GuardedSQLite(SQLite):
    Parser = _SQLiteReader


class _ClickHouseReader(ClickHouseParser):
    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = _special(ClickHouseParser.FUNCTION_PARSERS)


class _GuardedClickHouse(ClickHouse):
    Parser = _ClickHouseReader


_NUMBERS = (TokenType.NUMBER, TokenType.HEX_STRING, TokenType.BIT_STRING)
_NUMERAL = re.compile(r"0[xob][0-9a-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d[\d_]*)?", re.IGNORECASE)

DIALECTS: Mapping[SqlDialect, Dialect] = {
    "postgres": _GuardedPostgres(),
    "mysql": _GuardedMySQL(),
    "sqlite": _GuardedSQLite(),
    "clickhouse": _GuardedClickHouse(),
}


@cache
def may_be_types(dialect: SqlDialect) -> frozenset[TokenType]:
    """The tokens that the parser takes for the beginning of a type, before it takes them for anything else."""
    reader = DIALECTS[dialect].parser_class
    return frozenset((*reader.TYPE_TOKENS, *reader.STRUCT_TYPE_TOKENS, TokenType.INTERVAL, TokenType.ARRAY))


def tokens_of(sql: str, dialect: SqlDialect) -> list[Token]:
    """The statement's tokens. A number like ``1_000`` or ``0xFF``, which sqlglot takes apart, is one, in decimal."""
    tokens = DIALECTS[dialect].tokenize(sql)
    if dialect == "mysql":
        # There 0xFF is a string of bytes, and 1_000 is a name.
        return tokens
    read: list[Token] = []
    end = 0
    for token in tokens:
        if token.start < end:
            continue
        found = _NUMERAL.match(sql, token.start) if token.token_type in _NUMBERS else None
        if found is None or found[0].replace(".", "").isdecimal():
            read.append(token)
        else:
            end = found.end()
            read.append(Token(TokenType.NUMBER, _decimal(found[0]), token.line, token.col, token.start, end - 1))
    return read


def _decimal(numeral: str) -> str:
    plain = numeral.replace("_", "").lower()
    return str(int(plain, 0)) if plain[:2] in ("0x", "0o", "0b") else plain
