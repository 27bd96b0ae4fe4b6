"""The questions in a message that asks several things at once."""

import re

from bot.rules.terms import content_terms

_END = re.compile(r"(?<=[?？])\s*|(?<=[。；;!！])\s*|\n+|(?<=[a-z0-9])\.\s+(?=[A-Z])")
_MOST = 3


def subquestions(text: str) -> tuple[str, ...]:
    """Each question of a text that asks two or more, and says something of its own; at most three, else none."""
    parts = [part.strip() for part in _END.split(text)]
    asked = [part for part in parts if part.endswith(("?", "？")) and len(content_terms(part)) > 1]
    return tuple(dict.fromkeys(asked))[:_MOST] if len(asked) > 1 else ()
