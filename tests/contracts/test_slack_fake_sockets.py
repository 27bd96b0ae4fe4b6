"""The fake Slack's Socket Mode: hello, envelopes, acknowledgements, and connections that end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.fakes.slack import FakeSlack
from tests.contracts.slack_listener import Clock


class Desk:
    """A workspace and the sockets of its app."""

    def __init__(self, slack: FakeSlack, clock: Clock, session: ClientSession) -> None:
        self.slack, self.clock, self.session = slack, clock, session
        self.ann = slack.person("ann")

    async def url(self) -> str:
        client = AsyncWebClient(token=self.slack.app_token, base_url=self.slack.api_url)
        return str((await client.apps_connections_open(app_token=self.slack.app_token))["url"])

    async def connect(self) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
        socket = await self.session.ws_connect(await self.url())
        return socket, await socket.receive_json()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    async with FakeSlack(clock, pump_seconds=None).running() as slack, ClientSession() as session:
        yield Desk(slack, clock, session)


async def acknowledge(socket: ClientWebSocketResponse, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    envelope: dict[str, Any] = await socket.receive_json()
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": payload or {}})
    return envelope


async def test_hello_then_events_until_they_are_acknowledged(desk: Desk) -> None:
    socket, hello = await desk.connect()
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["debug_info"]["approximate_connection_time"] > 0

    await desk.slack.tell(desk.ann, "hello")
    envelope = await acknowledge(socket)
    await desk.slack.settled()

    assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
    assert (envelope["retry_attempt"], envelope["payload"]["event"]["text"]) == (0, "hello")
    assert desk.slack.deliveries[0].state == "acknowledged"


async def test_a_ticket_lets_one_socket_in(desk: Desk) -> None:
    url = await desk.url()
    await desk.session.ws_connect(url)

    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        await desk.session.ws_connect(url)


async def test_what_is_not_acknowledged_goes_to_another_connection(desk: Desk) -> None:
    first, _ = await desk.connect()
    second, hello = await desk.connect()
    assert hello["num_connections"] == 2

    await desk.slack.tell(desk.ann, "hello")
    desk.clock.now += 3
    await desk.slack.pump()
    sent = [await first.receive_json(), await second.receive_json()]

    assert {one["payload"]["event_id"] for one in sent} == {sent[0]["payload"]["event_id"]}
    assert sorted((one["retry_attempt"], one["retry_reason"]) for one in sent) == [(0, ""), (1, "timeout")]
    assert len({one["envelope_id"] for one in sent}) == 2


async def test_a_late_acknowledgement_counts_for_nothing(desk: Desk) -> None:
    socket, _ = await desk.connect()
    await desk.slack.tell(desk.ann, "hello")
    desk.clock.now += 3
    await desk.slack.pump()

    await acknowledge(socket)
    await acknowledge(socket)
    await desk.slack.settled()

    assert desk.slack.deliveries[0].attempts == ["timeout", "acknowledged"]


async def test_the_answer_to_a_form_travels_in_the_acknowledgement(desk: Desk) -> None:
    socket, _ = await desk.connect()
    client = AsyncWebClient(token=desk.slack.bot_token, base_url=desk.slack.api_url)
    field = {"type": "plain_text_input", "action_id": "reason"}
    label = {"type": "plain_text", "text": "Why?"}
    view = {"type": "modal", "title": label, "blocks": [{"type": "input", "label": label, "element": field}]}
    await client.views_open(trigger_id=desk.slack.trigger(desk.ann), view=view)

    async def answered(payload: dict[str, Any]) -> dict[str, Any]:
        submitting = desk.slack.submit(desk.ann, {"reason": "wrong host"})
        envelope, answer = await asyncio.gather(acknowledge(socket, payload), submitting)
        assert answer.ok
        return envelope

    envelope = await answered({"response_action": "errors", "errors": {"b": "say more"}})
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("interactive", True)
    (values,) = envelope["payload"]["view"]["state"]["values"].values()
    assert values["reason"]["value"] == "wrong host"
    assert desk.slack.errors[desk.ann.id] == {"b": "say more"}
    assert desk.slack.modal(desk.ann)

    await answered({})
    assert desk.slack.modal(desk.ann) is None


async def test_slack_ends_connections(desk: Desk) -> None:
    socket, _ = await desk.connect()

    await desk.slack.refresh_sockets("warning")
    assert (await socket.receive_json())["reason"] == "warning"
    assert desk.slack.sockets == 1
    closing = desk.slack.refresh_sockets("refresh_requested")
    farewell, _ = await asyncio.gather(_until_closed(socket), closing)

    assert farewell == ["refresh_requested"]


async def _until_closed(socket: ClientWebSocketResponse) -> list[str]:
    return [frame.json()["reason"] async for frame in socket]


async def test_a_cut_connection_gets_nothing_more(desk: Desk) -> None:
    socket, _ = await desk.connect()
    other, _ = await desk.connect()

    await desk.slack.cut_sockets()
    assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert (await other.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_pings_are_answered(desk: Desk) -> None:
    socket = await desk.session.ws_connect(await desk.url(), autoping=False)
    await socket.receive_json()

    await socket.ping(b"sdk-ping-pong:1")
    answer = await socket.receive()

    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


async def test_ten_connections_are_the_most(desk: Desk) -> None:
    opened = [await desk.connect() for _ in range(10)]

    _, hello = await desk.connect()

    assert {first["type"] for _, first in opened} == {"hello"}
    assert (hello["type"], hello["reason"]) == ("disconnect", "too_many_websockets")
