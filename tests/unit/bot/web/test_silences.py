"""Silences over the web: who may, what is kept, and what is told when it makes no sense."""

from datetime import timedelta

import httpx
import pytest

from bot.settings import Web
from tests.unit.bot.web.front_end import NOON, Site

ONE = {"matchers": "service=checkout severity=warning", "for": "2h", "because": "the upgrade"}


async def test_a_silence_is_kept_under_the_name_of_who_asked_for_it(guest: httpx.AsyncClient, site: Site) -> None:
    added = await guest.post("/api/silences", json=ONE)
    [kept] = await site.state.silences(NOON)

    assert added.status_code == 201
    assert (await guest.get("/api/silences")).json() == [added.json()]
    assert kept.matchers == {"service": "checkout", "severity": "warning"}
    assert (kept.begins_at, kept.ends_at, kept.reason) == (NOON, NOON + timedelta(hours=2), "the upgrade")
    assert kept.author.startswith("guest-")


async def test_a_silence_that_is_lifted_is_over(guest: httpx.AsyncClient, site: Site) -> None:
    added = (await guest.post("/api/silences", json=ONE)).json()

    assert (await guest.delete(f"/api/silences/{added['id']}")).status_code == 204
    assert await site.state.silences(NOON) == ()
    assert (await guest.delete(f"/api/silences/{added['id']}")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"matchers": "checkout"}, id="no-name"),
        pytest.param({"matchers": {"service": "*"}}, id="everything"),
        pytest.param({"for": "for ever"}, id="for-ever"),
        pytest.param({"because": "x" * 1001}, id="a-novel"),
        pytest.param({"until": "noon"}, id="an-unknown-field"),
    ],
)
async def test_what_is_no_silence_is_refused_with_a_sentence(
    guest: httpx.AsyncClient, site: Site, change: dict[str, object]
) -> None:
    refused = await guest.post("/api/silences", json={**ONE, **change})

    assert (refused.status_code, len(refused.json()["detail"]) > 10) == (422, True)
    assert await site.state.silences(NOON) == ()


async def test_only_visitors_who_are_signed_in_may_silence(site: Site) -> None:
    stranger = await site.browser(Web(token="of-the-page"))

    assert (await stranger.get("/api/silences")).status_code == 401
    assert (await stranger.post("/api/silences", json=ONE)).status_code == 401
