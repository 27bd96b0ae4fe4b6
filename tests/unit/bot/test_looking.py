"""What a check sees: the truth table of its comparisons, on the tools' twin."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.looking import enough_healthy, look, look_all
from bot.remedy import Blast, Check, Looked
from bot.toolbox import Toolbox, ToolLimits
from connectors.load import vendor
from connectors.tools.port import Recording, Result, Series, Table

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def toolbox(folder: Path, result: Result, **settings: Any) -> Toolbox:
    twin = vendor("tools", "memory")
    recordings = (Recording("ask", {"query": 'up{service="payments"}'}, result),)
    system = twin.MemoryTools(twin.Settings(recordings=recordings, **settings))  # type: ignore[attr-defined]  # a vendor's own class
    return Toolbox({"twin": system}, folder, lambda: 0.0, ToolLimits(attempts=1, characters=200, rows=3))


async def looked(folder: Path, result: Result, **compared: Any) -> Looked:
    given = {"query": 'up{{service="{service}"}}'}
    check = Check(tool="ask", arguments=given, because={"en": "{service} is up", "zh": "{service} 正常"}, **compared)
    return await look(check, {"service": "payments"}, toolbox(folder, result), NOON)


def series(*last: float | None) -> Result:
    lines = tuple(Series(f"s{n}", ((1.0, 99.0), (2.0, one)) if one is not None else ()) for n, one in enumerate(last))
    return Result("told", "", series=lines)


def rows(*values: object) -> Result:
    return Result("told", "", table=Table(("series", "value"), tuple((f"s{n}", v) for n, v in enumerate(values))))  # type: ignore[misc]  # any cell


NAN = float("nan")
TABLE = [
    pytest.param(series(5.0), {"above": 4}, True, id="above"),
    pytest.param(series(4.0), {"above": 4}, False, id="exactly-at-the-bound-is-not-above"),
    pytest.param(series(4.0), {"below": 4}, False, id="nor-below"),
    pytest.param(series(3.0), {"above": 2, "below": 4}, True, id="between"),
    pytest.param(series(5.0, 3.0), {"above": 4}, False, id="one-series-is-not"),
    pytest.param(series(5.0, 6.0), {"above": 4}, True, id="every-series-is"),
    pytest.param(series(5.0, NAN), {"above": 4}, None, id="a-series-without-number"),
    pytest.param(series(5.0, None), {"above": 4}, None, id="a-series-without-points"),
    pytest.param(rows(5, 6.5), {"above": 4}, True, id="rows-of-values"),
    pytest.param(rows(5, "NaN"), {"above": 4}, None, id="a-row-without-number"),
    pytest.param(rows(5, 6, 7, 8), {"above": 4}, None, id="more-rows-than-are-told"),
    pytest.param(
        Result("No values at 12:00 UTC.", "", table=Table(("series", "value"), ())), {"below": 4}, None, id="no-rows"
    ),
    pytest.param(Result("No values from 12:00 to 13:00 UTC.", ""), {"below": 400}, None, id="times-are-no-numbers"),
    pytest.param(Result("0.5 at 2026-03-04 12:00:01 UTC", ""), {"below": 1}, True, id="the-only-number"),
    pytest.param(Result("12 of 20", ""), {"below": 100}, None, id="two-numbers"),
    pytest.param(Result("pods are Ready", ""), {"says": "Ready"}, True, id="says"),
    pytest.param(Result("pods are Pending", ""), {"says": "Ready"}, False, id="does-not-say"),
    pytest.param(Result("pods are Pending", ""), {"says_not": "Crash"}, True, id="does-not-say-what-it-must-not"),
    pytest.param(Result("CrashLoopBackOff", ""), {"says_not": "Crash"}, False, id="says-what-it-must-not"),
    pytest.param(
        Result("x" * 900 + " Ready " + "x" * 900, ""), {"says": "Ready"}, True, id="in-the-middle-of-a-long-text"
    ),
    pytest.param(Result("x" * 90, "", truncated=True), {"says": "Ready"}, None, id="cut-and-not-said-so-far"),
    pytest.param(Result("x" * 90, "", truncated=True), {"says_not": "Crash"}, None, id="cut-and-perhaps-said"),
    pytest.param(Result("Crash" * 9, "", truncated=True), {"says_not": "Crash"}, False, id="cut-and-said"),
    pytest.param(Result("3 Ready", ""), {"above": 2, "says": "Ready"}, True, id="number-and-text"),
    pytest.param(Result("3 Pending", ""), {"above": 2, "says": "Ready"}, False, id="number-without-text"),
    pytest.param(Result("Pending", ""), {"above": 2, "says": "Ready"}, False, id="what-fails-needs-no-number"),
    pytest.param(Result("Ready", ""), {"above": 2, "says": "Ready"}, None, id="text-without-number"),
    pytest.param(Result("no such service", "", failed=True), {"says": "no"}, None, id="the-system-says-it-failed"),
]


@pytest.mark.parametrize(("result", "compared", "met"), TABLE)
async def test_what_a_check_sees(tmp_path: Path, result: Result, compared: dict[str, Any], met: bool | None) -> None:  # noqa: FBT001 - a table's column
    assert (await looked(tmp_path, result, **compared)).met is met


async def test_it_says_what_for_and_what_was_answered(tmp_path: Path) -> None:
    seen = await looked(tmp_path, Result("7 are up", ""), above=1)

    assert seen == Looked(because="payments is up", met=True, text="7 are up", number=7)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param({"tool": "nope"}, id="no-such-tool"),
        pytest.param({"tool": "ask", "arguments": {"query": "{pod}"}}, id="no-such-parameter"),
        pytest.param({"tool": "ask", "arguments": {"query": 3}}, id="arguments-that-do-not-fit"),
    ],
)
async def test_what_cannot_be_asked_is_not_known(tmp_path: Path, check: dict[str, Any]) -> None:
    one = Check.model_validate({"because": {"en": "why"}, "above": 0, **check})

    assert (await look(one, {}, toolbox(tmp_path, Result("5", "")), NOON)).met is None


async def test_a_system_that_is_away_is_not_known(tmp_path: Path) -> None:
    one = Check(tool="ask", arguments={}, above=0, because={"en": "why", "zh": "原因"})
    box = toolbox(tmp_path, Result("5", ""), unavailable="Prometheus is away")

    [seen] = await look_all([one], {}, box, NOON, "zh")

    assert (seen.met, seen.because) == (None, "原因")


@pytest.mark.parametrize(
    ("there", "enough"),
    [
        pytest.param(3, True, id="one-more-than-is-kept"),
        pytest.param(2, False, id="no-more"),
        pytest.param(0, False, id="none"),
    ],
)
async def test_so_many_healthy_ones_are_left(tmp_path: Path, there: int, enough: bool) -> None:  # noqa: FBT001 - a table's column
    counted = Check(tool="ask", arguments={"query": 'up{{service="payments"}}'}, because={"en": "well"})
    check = enough_healthy(Blast(targets=1, keep_healthy=2, healthy=counted))
    assert check is not None

    seen = await look(check, {}, toolbox(tmp_path, Result(str(there), "")), NOON)

    assert (seen.met, seen.number) == (enough, there)
