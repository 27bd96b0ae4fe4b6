"""Looks whether something is so: one read-only question to a live system, and its answer held against a check."""

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from bot.observations import Observation, ToolCall
from bot.placeholders import BadText, fill, fill_text
from bot.remedy import Blast, Check, Looked, worded
from bot.toolbox import Toolbox
from bot.vocabulary import Language

LONGEST_SAID, LONGEST_MATCHED = 500, 50_000
_NUMBER = re.compile(r"(?<![\w.:/-])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w:/-])(?!\.\w)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d|\d\d?:\d\d(?::\d\d(?:\.\d+)?)?Z?")


async def look(
    check: Check, parameters: Mapping[str, JsonValue], toolbox: Toolbox, now: datetime, language: Language = "en"
) -> Looked:
    """What a check sees. ``met`` is None where it cannot be told: the system is away, or gave no number to compare.

    Every comparison that the check names has to hold, for every series. It never raises for what a system does.
    """
    because = worded(check.because, language)
    try:
        arguments = {name: fill(value, parameters) for name, value in check.arguments.items()}
        because = fill_text(because, parameters)
    except BadText as wrong:
        return Looked(because=because, met=None, text=str(wrong)[:LONGEST_SAID])
    [seen] = await toolbox.call_all([ToolCall(tool=check.tool, arguments=arguments)], "incident", now)
    numbers = _numbers(seen) if seen.outcome == "answered" else ()
    return Looked(
        because=because,
        met=_met(check, seen, numbers, toolbox) if seen.outcome == "answered" else None,
        text=seen.text if len(seen.text) <= LONGEST_SAID else f"{seen.text[: LONGEST_SAID - 1]}…",
        number=numbers[0] if len(numbers) == 1 else None,
    )


async def look_all(
    checks: Sequence[Check],
    parameters: Mapping[str, JsonValue],
    toolbox: Toolbox,
    now: datetime,
    language: Language = "en",
) -> tuple[Looked, ...]:
    """What each check sees, in their order; they look at the same time."""
    return tuple(await asyncio.gather(*(look(one, parameters, toolbox, now, language) for one in checks)))


def enough_healthy(blast: Blast) -> Check | None:
    """The check that so many healthy ones are left once ``targets`` of them are changed; None where nothing counts."""
    if blast.healthy is None:
        return None
    least = blast.keep_healthy + blast.targets
    return blast.healthy.model_copy(update={"above": max(least - 0.5, blast.healthy.above or -math.inf)})


def _met(check: Check, seen: Observation, numbers: Sequence[float], toolbox: Toolbox) -> bool | None:
    """Whether all comparisons hold; None when one of those that do not fail cannot be told."""
    found = [*_compared(check, numbers), *_matched(check, seen, toolbox)]
    if not found:
        return True if numbers else None
    if any(one is False for one in found):
        return False
    return None if any(one is None for one in found) else True


def _compared(check: Check, numbers: Sequence[float]) -> list[bool | None]:
    found: list[bool | None] = []
    if check.above is not None:
        found.append(all(one > check.above for one in numbers) if numbers else None)
    if check.below is not None:
        found.append(all(one < check.below for one in numbers) if numbers else None)
    return found


def _matched(check: Check, seen: Observation, toolbox: Toolbox) -> list[bool | None]:
    """Of a text that was cut nobody knows what the rest says."""
    text, whole = _said(seen, toolbox)
    found: list[bool | None] = []
    if check.says:
        found.append(True if re.search(check.says, text) else False if whole else None)
    if check.says_not:
        found.append(False if re.search(check.says_not, text) else True if whole else None)
    return found


def _said(seen: Observation, toolbox: Toolbox) -> tuple[str, bool]:
    """As much of an answer as is matched, and whether that is all of it."""
    text, cut = seen.text, seen.truncated
    if seen.whole:
        try:
            text, cut = toolbox.shelf.whole(seen.whole), False
        except KeyError:
            cut = True
    return text[:LONGEST_MATCHED], not cut and len(text) <= LONGEST_MATCHED


def _numbers(seen: Observation) -> tuple[float, ...]:
    """The last number of every series, the number of each row of values, or the only number of the answer.

    None of them when one is missing, or the answer was cut: what is not known is not compared.
    """
    if seen.series:
        found = [points[-1][1] if points else math.nan for _, points in seen.series]
    elif seen.rows:
        each = [
            [float(cell) for cell in row if isinstance(cell, int | float) and not isinstance(cell, bool)]
            for row in seen.rows
        ]
        found = [row[0] if len(row) == 1 else math.nan for row in each]
    elif seen.columns:
        found = []
    else:
        said = _NUMBER.findall(_MOMENT.sub(" ", seen.text))
        found = [float(said[0])] if len(said) == 1 else []
    return () if any(not math.isfinite(one) for one in found) or seen.truncated else tuple(found)
