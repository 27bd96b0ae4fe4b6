"""The entries that docs/remedies.md shows are read by the reader of all catalogues, and so is that of the demo."""

import os
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.__main__ import _parser
from bot.catalogue import Catalogue, read_catalogue
from bot.remedy import Remedy
from connectors.load import vendor
from connectors.remediation.port import Executor
from deploy.demo.shop.nightshift import REMEDIES, SERVICES
from knowledge.service_graph import read_services

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "remedies.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ACCOUNT = {"user": "root"} if os.getuid() == 0 else {}
SETTINGS: dict[str, dict[str, object]] = {
    "command": {"programs": ["shop"], **ACCOUNT},
    "http": {"targets": {name: {"url": f"https://{name}.acme.example"} for name in ("flags", "rundeck")}},
    "kubernetes": {"url": "https://cluster.acme.example", "token": "a-long-token", "namespaces": ["shop"]},
}


async def executors(opened: AsyncExitStack, folder: Path) -> dict[str, Executor]:
    """All that there are, as the page's settings have them."""
    (folder / "shop").touch(mode=0o700)
    found = {}
    for name, table in SETTINGS.items():
        one = vendor("remediation", name)
        given = {**table, **({"path": [folder]} if name == "command" else {})}
        found[name] = await opened.enter_async_context(one.connect(one.Settings.model_validate(given)))
    return found


async def shown(folder: Path) -> Catalogue:
    """The catalogue of all blocks of the page."""
    page = folder / "page"
    page.mkdir()
    for number, block in enumerate(SHOWN):
        (page / f"{number}.yaml").write_text(block, encoding="utf-8")
    async with AsyncExitStack() as opened:
        return read_catalogue(page, await executors(opened, folder))


async def test_the_entries_of_the_page_are_read(tmp_path: Path) -> None:
    assert set((await shown(tmp_path)).remedies) >= {"restart-workload", "undo-rollout", "flag-off", "drain-queue"}


async def test_the_demos_catalogue_is_read_and_can_be_trusted(tmp_path: Path) -> None:
    async with AsyncExitStack() as opened:
        known = read_catalogue(REMEDIES, await executors(opened, tmp_path), read_services(SERVICES))

    assert len(known) >= 5
    assert [one.id for one in known if not (one.rehearsal and one.verification)] == []
    assert [one.id for one in known if one.causes and not one.preconditions] == []
    assert [one.id for one in known if "zh" not in one.title or "zh" not in one.description] == []


@pytest.mark.parametrize("name", [name for name in Remedy.model_fields if name not in ("digest", "place")])
def test_every_key_is_described(name: str) -> None:
    assert f"`{name.removesuffix('_seconds')}`" in PAGE.split("| key |")[1].split("\n\n")[0]


def test_the_commands_of_the_page_can_be_typed() -> None:
    typed = re.findall(r"^\.venv/bin/python -m bot (.+)$", PAGE, re.MULTILINE)

    assert len(typed) == 3
    for line in typed:
        assert _parser().parse_args(line.split()).run
