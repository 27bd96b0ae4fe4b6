"""Attacks read from a folder: texts that somebody may put where the assistant reads."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN = Path(__file__).parent / "attacks"


@dataclass(frozen=True)
class Attack:
    """A text, and the file and place that it comes from."""

    name: str
    text: str


def read_attacks(folder: Path) -> list[Attack]:
    """Every attack in the JSON and JSON-lines files of a folder, in order. Goals are put into every template.

    Known shapes: lines with ``text``; ``payloads`` (garak); lists of texts by category (BIPIA); ``goal`` beside a file
    of templates with ``{goal}`` (AgentDojo). Raises ValueError for a folder without any.
    """
    templates = [text for file in sorted(folder.glob("*template*.json")) for text in _load(file).values()]
    found = [
        Attack(f"{file.stem}:{number}", text)
        for file in sorted(folder.iterdir())
        if file.suffix in (".json", ".jsonl") and "template" not in file.stem
        for number, text in enumerate(_texts(file, templates or ["{goal}"]), 1)
    ]
    if not found:
        raise ValueError(f"{folder} holds no attacks: give a folder of *.json or *.jsonl files.")
    return found


def _texts(file: Path, templates: list[str]) -> Iterator[str]:
    if file.suffix == ".jsonl":
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        yield from (line["text"] for line in lines if "text" in line)
        return
    held = _load(file)
    if isinstance(held, list):
        goals = dict.fromkeys(one["goal"] for one in held if "goal" in one)
        yield from (_worded(template, goal) for goal in goals for template in templates)
    elif "payloads" in held:
        yield from held["payloads"]
    else:
        yield from (text for texts in held.values() for text in texts)


def _worded(template: str, goal: str) -> str:
    return template.replace("{goal}", goal).replace("{user}", "Emma Johnson").replace("{model}", "Nightshift")


def _load(file: Path):  # whatever shape the file has
    return json.loads(file.read_text("utf-8"))
