"""Holds the columns that a query mentions against what its asker may read, and rewrites it where that makes it certain.

A table with masked or forbidden columns is read through a subquery of what may be seen: a forbidden column is not in
it, a masked one is a constant. Whatever the query does with the table, by ``*``, a whole row, a join on equal names, an
alias or a function of its row, it cannot reach what the subquery does not put out. The same is done wherever a
name alone does not decide what the database would read; ``*`` over a table is spelled out.

A masked column may stand in a select list as it is, and nowhere else: a count, a filter or a group of a constant would
be a wrong answer, so such a query is refused.
"""

import re

from sqlglot import exp

from bot.guards.sql_allowed import NotAdmitted, called
from bot.guards.sql_schema import Column, Schema, Table
from bot.guards.sql_scope import Scope, Source, fold
from bot.guards.sql_sources import Sources

_MASK = "***"
_PLAIN_TYPE = re.compile(r"[A-Za-z]\w*(?: \w+)*(?:\(\d+(?:, ?\d+)?\))?(?:\[\])?")
# https://www.postgresql.org/docs/current/functions-info.html: reserved, so they never name a column unquoted.
_SPELLED_LIKE_COLUMNS = ("user", "current_role", "system_user")
_SPELLED_OUT = "spelled out"
_TEXT = ("char", "text", "string", "clob")


class Columns:
    """The columns of one query, in ``used`` as ``table.column``."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._through: dict[Source, None] = {}
        self.used: dict[str, None] = {}

    def check(self, scope: Scope) -> None:
        """Hold one scope's names against its sources. Raises NotAdmitted; the query's names may be rewritten."""
        self._read_through(*(source for source in scope.tables if _limited(source)))
        if scope.natural and any(_limited(source) for source in scope.tables):
            raise NotAdmitted("A NATURAL JOIN compares columns that you may not see: name the columns with ON.")
        if scope.natural or scope.renamed:
            self._read_through(*scope.tables)
        for using in scope.using:
            for identifier in using.columns:
                self._joined(identifier, using.left, using.right)
        for clause, node in scope.names:
            if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
                self._star(node, scope, clause)
            elif node.args.get("table"):
                self._qualified(node, scope, clause)
            else:
                self._bare(node, scope, clause)

    def rewrite(self) -> None:
        """Put the subqueries in their places; the last thing to be done."""
        for source in self._through:
            _put_subquery(source, self._dialect)

    def _read_through(self, *sources: Source) -> None:
        self._through.update(dict.fromkeys(source for source in sources if source.table is not None))

    def _use(self, table: Table, column: Column, node: exp.Expr, clause: str) -> None:
        if column.access == "forbidden":
            raise NotAdmitted(f"You may not read the column {column.name} of {table.name}.")
        if column.access == "masked" and not _shown_as_it_is(node, clause):
            raise NotAdmitted(
                f"The column {column.name} of {table.name} is masked for you: it can be listed, "
                "but not filtered, counted, compared or sorted by."
            )
        self.used[f"{table.name}.{column.name}"] = None

    def _found(self, sources: list[Source] | tuple[Source, ...], name: str, node: exp.Expr, clause: str) -> bool:
        """Whether a source certainly has the column; a table's is used up to its limits."""
        decided = False
        for source in sources:
            column = source.column(name, self._dialect)
            if source.table is not None and column is not None:
                self._use(source.table, column, node, clause)
            decided = decided or column is not None or name in source.outputs.names
        return decided or any(source.system_column(name, self._dialect) for source in sources)

    def _qualified(self, node: exp.Column, scope: Scope, clause: str) -> None:
        of = fold(node.args["table"], self._dialect, table=True)
        name = fold(node.this, self._dialect)
        source = next((one for each in scope.around() for one in each.sources if one.name == of), None)
        if source is None:
            # ClickHouse: a field of a column that is a tuple, or a nested column.
            if self._dialect == "clickhouse" and self._found(scope.sources, of, node, clause):
                return
            raise NotAdmitted(f"There is no table or alias {of!r} in this query that has a column {name!r}.")
        node.set("db", None)
        if not self._found([source], name, node, clause) and (source.table is not None or source.outputs.complete):
            raise NotAdmitted(f"There is no column {name!r} in {of!r} that you may read.")
        if source.renamed:
            self._read_through(source)

    def _bare(self, node: exp.Column, scope: Scope, clause: str) -> None:
        name = fold(node.this, self._dialect)
        if isinstance(node.parent, exp.In) and node.arg_key != "this" and self._dialect == "clickhouse":
            # https://clickhouse.com/docs/sql-reference/operators/in: a name to the right of IN may be a table.
            raise NotAdmitted("IN takes a list or a SELECT.")
        if self._found(scope.sources, name, node, clause) or self._by_alias(node, name, scope, clause):
            return
        rows = [source for source in scope.sources if source.name == name and self._dialect == "postgres"]
        open_ended = any(source.table is None and not source.outputs.complete for source in scope.sources)
        if rows or open_ended:
            self._read_through(*(rows or scope.tables))
        elif not self._outside(node, name, scope, clause):
            self._unknown(node, name)

    def _by_alias(self, node: exp.Column, name: str, scope: Scope, clause: str) -> bool:
        """Whether it is a name that the select list defines; where a column could come first, it is spelled out."""
        meant = scope.aliases.get(name)
        first = clause == "order" and isinstance(node.parent, exp.Ordered)
        if meant is None or (first or self._dialect == "clickhouse"):
            return meant is not None
        if clause in ("expressions", _SPELLED_OUT):
            return False
        if isinstance(meant, exp.Literal) or meant.find(exp.Query):
            self._read_through(*scope.tables)
        else:
            copy = node.replace(exp.paren(meant) if isinstance(meant, exp.Binary | exp.Unary) else meant.copy())
            scope.names += [(_SPELLED_OUT, column) for column in copy.find_all(exp.Column)]
        return True

    def _outside(self, node: exp.Column, name: str, scope: Scope, clause: str) -> bool:
        """Whether a query around it has the column; then it is said which, as a table nearer might have one too."""
        for outer in list(scope.around())[1:]:
            for source in outer.sources:
                rows = source.name == name and self._dialect == "postgres"
                if rows:
                    self._read_through(source)
                elif not self._found([source], name, node, clause) and source.outputs.complete:
                    continue
                self._read_through(*scope.tables)
                return True
            if name in outer.aliases:
                return True
        return False

    def _unknown(self, node: exp.Column, name: str) -> None:
        if self._dialect == "postgres" and not node.this.quoted and name in _SPELLED_LIKE_COLUMNS:
            return
        if self._dialect == "sqlite" and node.this.quoted:
            # https://www.sqlite.org/quirks.html#dblquote: a quoted name that is no column is a string.
            node.replace(exp.Literal.string(node.this.name))
            return
        raise NotAdmitted(f"There is no column {name!r} in the tables of this query that you may read.")

    def _joined(self, identifier: exp.Expr, left: tuple[Source, ...], right: tuple[Source, ...]) -> None:
        name = fold(identifier, self._dialect)
        for side in (left, right):
            if self._found(side, name, identifier, "using"):
                continue
            if all(source.outputs.complete for source in side):
                raise NotAdmitted(f"There is no column {name!r} to join on that you may read.")
            self._read_through(*side)

    def _star(self, node: exp.Expr, scope: Scope, clause: str) -> None:
        if any(node.args.get(key) for key in ("except_", "replace", "rename")):
            raise NotAdmitted("Name the columns instead of taking some out of *.")
        star = isinstance(node, exp.Star)
        if star and called(node.parent).lower() == "count":
            return
        of = "" if star else fold(node.args["table"], self._dialect, table=True)
        reach = [one for each in scope.around() for one in each.sources] if of else scope.sources
        meant = [source for source in reach if not of or source.name == of][: 1 if of else None]
        if of and not meant:
            raise NotAdmitted(f"There is no table or alias {of!r} in this query.")
        for source in meant:
            if source.table is not None:
                self.used |= dict.fromkeys(f"{source.table.name}.{name}" for name in source.outputs.names)
        if clause != "expressions" or not isinstance(node.parent, exp.Select) or not _spell_out(node, meant, scope):
            self._read_through(*meant)


