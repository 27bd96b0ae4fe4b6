"""Silences and refused calls in the terminal, where no server runs."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import read_settings
from connectors.load import load
from connectors.state.incident_port import RefusedCall


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("bot.alert_commands.is_ours", lambda web: False)


def test_a_silence_is_added_listed_and_lifted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silence", "add", "service=checkout", "--for", "2h", "--because", "[bold]upgrade"]) == 0
    id = capsys.readouterr().out.partition(":")[0]
    assert main(["silence", "list", "--json"]) == 0
    [one] = json.loads(capsys.readouterr().out)
    assert (one["id"], one["matchers"], one["reason"]) == (id, {"service": "checkout"}, "[bold]upgrade")

    assert main(["silence", "list"]) == 0
    assert "service=checkout" in capsys.readouterr().out
    assert main(["silence", "lift", id]) == 0
    assert main(["silence", "lift", id]) == 1
    assert capsys.readouterr().err == "There is no such silence, or it has ended.\n"


def test_what_is_no_silence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["silence", "add", "checkout", "--for", "2h"]) == 1
    assert capsys.readouterr().err.startswith("Write what to silence")


async def _keep_a_refused_call() -> None:
    settings = read_settings()
    async with load("state", "sql", {}, settings.roots) as state:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        await state.refuse(RefusedCall("zabbix", at, 422, "This is not an alert.", b'{"token": "hunter2hunter2"}'))


async def test_refused_calls_are_shown_without_their_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    await _keep_a_refused_call()

    assert await asyncio.to_thread(main, ["alerts", "refused"]) == 0
    said = capsys.readouterr().out
    assert "zabbix" in said
    assert "hunter2" not in said
