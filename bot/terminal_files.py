"""The files of an answer, put into a folder: all rows of its tables, and its charts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from bot.rules.short_names import file_name
from connectors.chat.card_port import Card

Fetch = Callable[[str, str], Awaitable[bytes]]
"""A file of a question, by its id and the file's digest."""


async def save(card: Card, folder: Path, fetch: Fetch) -> list[Path]:
    """The files that were written, under the titles of what they hold; none that was there is overwritten.

    Raises OSError.
    """
    named = [(title, ending, await fetch(card.question_id, digest)) for title, digest, ending in _files(card)]
    return await asyncio.to_thread(_written, folder, named)


def _written(folder: Path, named: Sequence[tuple[str, str, bytes]]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for title, ending, content in named:
        paths.append(_free(folder, file_name(title), ending))
        paths[-1].write_bytes(content)
    return paths


def _files(card: Card) -> Iterator[tuple[str, str, str]]:
    yield from ((table.title, table.file, "csv") for table in card.tables if table.file)
    yield from ((chart.title, chart.file, "png") for chart in card.charts)


def _free(folder: Path, name: str, ending: str) -> Path:
    path, number = folder / f"{name}.{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.{ending}"
    return path
