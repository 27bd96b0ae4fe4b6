"""Reads the prompt that lies beside a step."""

from functools import cache
from pathlib import Path

from bot.vocabulary import Language


@cache
def instruction(step: str, language: Language | None = None) -> str:
    """The text of ``<step>.md``, or ``<step>.<language>.md``; byte-identical in every call, for prefix caches."""
    name = f"{step}.{language}.md" if language else f"{step}.md"
    return (Path(__file__).parent / name).read_text(encoding="utf-8").strip()
