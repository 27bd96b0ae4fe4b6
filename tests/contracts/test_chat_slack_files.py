"""Files of Slack are fetched from Slack's own host, and from nowhere that it sends us on to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.port import CannotFetch
from connectors.chat.slack_api import SlackApi
from tests.contracts.slack_stage import Clock


@asynccontextmanager
async def slack(served: dict[str, web.StreamResponse], url: str) -> AsyncIterator[SlackApi]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/files.info":
            return web.json_response({"ok": True, "file": {"id": "F1", "size": 3, "url_private": f"{address}{url}"}})
        return served[request.path]

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        address, clock = str(server.make_url("")).rstrip("/"), Clock()
        client = AsyncWebClient("xoxb-1", base_url=f"{address}/api/", session=session)
        yield SlackApi(client, session, clock.sleep, clock.now, 1.0)


async def test_a_file_that_lies_where_slack_says_is_fetched() -> None:
    async with slack({"/a": web.Response(body=b"log")}, "/a") as api:
        assert await api.download("F1", 3) == b"log"


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = {"/a": web.Response(status=302, headers={"Location": "/b"}), "/b": web.Response(body=b"log")}
    async with slack(elsewhere, "/a") as api:
        with pytest.raises(CannotFetch, match="HTTP 302"):
            await api.download("F1", 3)


async def test_a_file_that_is_larger_than_slack_says_is_left_alone() -> None:
    async with slack({"/a": web.Response(body=b"logs")}, "/a") as api:
        with pytest.raises(CannotFetch, match="larger than 3"):
            await api.download("F1", 3)
