"""Calls of monitoring systems: each row of the table in docs/alerts.md, and what is kept when."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.assistant import Assistant
from bot.settings import Proxy, Web
from bot.web import alerts
from bot.web.alerts import build_alerts
from bot.web.router import build_router
from connectors.alerts.port import Alert
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.memory import MemoryState
from connectors.state.port import StateUnavailable
from tests.unit.bot.web.front_end import NOON, Shelf

TOKEN = {"Authorization": "Bearer long-enough"}
BODY = {"alerts": [{"name": "PoolFull", "service": "payments"}]}


@dataclass
class Broken(MemoryState):
    """A state whose disk is full."""

    async def hear(self, reports: object) -> None:
        raise StateUnavailable("the disk is full")


@asynccontextmanager
async def system(state: MemoryState, table: dict[str, Any], web: Web | None = None) -> AsyncIterator[httpx.AsyncClient]:
    roots = Roots(Path(), Path())
    async with (
        load("alerts", "memory", table, roots) as own,
        load("alerts", "generic", {"systems": {"jobs": {**table, "mapping": {"name": "job"}}}}, roots) as generic,
    ):
        app, web = FastAPI(), web or Web()
        assistant = Assistant(state, Shelf(), receivers={"memory": own, "generic": generic})
        app.include_router(build_router(assistant, web, lambda: NOON))
        app.include_router(build_alerts(assistant, web, lambda: NOON))
        transport = httpx.ASGITransport(app, client=("10.0.0.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            yield client


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
async def caller(state: MemoryState) -> AsyncIterator[httpx.AsyncClient]:
    async with system(state, {"token": "long-enough", "max_bytes": 500}) as client:
        yield client


async def test_an_alert_is_kept_before_it_is_acknowledged(caller: httpx.AsyncClient, state: MemoryState) -> None:
    reply = await caller.post("/alerts/memory", json=BODY, headers=TOKEN)
    [kept] = await state.unsorted()

    assert (reply.status_code, reply.json()) == (200, {"alerts": 1, "notices": 0})
    assert (kept.source, kept.received_at) == ("memory", NOON)
    assert Alert.model_validate_json(kept.body).service == "payments"


async def test_a_system_of_its_own_name_posts_below_its_vendor(caller: httpx.AsyncClient, state: MemoryState) -> None:
    reply = await caller.post("/alerts/generic/jobs", json={"job": "backup"}, headers=TOKEN)

    assert (reply.status_code, len(await state.unsorted())) == (200, 1)


async def test_a_notice_is_acknowledged_and_is_no_report(caller: httpx.AsyncClient, state: MemoryState) -> None:
    body = {"notices": [{"kind": "test", "text": "hello"}]}
    reply = await caller.post("/alerts/memory", json=body, headers=TOKEN)

    assert (reply.json(), await state.unsorted()) == ({"alerts": 0, "notices": 1}, ())


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "kept"),
    [
        pytest.param("POST", "/alerts/memory", {"json": BODY}, 401, False, id="no-token"),
        pytest.param("POST", "/alerts/pigeon", {"json": BODY, "headers": TOKEN}, 404, False, id="nothing-is-set-up"),
        pytest.param("POST", "/alerts/generic/x", {"json": {}, "headers": TOKEN}, 404, False, id="no-such-system"),
        pytest.param("GET", "/alerts/memory", {"headers": TOKEN}, 405, False, id="looked-at"),
        pytest.param("POST", "/alerts/memory", {"content": b"x" * 501, "headers": TOKEN}, 413, False, id="too-large"),
        pytest.param("POST", "/alerts/memory", {"data": {"a": "b"}, "headers": TOKEN}, 415, True, id="a-form"),
        pytest.param("POST", "/alerts/memory", {"content": b"{", "headers": TOKEN}, 422, True, id="not-json"),
        pytest.param("POST", "/alerts/memory", {"json": {"a": 1}, "headers": TOKEN}, 422, True, id="no-alert"),
    ],
)
async def test_a_call_that_is_not_taken_says_why_and_is_kept_when_its_caller_is_known(
    caller: httpx.AsyncClient, state: MemoryState, method: str, path: str, given: Any, status: int, *, kept: bool
) -> None:
    reply = await caller.request(method, path, **given)

    assert reply.status_code == status
    assert len(reply.json()["error"]) > 20
    assert bool(await state.refused()) is kept
    assert await state.unsorted() == ()


async def test_an_address_outside_of_the_trusted_networks_is_refused(state: MemoryState) -> None:
    async with system(state, {"trusted_networks": ["10.1.0.0/16"]}) as caller:
        assert (await caller.post("/alerts/memory", json=BODY)).status_code == 403


@pytest.mark.parametrize(
    ("proxies", "header", "status"),
    [
        pytest.param(["10.0.0.7"], "10.1.2.3", 200, id="the-proxy-vouches"),
        pytest.param(["10.0.0.7"], "10.1.2.3:4711", 200, id="with-a-port"),
        pytest.param(["10.0.0.0/24"], "10.1.2.3, 10.0.0.9", 200, id="two-proxies"),
        pytest.param(["10.0.0.7"], "10.1.2.3, 192.0.2.1", 403, id="the-caller-invents-another"),
        pytest.param(["10.0.0.8"], "10.1.2.3", 403, id="nobody-whose-word-counts"),
    ],
)
async def test_the_callers_address_is_the_one_that_a_trusted_proxy_saw(
    state: MemoryState, proxies: list[str], header: str, status: int
) -> None:
    web = Web(proxy=Proxy(addresses=tuple(proxies)))
    async with system(state, {"trusted_networks": ["10.1.0.0/16"]}, web) as caller:
        reply = await caller.post("/alerts/memory", json=BODY, headers={"X-Forwarded-For": header})

    assert reply.status_code == status


async def test_while_the_database_is_away_the_system_is_asked_to_send_it_again() -> None:
    async with system(Broken(), {"token": "long-enough"}) as caller:
        reply = await caller.post("/alerts/memory", json=BODY, headers=TOKEN)

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "again" in reply.json()["error"]


async def test_bodies_that_are_read_at_the_same_time_have_bounded_room(
    state: MemoryState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MOST_BYTES_AT_ONCE", 10)
    async with system(state, {"token": "long-enough"}) as caller:
        reply = await caller.post("/alerts/memory", json=BODY, headers=TOKEN)
        small = await caller.post("/alerts/memory", content=b"{}", headers=TOKEN)

    assert (reply.status_code, small.status_code) == (503, 422)


async def test_calls_need_no_browser_and_no_login_of_the_page(state: MemoryState) -> None:
    async with system(state, {"token": "long-enough"}, Web(token="of-the-page")) as caller:
        headers = {**TOKEN, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Host": "ops.example.com"}
        reply = await caller.post("/alerts/memory", json=BODY, headers=headers)
        refused = await caller.get("/api/alerts/refused")

    assert (reply.status_code, refused.status_code) == (200, 401)


async def test_visitors_see_refused_calls_without_their_secrets(caller: httpx.AsyncClient) -> None:
    body = json.dumps({"oops": "password=hunter2hunter2"})
    await caller.post("/alerts/memory", content=body, headers=TOKEN)
    [call] = (await caller.get("/api/alerts/refused")).json()

    assert (call["receiver"], call["status"]) == ("memory", 422)
    assert "oops" in call["body"]
    assert "hunter2" not in call["body"]