def check_columns(query: exp.Expr, schema: Schema, dialect: str) -> tuple[Sources, Columns]:
    """The tables and columns a query reads; it is left rewritten. Raises NotAdmitted."""
    sources, columns = Sources(schema, dialect), Columns(dialect)
    sources.query(query, None, {})
    for scope in sources.scopes:
        columns.check(scope)
    columns.rewrite()
    return sources, columns


def _limited(source: Source) -> bool:
    return source.table is not None and source.table.limited


def _shown_as_it_is(node: exp.Expr, clause: str) -> bool:
    around = node.parent.parent if isinstance(node.parent, exp.Alias) else node.parent
    return clause == "expressions" and isinstance(around, exp.Select)


def _spell_out(star: exp.Expr, meant: list[Source], scope: Scope) -> bool:
    """Put the columns of tables in the place of a star; False when the query must keep it."""
    merged = scope.using and isinstance(star, exp.Star)
    if scope.natural or merged or any(source.renamed for source in meant):
        return False
    alone = len(scope.sources) == 1
    columns: list[exp.Expr] = []
    for source in meant:
        alias = source.node.args.get("alias")
        named = alias.this if alias and alias.this else source.node.this if source.table else None
        if not isinstance(named, exp.Identifier):
            return False
        if source.table is None:
            columns.append(exp.Column(this=exp.Star(), table=named.copy()))
            continue
        columns += [
            exp.Column(this=exp.to_identifier(column.name, quoted=True), table=None if alone else named.copy())
            for column in source.table.columns
            if column.access != "forbidden"
        ]
    parent = star.parent
    if parent is None:
        return False
    parent.set("expressions", [new for old in parent.expressions for new in (columns if old is star else [old])])
    return True


def _put_subquery(source: Source, dialect: str) -> None:
    node, table = source.node, source.table
    if table is None:
        return
    inside = exp.Table(**{key: node.args.get(key) for key in ("this", "db", "only", "sample")})
    alias = node.args.get("alias") or exp.TableAlias(this=node.this.copy())
    seen = [_seen(column, dialect) for column in table.columns if column.access != "forbidden"]
    query = exp.Select(expressions=seen or [exp.Null()], from_=exp.From(this=inside))
    node.replace(
        exp.Subquery(this=query, alias=alias, joins=node.args.get("joins"), laterals=node.args.get("laterals"))
    )


def _seen(column: Column, dialect: str) -> exp.Expr:
    name = exp.to_identifier(column.name, quoted=True)
    if column.access == "open":
        return exp.Column(this=name)
    value: exp.Expr = exp.Null()
    if any(word in column.kind.lower() for word in _TEXT) and "[" not in column.kind:
        value = exp.Literal.string(_MASK)
    elif dialect == "postgres" and _PLAIN_TYPE.fullmatch(column.kind):
        value = exp.cast(value, exp.DataType.build(column.kind, dialect=dialect, udt=True))
    return exp.alias_(value, name, quoted=True)
