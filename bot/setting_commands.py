"""`python -m bot settings`."""

import json
from dataclasses import asdict

from bot.settings import Settings
from knowledge.setting_docs import effective, example


def print_settings(settings: Settings, *, as_json: bool) -> int:
    """Every value and where it came from; secrets as stars."""
    rows = effective(settings)
    if as_json:
        text = json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2)
    else:
        text = "\n".join(f"{row.name} = {json.dumps(row.value, ensure_ascii=False)}  ({row.origin})" for row in rows)
    print(text)  # noqa: T201  # this command's output
    return 0


def print_example() -> int:
    """A file with every setting, explained."""
    print(example(Settings), end="")  # noqa: T201  # this command's output
    return 0
