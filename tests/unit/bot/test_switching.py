"""Stops and freezes hold until they are lifted, also from the terminal while no server answers, and are audited."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.settings import read_settings
from bot.switching import freeze, go, stop, thaw
from connectors.load import load, vendor
from tests.unit.bot.guards.rulings import NOW

LATER = NOW + timedelta(minutes=1)


def state() -> Any:
    return vendor("state", "memory").MemoryState()  # type: ignore[attr-defined]  # a vendor's own class


async def test_a_stop_holds_until_somebody_ends_it() -> None:
    here = state()
    assert not await go(here, "lei", NOW)
    await stop(here, "ann", "checkout burns", NOW)
    held = await here.switches(LATER)
    assert await go(here, "lei", LATER)

    assert (held["stop"].value, held["stop"].set_by) == ("checkout burns", "ann")
    assert await here.switches(LATER) == {}
    assert [(one.event, one.actor) for one in here.chain][1:] == [("stopped", "ann"), ("let go", "lei")]
    assert json.loads(here.chain[1].detail) == {"why": "checkout burns"}


async def test_a_freeze_ends_at_its_time_or_when_it_is_lifted() -> None:
    here = state()
    await freeze(here, "ann", "black friday", NOW, LATER)
    assert [*await here.switches(NOW)] == ["freeze"]
    assert await here.switches(LATER) == {}

    await freeze(here, "ann", "black friday", NOW)
    assert await thaw(here, "ann", LATER)
    assert not await thaw(here, "ann", LATER)
    assert await here.switches(LATER) == {}


async def _switches() -> dict[str, str]:
    settings = read_settings()
    async with load("state", "sql", {}, settings.roots) as opened:
        return {one.event: one.actor for one in await opened.audited()}


def test_the_terminal_stops_everything_and_lets_it_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    assert [main(["stop", "checkout burns"]), main(["go"]), main(["go"])] == [0, 0, 0]

    assert capsys.readouterr().out.splitlines()[1:] == ["Remedies may be carried out again.", "Nothing was stopped."]
    found = asyncio.run(_switches())
    assert [*found] == ["stopped", "let go"]
    assert all(one.startswith("terminal:") for one in found.values())
