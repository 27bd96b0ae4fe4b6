"""Calls of PostgreSQL whose arguments are separated by words: SQL/JSON (ISO/IEC 9075-2) and SQL/XML (9075-14).

They are kept as the sequence of what was read: a word of the lists below, a separator, an expression, a type. A word is
never taken for one where a column could stand: it follows an operand, or opens an argument that goes on after it.
"""

from typing import ClassVar

from sqlglot import exp
from sqlglot.generator import Generator
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import TokenType

WORDED = (
    *("JSON", "JSON_SCALAR", "JSON_SERIALIZE", "JSON_ARRAY", "JSON_ARRAYAGG", "JSON_OBJECT", "JSON_OBJECTAGG"),
    *("JSON_EXISTS", "JSON_QUERY", "JSON_VALUE", "JSON_TABLE", "XMLELEMENT", "XMLATTRIBUTES", "XMLFOREST"),
    *("XMLNAMESPACES", "XMLPARSE", "XMLPI", "XMLROOT", "XMLSERIALIZE", "XMLEXISTS", "XMLTABLE"),
)
_BEHIND = frozenset(
    (
        "ABSENT",
        "ARRAY",
        "AS",
        "BY",
        "COLUMNS",
        "CONDITIONAL",
        "DEFAULT",
        "EMPTY",
        "ENCODING",
        "ERROR",
        "EXISTS",
        "FALSE",
        "FOR",
        "FORMAT",
        "INDENT",
        "JSON",
        "KEEP",
        "KEYS",
        "NO",
        "NOT",
        "NULL",
        "OBJECT",
        "OMIT",
        "ON",
        "ORDINALITY",
        "PASSING",
        "PATH",
        "PRESERVE",
        "QUOTES",
        "REF",
        "RETURNING",
        "SCALAR",
        "STANDALONE",
        "STRING",
        "STRIP",
        "TRUE",
        "UNCONDITIONAL",
        "UNIQUE",
        "UNKNOWN",
        "UTF8",
        "VALUE",
        "VERSION",
        "WHITESPACE",
        "WITH",
        "WITHOUT",
        "WRAPPER",
        "YES",
    )
)
_OPENING = frozenset(("ABSENT", "CONTENT", "DOCUMENT", "KEY", "NAME", "RETURNING", "STANDALONE", "VERSION"))
_OPERAND_FOLLOWS = frozenset(("VALUE", "DEFAULT", "PASSING", "KEY", "CONTENT", "DOCUMENT", "VERSION", "REF"))
_OPENING_PAIRS = frozenset((("NO", "VALUE"), ("BY", "REF"), ("BY", "VALUE")))
_NOT_A_WORD = (TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER)
_SEPARATORS = {TokenType.COMMA: ",", TokenType.COLON: ":"}
_GOES_ON = (TokenType.VAR, TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER, TokenType.ON, TokenType.FORMAT)


class Worded(exp.Expression, exp.Func):
    """A call as a sequence of words, separators, expressions and types; without a name: a list in parentheses."""

    arg_types: ClassVar = {"this": False, "expressions": False}
    is_var_len_args = True
    _sql_names: ClassVar = []


def worded_sql(writer: Generator, call: exp.Expr) -> str:
    """The call as text, its parts in the order in which they were read."""
    return f"{call.args.get('this') or ''}({' '.join(writer.sql(part) for part in call.expressions)})"


class WordedReader(Parser):
    """Reads such a call, behind its opening parenthesis."""

    def read_worded(self) -> Worded:
        """The call whose name and parenthesis have just been read; its closing one is left."""
        name = self._tokens[self._index - 2].text
        parts: list[exp.Expr] = []
        operand = True
        while self._curr and self._curr.token_type != TokenType.R_PAREN:
            word = self._word(operand=operand)
            if word is None:
                parts.append(self._operand(operand=operand))
                operand = False
                continue
            parts.append(exp.Var(this=word))
            # VERSION NO VALUE ends there; every other VALUE has one behind it.
            ends = word == "VALUE" and len(parts) > 1 and parts[-2].name == "NO"
            operand = word in (",", ":") or (word in _OPERAND_FOLLOWS and not ends)
            parts += self._behind(word)
        return self.expression(Worded(this=name, expressions=parts))

    def _word(self, *, operand: bool) -> str | None:
        token = self._curr
        if separator := _SEPARATORS.get(token.token_type):
            self._advance()
            return separator
        word = token.text.upper()
        # RETURNING is reserved; the others may be names of columns, unless an operand follows them.
        pair = (word, self._next.text.upper()) if self._next else (word, "")
        goes_on = word in _OPENING and self._next.token_type in _GOES_ON
        opens = word == "RETURNING" or pair in _OPENING_PAIRS or goes_on
        if token.token_type in _NOT_A_WORD or not (opens if operand else word in _BEHIND):
            return None
        self._advance()
        return word

    def _operand(self, *, operand: bool) -> exp.Expr:
        found = self._parse_lambda() if operand else None
        if found is None:
            self.raise_error("Unexpected word")
            return exp.Null()
        return found

    def _behind(self, word: str) -> list[exp.Expr]:
        """What a word demands right behind it: a type, a name, a list of columns."""
        found: exp.Expr | None = None
        if word in ("AS", "NAME"):
            found = self._parse_types() if word == "AS" and self._serializes() else self._parse_id_var(any_token=True)
        elif word == "RETURNING":
            found = self._parse_types()
        elif word == "PATH":
            found = self._parse_string()
        elif word == "COLUMNS":
            return self._columns()
        return [found] if found else []

    def _serializes(self) -> bool:
        return any(
            token.text.upper() == "XMLSERIALIZE" for token in self._tokens[max(0, self._index - 400) : self._index]
        )

    def _columns(self) -> list[exp.Expr]:
        """The columns of JSON_TABLE stand in parentheses, those of XMLTABLE do not."""
        wrapped = bool(self._match(TokenType.L_PAREN))
        parts: list[exp.Expr] = []
        while self._curr and self._curr.token_type != TokenType.R_PAREN:
            parts += self._column()
            if self._match(TokenType.COMMA):
                parts.append(exp.Var(this=","))
        if wrapped:
            self._match_r_paren()
            return [Worded(expressions=parts)]
        return parts

    def _column(self) -> list[exp.Expr]:
        """``name type [words]``, ``name FOR ORDINALITY`` or ``NESTED [PATH] 'path' COLUMNS (…)``."""
        parts: list[exp.Expr] = []
        if self._match_text_seq("NESTED"):
            parts.append(exp.Var(this="NESTED"))
            path = self._parse_string()
            parts += [path] if path else []
        else:
            parts.append(self._parse_id_var(any_token=True) or exp.Null())
            if self._curr.text.upper() != "FOR":
                parts.append(self._parse_types() or exp.Null())
        while (word := self._curr.text.upper()) in _BEHIND and self._curr.token_type not in _NOT_A_WORD:
            self._advance()
            parts.append(exp.Var(this=word))
            parts += [self._parse_bitwise() or exp.Null()] if word == "DEFAULT" else self._behind(word)
        return parts
