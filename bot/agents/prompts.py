"""The prompts that lie beside the agents, and the form in which untrusted texts are put before a model."""

from functools import cache
from pathlib import Path

from bot.guards.redaction import redact
from bot.vocabulary import Language
from connectors.tools.port import Tool


@cache
def instruction(*names: str, language: Language | None = None) -> str:
    """The text of ``<name>.md`` or ``<name>.<language>.md``, one after the other; byte-identical in every call."""
    ending = f".{language}.md" if language else ".md"
    texts = ((Path(__file__).parent / f"{name}{ending}").read_text(encoding="utf-8").strip() for name in names)
    return "\n\n".join(texts)


def section(name: str, text: str) -> str:
    """A part of a prompt's material without secrets, under its name.

    Every line of the text is set in, so that none of it can pass for the name of a part.
    """
    lines = redact(text).text.splitlines() or ["nothing"]
    return "\n".join([name, *(f" {line}" for line in lines)])


def one_line(text: str, most: int) -> str:
    """The text with its blanks and line breaks made single blanks, at most so many characters of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def described(tool: Tool) -> str:
    """A tool in one line: its name, its arguments, those that may be left out with a mark, and what it is for."""
    takes, required = tool.arguments.get("properties"), tool.arguments.get("required") or []
    names = takes if isinstance(takes, dict) else {}
    listed = ", ".join(f"{name}{'' if isinstance(required, list) and name in required else '?'}" for name in names)
    return one_line(f"- {tool.name}({listed}): {tool.description}", 360)
