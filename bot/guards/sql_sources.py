"""Walks a query and notes, for every SELECT in it, what stands in FROM and which names are mentioned.

A name in FROM is a common table expression only where that one is certainly visible; else it must be in the schema.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlglot import exp

from bot.guards.sql_allowed import NotAdmitted, may_yield_rows
from bot.guards.sql_schema import Schema, Table
from bot.guards.sql_scope import Outputs, Scope, Source, Using, fold, listed, output_name, renamed
from bot.guards.sql_worded import Worded

_DEFAULT_SCHEMA = {"postgres": "public", "sqlite": "main"}
# They hold credentials or what others are asking: no schema can list them.
_SECRET = frozenset(
    (
        *("pg_authid", "pg_shadow", "pg_user_mapping", "pg_user_mappings", "pg_hba_file_rules", "pg_file_settings"),
        *("pg_largeobject", "pg_subscription", "pg_foreign_server", "pg_stat_activity"),
        *("mysql.user", "mysql.db", "mysql.global_priv", "mysql.proxies_priv"),
    )
)
_HANDLED = ("with_", "from_", "joins", "laterals")
_ROW_COLUMNS = ("key", "value", "ordinality")
_Ctes = Mapping[str, Outputs]


class Sources:
    """The scopes of one query, in ``scopes``, and the tables of the schema that it reads, in ``tables``."""

    def __init__(self, schema: Schema, dialect: str) -> None:
        self._schema, self._dialect = schema, dialect
        self.scopes: list[Scope] = []
        self.tables: dict[str, Table] = {}

    def query(self, query: exp.Expr, parent: Scope | None, ctes: _Ctes) -> Outputs:
        """What a query puts out; its scopes are noted. Raises NotAdmitted for a table that is not in the schema."""
        scope = Scope(parent)
        self.scopes.append(scope)
        scope.ctes = self._common(query, scope, ctes)
        if isinstance(query, exp.Select):
            return self._select(query, scope)
        outputs = Outputs()
        if isinstance(query, exp.SetOperation):
            outputs = self.query(query.this, parent, scope.ctes)
            self.query(query.expression, parent, scope.ctes)
        elif isinstance(query, exp.Subquery):
            outputs = self.query(query.this, parent, scope.ctes)
        scope.sources.append(Source("", query, outputs))
        self._mentions(scope, query, skipped=(*_HANDLED, "this", "expression"))
        return outputs

    def _common(self, query: exp.Expr, scope: Scope, ctes: _Ctes) -> _Ctes:
        visible = dict(ctes)
        around = query.args.get("with_")
        if around is None:
            return visible
        for cte in around.expressions:
            alias = cte.args["alias"]
            name = fold(alias.this, self._dialect, table=True)
            if isinstance(cte.this, exp.Query):
                # SQLite needs no RECURSIVE to let a name mean itself.
                itself = around.args.get("recursive") or self._dialect == "sqlite"
                inside = visible | {name: _anchor(cte, self._dialect)} if itself else visible
                outputs = renamed(self.query(cte.this, scope.parent, inside), alias, self._dialect)
                # SEARCH and CYCLE add columns of their own.
                visible[name] = replace(outputs, complete=False) if around.args.get("search") else outputs
            else:
                # ClickHouse: WITH <expression> AS <name>.
                scope.aliases[name] = cte.this
                self._collect(scope, "with", cte.this)
        return visible

    def _select(self, select: exp.Select, scope: Scope) -> Outputs:
        if start := select.args.get("from_"):
            self._source(scope, start.this)
        self._joins(scope, select)
        for projection in select.expressions:
            if isinstance(projection, exp.Alias):
                scope.aliases[fold(projection.args["alias"], self._dialect)] = projection.this
        self._mentions(scope, select, skipped=_HANDLED)
        return _outputs(select, scope, self._dialect)

    def _joins(self, scope: Scope, node: exp.Expr) -> None:
        for join in node.args.get("joins") or ():
            left = tuple(scope.sources)
            self._source(scope, join.this)
            scope.natural = scope.natural or str(join.args.get("method") or "").upper() == "NATURAL"
            if columns := join.args.get("using"):
                scope.using.append(Using(left, tuple(scope.sources[len(left) :]), tuple(columns)))
            if condition := join.args.get("on"):
                self._collect(scope, "on", condition)
        for lateral in node.args.get("laterals") or ():
            self._source(scope, lateral)

    def _source(self, scope: Scope, node: exp.Expr) -> None:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self._table(scope, node)
        elif isinstance(node, exp.Final):
            self._source(scope, node.this)
        elif isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Query):
            self._parenthesised(scope, node)
        elif isinstance(node, exp.Subquery):
            self._derived(scope, node, node, scope.parent)
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            self._derived(scope, node, node.this, scope)
        else:
            self._rows(scope, node)
        self._joins(scope, node)

    def _derived(self, scope: Scope, node: exp.Expr, query: exp.Expr, parent: Scope | None) -> None:
        outputs = self.query(query.this, parent, scope.ctes)
        self._mentions(scope, query, skipped=(*_HANDLED, "this", "alias"))
        alias = node.args.get("alias")
        scope.sources.append(Source(_alias(node, self._dialect), node, renamed(outputs, alias, self._dialect)))

    def _parenthesised(self, scope: Scope, node: exp.Subquery) -> None:
        """A join in parentheses; with a name of its own, that name stands for all columns of its tables."""
        inside = Scope(scope.parent, scope.ctes, renamed=bool(_alias(node, self._dialect)))
        self._source(inside, node.this)
        if not inside.renamed:
            scope.sources += inside.sources
            scope.names += inside.names
            scope.using += inside.using
            return
        self.scopes.append(inside)
        scope.sources.append(Source(_alias(node, self._dialect), node, Outputs()))

    def _table(self, scope: Scope, node: exp.Table) -> None:
        name = fold(node.this, self._dialect, table=True)
        alias = _alias(node, self._dialect) or name
        if not node.args.get("db") and name in scope.ctes:
            outputs = renamed(scope.ctes[name], node.args.get("alias"), self._dialect)
            scope.sources.append(Source(alias, node, outputs))
            return
        table = _find(node, name, self._schema, self._dialect)
        self.tables[f"{table.schema}.{table.name}" if table.schema else table.name] = table
        outputs = renamed(listed(table, self._dialect), node.args.get("alias"), self._dialect)
        scope.sources.append(Source(alias, node, outputs, table))

    def _rows(self, scope: Scope, node: exp.Expr) -> None:
        """A function, a list of values, anything else that puts out rows."""
        for made in node.args.get("rows_from") or ():
            self._rows(scope, made)
        maker = node.this if isinstance(node, exp.Table | exp.Lateral) else node
        name = str(maker.name if isinstance(maker, exp.Anonymous | Worded) else "").lower()
        if isinstance(maker, exp.Anonymous) and not may_yield_rows(name, self._dialect):
            raise NotAdmitted(f"The function {name} may not stand in FROM.")
        alias = node.args.get("alias")
        names = renamed(Outputs(), alias, self._dialect).names
        called = _alias(node, self._dialect) or name
        self._collect(scope, "from", *_children(node, skipped=("alias", "joins", "laterals", "rows_from")))
        outputs = Outputs(names, complete=True) if names else Outputs((called, name, *_ROW_COLUMNS))
        scope.sources.append(Source(called, node, outputs))

    def _mentions(self, scope: Scope, query: exp.Expr, skipped: tuple[str, ...]) -> None:
        for clause in query.args:
            self._collect(scope, clause, *_children(query, skipped, only=clause))

    def _collect(self, scope: Scope, clause: str, *nodes: exp.Expr) -> None:
        waiting = list(reversed(nodes))
        while waiting:
            node = waiting.pop()
            if isinstance(node, exp.Query):
                self.query(node, scope, scope.ctes)
            elif isinstance(node, exp.Table):
                raise NotAdmitted("A table may only stand in FROM.")
            elif isinstance(node, exp.Column | exp.Star):
                scope.names.append((clause, node))
            else:
                waiting += reversed(list(node.iter_expressions()))


def _alias(node: exp.Expr, dialect: str) -> str:
    alias = node.args.get("alias")
    return fold(alias.this, dialect, table=True) if isinstance(alias, exp.TableAlias) and alias.this else ""


def _children(node: exp.Expr, skipped: tuple[str, ...], only: str | None = None) -> Iterable[exp.Expr]:
    for key, value in node.args.items():
        if key in skipped or (only is not None and key != only):
            continue
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, exp.Expr))


def _anchor(cte: exp.Expr, dialect: str) -> Outputs:
    """What a recursive expression puts out, as far as its first query says."""
    first = cte.this
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    projections = first.expressions if isinstance(first, exp.Select) else ()
    names = tuple(output_name(one, dialect) for one in projections)
    certain = Outputs(names, complete=True) if all(names) and "*" not in names else Outputs()
    return renamed(certain, cte.args["alias"], dialect)


def _outputs(select: exp.Select, scope: Scope, dialect: str) -> Outputs:
    names: list[str] = []
    complete = True
    for projection in select.expressions:
        if not projection.is_star:
            name = output_name(projection, dialect)
            names += [name] if name else []
            complete = complete and bool(name)
            continue
        of = fold(projection.args.get("table"), dialect, table=True) if isinstance(projection, exp.Column) else ""
        for source in scope.sources:
            if not of or source.name == of:
                names += source.outputs.names
                complete = complete and source.outputs.complete
    return Outputs(tuple(names), complete=complete)


def _find(node: exp.Table, name: str, schema: Schema, dialect: str) -> Table:
    space = fold(node.args.get("db"), dialect, table=True)
    default = schema.default or _DEFAULT_SCHEMA.get(dialect, "")
    tables = schema.by_folded if dialect == "sqlite" else schema.by_name
    found = tables.get((space, name)) or (tables.get(("", name)) if space == default else None)
    if found is None or name in _SECRET or f"{space or default}.{name}" in _SECRET:
        raise NotAdmitted(f"There is no table {name!r} that you may read.")
    return found
