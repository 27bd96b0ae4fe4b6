"""Changes that other systems report over the web API: kept once, checked whole, and only from those who may."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.settings import Web
from connectors.configuration import Roots
from connectors.load import load
from connectors.tools.port import Tools
from tests.unit.bot.web.front_end import NOON, Site

DEPLOY = {"id": "d-1", "service": "payments", "summary": "6.2.3", "at": "2026-03-01T11:00:00Z", "pipeline": 77}


@pytest.fixture
async def log(site: Site, tmp_path: Path) -> AsyncIterator[Tools]:
    async with load("tools", "changes", {"keep_days": 36_500}, Roots(tmp_path, tmp_path)) as opened:
        site.changes = opened
        yield opened


async def told(log: Tools) -> str:
    return (await log.call("changes_reported", {"start": "2026-01-01T00:00:00Z"})).text


async def test_a_change_is_kept_once(site: Site, log: Tools) -> None:
    pipeline = await site.browser()

    first = await pipeline.post("/api/changes", json=DEPLOY)
    again = await pipeline.post("/api/changes", json=[DEPLOY])

    assert (first.status_code, first.json()) == (201, {"new": 1, "known": 0})
    assert (again.status_code, again.json()) == (200, {"new": 0, "known": 1})
    assert (await told(log)).count("6.2.3") == 1


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param({"summary": "6.2.3"}, 422, "service", id="no-service"),
        pytest.param("deployed", 422, "JSON object", id="no-object"),
        pytest.param([DEPLOY, {"id": "d-2"}], 422, "service", id="a-mistake-in-a-list"),
        pytest.param([DEPLOY] * 101, 413, "At most 100", id="too-many"),
    ],
)
async def test_what_is_no_change_is_refused_and_nothing_is_kept(
    site: Site, log: Tools, body: object, status: int, says: str
) -> None:
    answer = await (await site.browser()).post("/api/changes", json=body)

    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert "6.2.3" not in await told(log)


async def test_without_a_place_for_changes_the_answer_says_how_to_have_one(guest: httpx.AsyncClient) -> None:
    answer = await guest.post("/api/changes", json=DEPLOY)

    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "Changes are not kept here; add `changes` to ports.tools.",
    )


async def test_a_stranger_reports_nothing(site: Site, log: Tools) -> None:
    web = Web(host="0.0.0.0", token="correct horse battery")  # noqa: S104  # nothing listens here
    stranger = await site.browser(web)

    assert (await stranger.post("/api/changes", json=DEPLOY)).status_code == 401
    headers = {"authorization": "Bearer correct horse battery"}
    assert (await stranger.post("/api/changes", json=DEPLOY, headers=headers)).status_code == 201
    assert NOON.date().isoformat() in await told(log)
