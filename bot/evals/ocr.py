"""Evaluates the reading of screenshots: key strings of each picture that are found in what was read from it."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from bot.evals.cases import BadCases
from connectors.ocr.port import CannotReadImage, Ocr, Reading

_SHORTEST_KEY = 6


class Labelled(BaseModel):
    """An entry of labels.json: a picture in `img` beside it, and what must be found on it."""

    image: str
    lang: str = ""
    dark: bool = False
    key_strings: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """A picture, its key strings, and the groups that results are broken down by."""

    file: Path
    keys: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What is missing in what was read; ``refused`` says why nothing was."""

    case: Case
    missing: tuple[str, ...]
    seconds: float
    cpu_seconds: float
    refused: str = ""


def read_cases(folder: Path) -> list[Case]:
    """The pictures of a folder with labels.json, or with truth.json (whole texts by name). Raises BadCases."""
    try:
        if (folder / "truth.json").is_file():
            cases = list(_from_texts(folder))
        else:
            entries = TypeAdapter(list[Labelled]).validate_json((folder / "labels.json").read_bytes())
            cases = [_from_label(folder, entry) for entry in entries]
    except (OSError, ValidationError) as problem:
        raise BadCases(f"{folder}: {problem}") from problem
    if not cases:
        raise BadCases(f"{folder}: there is no picture in it.")
    if absent := [str(case.file) for case in cases if not case.file.is_file()]:
        raise BadCases(f"{folder}: no such pictures: {', '.join(absent)}")
    return cases


def _from_label(folder: Path, entry: Labelled) -> Case:
    groups = (entry.lang or "any language", "dark" if entry.dark else "light")
    return Case(folder / "img" / Path(entry.image).name, entry.key_strings, groups)


def _from_texts(folder: Path) -> Iterator[Case]:
    """Of a whole text every longer word is a key string."""
    texts = TypeAdapter(dict[str, str]).validate_json((folder / "truth.json").read_bytes())
    for name, text in texts.items():
        keys = tuple(word for word in text.split() if len(word) >= _SHORTEST_KEY)
        if keys:
            yield Case(folder / f"{Path(name).name}.png", keys, ())


async def evaluate(cases: Sequence[Case], ocr: Ocr) -> list[Outcome]:
    """Read every picture once, after one that starts the reader. Raises OcrUnavailable."""
    await _ask(cases[0], ocr)
    return [await _ask(case, ocr) for case in cases]


async def _ask(case: Case, ocr: Ocr) -> Outcome:
    image = case.file.read_bytes()
    started = time.perf_counter()
    try:
        reading, refused = await ocr.read(image), ""
    except CannotReadImage as reason:
        reading, refused = Reading(), str(reason)
    seconds = time.perf_counter() - started
    found = _squeezed(reading.text)
    missing = tuple(key for key in case.keys if _squeezed(key) not in found)
    return Outcome(case, missing, seconds, reading.cpu_seconds, refused)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The share of key strings that were found, the middle time per picture, and how many key strings there are."""
    keys = sum(len(one.case.keys) for one in outcomes)
    missing = sum(len(one.missing) for one in outcomes)
    return {
        "recall": round((keys - missing) / keys, 4),
        "seconds_p50": round(median(one.seconds for one in outcomes), 3),
        "cpu_seconds_p50": round(median(one.cpu_seconds for one in outcomes), 3),
        "images": len(outcomes),
        "n": keys,
    }


def report(outcomes: Sequence[Outcome]) -> str:
    """What was not found, a line per picture, the groups, and the figures of all as JSON on the last line."""
    lines = [
        f"{one.case.file.name}: {one.refused or 'missing'} {json.dumps(one.missing, ensure_ascii=False)}"
        for one in outcomes
        if one.missing
    ]
    for group in sorted({group for one in outcomes for group in one.case.groups}):
        lines += [f"{group}: {json.dumps(figures([one for one in outcomes if group in one.case.groups]))}"]
    return "\n".join([*lines, json.dumps(figures(outcomes))])
