"""Checks of what Nightshift is connected to: people, live systems, chat platforms."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.checks.examination import Examination, Finding
from bot.doctor import findings, report
from bot.settings import Settings

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROTA = "members: [{id: ann, name: Ann, groups: [sre], accounts: {slack: U1}}, {id: bo, name: Bo}]"


def examination(home: Path, **settings: object) -> Examination:
    home.mkdir(exist_ok=True)
    (home / "oncall.yaml").write_text(ROTA)
    return Examination(Settings.model_validate({"home": home, "demo": False, **settings}), NOW)


async def test_the_people_of_every_directory_are_counted(tmp_path: Path) -> None:
    [good] = await findings(examination(tmp_path), ["directory"])
    none = await findings(examination(tmp_path, ports={"directory": ""}), ["directory"])

    assert (good.level, good.text) == ("OK", "file: 2 people, 1 in a group, 1 with an account on a chat platform")
    assert none[0].text == "none: everybody sees what is open to everybody"


async def test_a_directory_that_cannot_be_read_fails_and_an_empty_one_warns(tmp_path: Path) -> None:
    lost = {"directory": {"file": {"path": "gone.yaml"}}}
    [fail] = await findings(examination(tmp_path, connectors=lost), ["directory"])
    [empty] = await findings(examination(tmp_path, ports={"directory": "memory"}), ["directory"])

    assert (fail.level, "gone.yaml cannot be read" in fail.text) == ("FAIL", True)
    assert (empty.level, empty.mend) == ("WARN", "Nobody is in it.")


async def test_live_systems_are_listed_each_by_itself(tmp_path: Path) -> None:
    ports = {"tools": ["memory", "mcp", "recorded"]}
    servers = {"gone": {"command": ["/no/such/program"]}}
    (tmp_path / "damaged.json").write_text("{")
    tables = {"mcp": {"servers": servers}, "recorded": {"folder": str(tmp_path)}}
    found = await findings(examination(tmp_path, ports=ports, connectors={"tools": tables}), ["tools"])

    assert [one.level for one in found] == ["WARN", "FAIL", "FAIL"]
    assert found[0].text == "tools of memory: 0"
    assert "MCP server gone" in found[1].text
    assert found[2].mend == "See connectors.tools.recorded and docs/tools.md; answers go on without it."


async def test_the_demo_has_recorded_systems_and_without_it_there_are_none(tmp_path: Path) -> None:
    [demo] = await findings(examination(tmp_path, demo=True), ["tools"])
    [none] = await findings(examination(tmp_path), ["tools"])

    assert (demo.level, demo.text.startswith("tools of recorded: ")) == ("OK", True)
    assert none == Finding("tools", "OK", "no live systems")


async def test_a_platform_that_is_asked_for_but_not_set_up_names_its_guide(tmp_path: Path) -> None:
    slack, feishu = await findings(examination(tmp_path), ["slack", "feishu"])

    assert (slack.level, slack.text, slack.mend) == (
        "FAIL",
        "connectors.chat.slack.bot_token: Field required",
        "See docs/slack.md.",
    )
    assert (feishu.level, feishu.mend) == ("FAIL", "See deploy/feishu-app.md.")


async def test_a_platform_of_the_settings_is_looked_at_in_every_run(tmp_path: Path) -> None:
    memory = dict.fromkeys(("embedding", "vectors", "state", "directory", "ocr"), "memory")
    ports = {**memory, "llm": [], "chat": ["memory"]}
    found = await findings(examination(tmp_path, ports=ports))

    assert found[-1] == Finding("memory", "OK", "nothing to look at")


@pytest.mark.parametrize(("asked", "meant"), [("slak", "slack"), ("tool", "tools")])
async def test_platforms_are_offered_too(asked: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"doctor {asked}: no such check; did you mean {meant}"):
        await findings(examination(tmp_path), [asked])


async def test_the_report_of_a_platform_reads_like_any_other(tmp_path: Path) -> None:
    assert report(await findings(examination(tmp_path), ["slack"])).splitlines() == [
        "FAIL  slack      connectors.chat.slack.bot_token: Field required",
        "                 → See docs/slack.md.",
    ]
