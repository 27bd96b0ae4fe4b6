"""Admits one read-only statement over the tables an asker may read, and nothing else.

Nothing a model or a person writes runs as written. The text is read into a syntax tree; every kind of node, function,
type, table and column in it must be on a list; and what runs is the text that the tree writes out, read once more to be
sure that it says the same. The layers behind this one are the database's: a role that can only read, a read-only
transaction, time and memory limits (https://www.postgresql.org/docs/current/sql-grant.html, and the plan's cost first).

The connection must keep the meaning of quotes that the text is written for: ``standard_conforming_strings=on`` and a
fixed ``search_path`` in PostgreSQL, an ``sql_mode`` without ``ANSI_QUOTES`` and ``NO_BACKSLASH_ESCAPES`` in MySQL.
"""

import logging
import re
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from bot.guards.sql_allowed import NotAdmitted
from bot.guards.sql_calls import Calls, say_units
from bot.guards.sql_columns import check_columns
from bot.guards.sql_dialects import DIALECTS, SqlDialect, may_be_types, tokens_of
from bot.guards.sql_schema import Schema
from connectors.sql.port import AdmittedQuery

# It warns of every statement that it reads as a mere command; here that is a refusal, and nothing to log.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\xa0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\ufeff]"
)
_ESCAPED_NAME = re.compile(r"u&\s*['\"]", re.IGNORECASE)
_OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE)
_TRIED_TWICE = (TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END)
_PREFIX = (TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS, TokenType.RLIKE)


@dataclass(frozen=True)
class Limits:
    """How large a statement may be, and how many rows it may put out."""

    rows: int = 1000
    characters: int = 20_000
    tokens: int = 4_000
    nesting: int = 24


@dataclass(frozen=True)
class Refused:
    """Why a statement may not run, in a sentence for the person who asked."""

    reason: str


def guard(sql: str, schema: Schema, dialect: SqlDialect, limits: Limits = Limits()) -> AdmittedQuery | Refused:
    """The statement as it may run on this schema, or why it may not. Never raises."""
    try:
        return _admit(sql, schema, dialect, limits)
    except NotAdmitted as refusal:
        return Refused(str(refusal))
    except RecursionError:
        return Refused("The statement is nested too deeply.")
    except (SqlglotError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
        # The parser meets text that nobody foresaw, and then raises whatever its code ran into.
        return Refused("The statement could not be read as one query.")


def _admit(sql: str, schema: Schema, dialect: SqlDialect, limits: Limits) -> AdmittedQuery:
    _check_text(sql, dialect, limits)
    query = _parse(sql, dialect, limits)
    if dialect == "mysql":
        say_units(query)
    Calls(schema, dialect).check(query)
    sources, columns = check_columns(query, schema, dialect)
    query = _limit(query, limits.rows)
    text = _write(query, dialect)
    if len(text) > 4 * limits.characters or _write(_parse(text, dialect, limits), dialect) != text:
        raise NotAdmitted("The statement cannot be written out so that it surely says the same.")
    withheld = (f"{t.name}.{c.name}" for t in sources.tables.values() for c in t.columns if c.access != "open")
    return AdmittedQuery(text, dialect, tuple(sources.tables), tuple(columns.used), tuple(withheld), limits.rows)


def _check_text(sql: str, dialect: str, limits: Limits) -> None:
    if len(sql) > limits.characters:
        raise NotAdmitted(f"The statement is longer than {limits.characters} characters.")
    if _CONTROL.search(sql):
        raise NotAdmitted("The statement holds control characters or unusual white space.")
    if _ESCAPED_NAME.search(sql):
        raise NotAdmitted("Names and texts written as Unicode escapes (U&) are not read: write them out.")
    if dialect == "mysql" and "/*" in sql:
        raise NotAdmitted("Comments of the form /* */ can be run by MySQL: leave them out.")


def _parse(sql: str, dialect: SqlDialect, limits: Limits) -> exp.Expr:
    tokens = tokens_of(sql, dialect)
    _check_tokens(tokens, dialect, limits)
    statements = [one for one in DIALECTS[dialect].parser().parse(tokens, sql) if one is not None]
    if len(statements) != 1 or any(token.token_type == TokenType.SEMICOLON for token in tokens[:-1]):
        raise NotAdmitted("There must be exactly one statement.")
    query = statements[0]
    if not isinstance(query, exp.Query | exp.Values):
        raise NotAdmitted("Only a SELECT may be run: nothing is ever changed.")
    return query


def _check_tokens(tokens: list[Token], dialect: SqlDialect, limits: Limits) -> None:
    """Raises NotAdmitted for what would take long to read.

    Behind a bracket, or a parenthesis after the name of a type, the parser tries one reading and then another, so that
    each level multiplies the work. Such a token counts as often as it may be read.
    """
    opened: list[bool] = []
    prefixes = work = 0
    before = TokenType.SEMICOLON
    for token in tokens:
        kind = token.token_type
        if kind in _OPEN:
            opened.append(kind in _TRIED_TWICE or before in may_be_types(dialect))
        elif kind in _CLOSE and opened:
            opened.pop()
        prefixes = prefixes + 1 if kind in _PREFIX else 0
        work += 3 ** sum(opened)
        if max(len(opened), prefixes) > limits.nesting or work > 4 * limits.tokens:
            raise NotAdmitted("The statement is nested too deeply.")
        before = kind
    if len(tokens) > limits.tokens:
        raise NotAdmitted("The statement is too long.")


def _limit(query: exp.Expr, rows: int) -> exp.Expr:
    """The query with at most that many rows. One that says its own number otherwise than plainly is put in another."""
    given = query.args.get("limit")
    wanted = _plain_number(given)
    if given is not None and wanted is None:
        alias = exp.TableAlias(this=exp.to_identifier("answer"))
        query = exp.Select(
            expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=query, alias=alias, copy=False))
        )
        wanted = None
    query.set("limit", exp.Limit(expression=exp.Literal.number(rows if wanted is None else min(rows, wanted))))
    return query


def _plain_number(limit: exp.Expr | None) -> int | None:
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options and (options.args.get("with_ties") or options.args.get("percent")):
            return None
        count = limit.args.get("count") or exp.Literal.number(1)
    else:
        # ClickHouse: LIMIT n BY column is another thing, LIMIT n WITH TIES may put out more.
        plain = limit is not None and not (limit.args.get("expressions") or limit.args.get("limit_options"))
        count = limit.args.get("expression") if limit and plain else None
    return int(count.name) if isinstance(count, exp.Literal) and count.name.isdecimal() else None


def _write(query: exp.Expr, dialect: SqlDialect) -> str:
    return DIALECTS[dialect].generate(query, copy=False, comments=False, normalize_functions=False)
