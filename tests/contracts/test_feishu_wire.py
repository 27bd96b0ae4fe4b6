"""The fake Feishu on the wire: HTTP with its shapes and headers, and the long connection frame by frame."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import aiohttp.web
import pytest

from connectors.chat.fakes.feishu import FakeFeishu, serve
from connectors.chat.fakes.feishu_frames import CONTROL, Frame, decode
from connectors.chat.fakes.feishu_terms import Clock, Json, Limits, compact

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40


@dataclass
class Client:
    """An app that speaks HTTP by hand."""

    feishu: FakeFeishu
    session: aiohttp.ClientSession
    token: str = ""

    async def log_in(self) -> Json:
        console = self.feishu.console
        body = {"app_id": console.app_id, "app_secret": console.app_secret}
        _, found, _ = await self.call("POST", "/auth/v3/tenant_access_token/internal", json=body)
        self.token = str(found["tenant_access_token"])
        return found

    async def call(self, method: str, path: str, **more: object) -> tuple[int, Json, dict[str, str]]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.feishu.url}/open-apis{path}"
        async with self.session.request(method, url, headers=headers, **more) as answer:  # type: ignore[arg-type]  # as aiohttp takes it
            raw = await answer.read()
            body = json.loads(raw) if answer.content_type == "application/json" else {"bytes": raw}
            return answer.status, body, dict(answer.headers)

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        url = (await self.endpoint())["data"]["URL"]
        return await self.session.ws_connect(url)

    async def endpoint(self, secret: str | None = None) -> Json:
        console = self.feishu.console
        body = {"AppID": console.app_id, "AppSecret": secret or console.app_secret}
        async with self.session.post(f"{self.feishu.url}/callback/ws/endpoint", json=body) as answer:
            found: Json = await answer.json()
            return found


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    limits = Limits(connections=3, frame_bytes=100)
    async with serve(limits=limits, clock=Clock(live=False)) as feishu, aiohttp.ClientSession() as session:
        yield Client(feishu, session)


async def test_a_token_and_a_call(client: Client) -> None:
    assert (await client.log_in()).keys() >= {"code", "msg", "tenant_access_token", "expire"}
    status, body, headers = await client.call("GET", "/bot/v3/info")

    assert (status, body["code"], body["bot"]["open_id"]) == (200, 0, client.feishu.console.bot_open_id)
    assert "X-Tt-Logid" in headers


async def test_a_refusal_has_its_shape(client: Client) -> None:
    status, body, _ = await client.call("GET", "/bot/v3/info")

    assert (status, body["code"]) == (400, 99991661)
    assert body.keys() == {"code", "msg", "error"}


async def test_too_many_calls_come_with_headers(client: Client) -> None:
    await client.log_in()
    for _ in range(50):
        await client.call("GET", "/bot/v3/info")
    status, body, headers = await client.call("GET", "/bot/v3/info")

    assert (status, body["code"], headers["x-ogw-ratelimit-reset"]) == (429, 99991400, "1")


@pytest.mark.parametrize(("path", "raw", "status"), [("/im/v1/nothing", b"{}", 404), ("/im/v1/messages", b"{", 400)])
async def test_what_is_no_call(client: Client, path: str, raw: bytes, status: int) -> None:
    await client.log_in()

    assert (await client.call("POST", path, data=raw))[0] == status


async def test_a_picture_goes_up_and_comes_down(client: Client) -> None:
    await client.log_in()
    form = aiohttp.FormData()
    form.add_field("image_type", "message")
    form.add_field("image", PNG, filename="chart.png", content_type="image/png")
    _, body, _ = await client.call("POST", "/im/v1/images", data=form)
    _, found, headers = await client.call("GET", f"/im/v1/images/{body['data']['image_key']}")

    assert (found["bytes"], headers["Content-Type"]) == (PNG, "image/png")


async def test_several_people_are_asked_for_at_once(client: Client) -> None:
    await client.log_in()
    people = [client.feishu.person(name) for name in ("Ann", "Bob")]
    params = [("user_ids", person.open_id) for person in people]
    _, body, _ = await client.call("GET", "/contact/v3/users/batch", params=params)

    assert [one["name"] for one in body["data"]["items"]] == ["Ann", "Bob"]


async def test_a_call_may_get_no_answer(client: Client) -> None:
    client.feishu.drop(1)

    with pytest.raises(aiohttp.ClientError):
        await client.log_in()
    assert await client.log_in()


async def test_an_event_comes_in_frames_and_is_acknowledged_by_one(client: Client) -> None:
    socket = await client.connect()
    ann = client.feishu.person("Ann")
    await client.feishu.say(ann, client.feishu.direct(ann), "hello")
    frames = [decode((await socket.receive()).data)]
    while len(frames) < int(frames[0].headers["sum"]):
        frames.append(decode((await socket.receive()).data))
    body = json.loads(b"".join(one.payload for one in sorted(frames, key=lambda one: int(one.headers["seq"]))))
    data = base64.b64encode(b'{"a":1}').decode()
    frames[-1].payload = compact({"code": 200, "data": data}).encode()
    await socket.send_bytes(frames[-1].encode())
    await client.feishu.settled()

    assert len(frames) > 5
    assert json.loads(body["event"]["message"]["content"]) == {"text": "hello"}
    assert client.feishu.deliveries.log[0].answer == b'{"a":1}'


async def test_an_event_that_fails_or_was_lost_comes_again(client: Client) -> None:
    ann = client.feishu.person("Ann")
    await client.feishu.say(ann, client.feishu.direct(ann), "nobody is there")
    socket = await client.connect()
    assert await client.feishu.advance(15) == 1
    frame = decode((await socket.receive()).data)
    frame.payload = b'{"code":500}'
    await socket.send_bytes(frame.encode())
    await client.feishu.until(lambda: client.feishu.deliveries.log[0].code == 500)

    assert await client.feishu.advance(300) == 1


async def test_a_ping_brings_the_settings(client: Client) -> None:
    socket = await client.connect()
    await socket.send_bytes(Frame(CONTROL, 1, {"type": "ping"}).encode())
    pong = decode((await socket.receive()).data)

    assert pong.headers == {"type": "pong"}
    assert json.loads(pong.payload)["PingInterval"] == 120


async def test_there_are_so_many_connections_and_no_more(client: Client) -> None:
    sockets = [await client.connect() for _ in range(3)]
    full = await client.endpoint()
    wrong = await client.endpoint("wrong")
    await sockets[0].close()
    await client.feishu.until(lambda: len(client.feishu.sockets.open) == 2)

    assert (full["code"], wrong["code"]) == (1000040350, 1000040345)
    assert (await client.endpoint())["code"] == 0


async def test_an_event_goes_to_one_connection(client: Client) -> None:
    sockets = [await client.connect() for _ in range(3)]
    ann = client.feishu.person("Ann")
    for number in range(30):
        await client.feishu.react(ann, await client.feishu.say(ann, client.feishu.direct(ann), str(number)), "OK")
    seen = await asyncio.gather(*(drained(socket) for socket in sockets))

    assert all(seen)
    assert not seen[0] & seen[1] | seen[1] & seen[2] | seen[0] & seen[2]
    assert len(set().union(*seen)) == 60


async def drained(socket: aiohttp.ClientWebSocketResponse) -> set[str]:
    """The events on a connection until nothing more comes."""
    found = set()
    while True:
        try:
            frame = decode((await socket.receive(timeout=0.3)).data)
        except TimeoutError:
            return found
        found.add(frame.headers["message_id"])


async def test_a_ticket_opens_one_connection(client: Client) -> None:
    url = (await client.endpoint())["data"]["URL"]
    await client.session.ws_connect(url)

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await client.session.ws_connect(url)


async def test_a_webhook_over_http(client: Client) -> None:
    got: list[str] = []

    async def receive(request: aiohttp.web.Request) -> aiohttp.web.Response:
        got.append(request.headers["X-Lark-Signature"])
        return aiohttp.web.Response(status=503 if len(got) == 1 else 200)

    app = aiohttp.web.Application()
    app.router.add_post("/feishu", receive)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    feishu = client.feishu
    feishu.console.delivery, feishu.webhook.url = "webhook", f"http://127.0.0.1:{runner.addresses[0][1]}/feishu"
    ann = feishu.person("Ann")
    await feishu.say(ann, feishu.direct(ann), "hello")
    again = await feishu.advance(15)
    await runner.cleanup()

    assert (again, len(got), feishu.deliveries.waiting) == (1, 2, {})
