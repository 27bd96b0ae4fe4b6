"""Directories by the settings: several complete each other, and nothing has to be said twice."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.directories import one_directory, open_directory
from bot.membership import Membership
from bot.settings import Settings
from connectors.configuration import BadSettings


def settings(home: Path, *, demo: bool = False, **more: object) -> Settings:
    return Settings.model_validate({"home": home, "demo": demo, **more})


async def test_the_demo_has_people_who_are_known_on_platforms(tmp_path: Path) -> None:
    async with AsyncExitStack() as opened:
        directory = await open_directory(settings(tmp_path, demo=True), opened)

        assert await Membership(directory).groups("slack:U0DEMODARA") == (
            "platform",
            "production-write",
            "database-admin",
        )


async def test_without_a_directory_there_is_none(tmp_path: Path) -> None:
    async with AsyncExitStack() as opened:
        assert await open_directory(settings(tmp_path, ports={"directory": ""}), opened) is None


async def test_a_platforms_directory_signs_in_as_its_chat_does(tmp_path: Path) -> None:
    chat = {"slack": {"bot_token": "xoxb-1", "app_token": "xapp-1", "base_url": "http://127.0.0.1:9/api/"}}

    async with one_directory(settings(tmp_path, connectors={"chat": chat}), "slack") as directory:
        assert directory


@pytest.mark.parametrize(("name", "key"), [("slack", "bot_token"), ("feishu", "app_id")])
async def test_without_credentials_it_says_where_they_may_stand(name: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=rf"connectors\.directory\.{name}\.{key}.*connectors\.chat\.{name}"):
        async with one_directory(settings(tmp_path), name):
            pass


async def test_its_own_table_wins(tmp_path: Path) -> None:
    tables = {"chat": {"slack": {"bot_token": "xoxb-1"}}, "directory": {"slack": {"base_url": "http://elsewhere/"}}}

    with pytest.raises(BadSettings, match="https"):
        one_directory(settings(tmp_path, connectors=tables), "slack")
