"""What the page about alerts shows is true: settings are accepted, payloads are read, every system is described."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from connectors.alerts.generic import known
from connectors.alerts.zabbix import _Body
from connectors.configuration import validate
from connectors.load import load, vendor
from tests.contracts.alert_vendors import HERE, NOW, ROOTS, SECRET, VENDORS, received

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
FILES = (ROOT / "connectors" / "alerts").glob("*.py")
VENDOR_NAMES = {file.stem for file in FILES if "async def connect" in file.read_text("utf-8")} - {"memory"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def variables(name: str) -> dict[str, str]:
    """The settings that the page puts into variables."""
    found = re.findall(rf"NIGHTSHIFT_CONNECTORS__ALERTS__{name.upper()}__([A-Z]+)", PAGE)
    return {setting.lower(): SECRET for setting in found}


def of_systems() -> list[str]:
    """The settings of systems."""
    return [block for block in blocks("toml") if "ports" in tomllib.loads(block)]


@pytest.mark.parametrize("block", of_systems(), ids=lambda block: block.splitlines()[1])
def test_settings_are_accepted(block: str) -> None:
    settings = tomllib.loads(block)
    (name,) = settings["ports"]["alerts"]
    table = settings.get("connectors", {}).get("alerts", {}).get(name, {})

    checked = validate(
        vendor("alerts", name).Settings, {**table, **variables(name)}, ROOTS, f"connectors.alerts.{name}"
    )
    assert set(table) <= checked.model_fields_set


def test_settings_of_incidents_are_accepted() -> None:
    others = [tomllib.loads(block) for block in blocks("toml") if block not in of_systems()]

    assert [Settings.model_validate(one).incidents.mode for one in others] == ["shadow"]


def test_every_system_is_described_and_shown() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", PAGE, re.M)) & VENDOR_NAMES
    shown = {name for block in of_systems() for name in tomllib.loads(block)["ports"]["alerts"]}

    assert described == shown == VENDOR_NAMES
    assert set(re.findall(r"`(\w+)`", PAGE.partition("under `known`:")[2].partition(".\n")[0])) == set(known())


async def test_datadog_s_payload_is_read() -> None:
    filled = blocks("json")[0]
    for variable, value in {"$ALERT_TITLE": "[P1] [Triggered] CPU", "$ALERT_ID": "12", "$ALERT_SCOPE": "host:a",
                            "$ALERT_TRANSITION": "Triggered", "$TAGS": "service:cart", "$LINK": "https://dd.example",
                            "$DATE": "1795172400000"}.items():  # fmt: skip
        filled = filled.replace(f'"{variable}"', json.dumps(value))
    datadog = next(one for one in VENDORS if one.name == "datadog")

    (alert,) = (await received(datadog, datadog.call(json.loads(filled)))).alerts
    assert (alert.name, alert.service, alert.link, alert.started_at.hour) == ("CPU", "cart", "https://dd.example", 11)
    assert (alert.description, alert.value, alert.generator, alert.original_severity) == ("", "", "", "")


def test_zabbix_s_parameters_are_read() -> None:
    shown = set(re.findall(r"^\| `(\w+)` \| `?[{]", PAGE, re.M))

    assert shown == set(_Body.model_fields) - {"runbook"}


async def test_the_mapping_that_is_shown_reads_an_alert() -> None:
    block = next(block for block in blocks("toml") if "backups" in block)
    table = tomllib.loads(block)["connectors"]["alerts"]["generic"]
    table["systems"]["backups"] |= {"token": None, **HERE}
    target = {"host": "db-1", "service": "orders"}
    jobs: Any = [{"kind": "Backup", "target": target, "result": "failed", "priority": 1, "failed_at": NOW.isoformat()}]
    one = next(one for one in VENDORS if one.name == "generic")

    call = one.call({"jobs": jobs}, path="/alerts/generic/backups")
    async with load("alerts", "generic", table, ROOTS) as receiver:
        (alert,) = (await receiver.receive(call)).alerts
    assert (alert.name, alert.service, alert.environment) == ("Backup of db-1", "orders", "production")
    assert (alert.severity, alert.original_severity, alert.fingerprint) == ("critical", "1", "Backup/db-1")
