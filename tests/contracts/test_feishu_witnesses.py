"""The fake Feishu as its vendor's own SDKs see it, in JavaScript and in Python, and next to recorded bodies."""

import asyncio
import itertools
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.chat.fakes.feishu import FakeFeishu, serve
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.feishu_frames import Frame, decode
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.fakes.feishu_terms import Console, Json, Limits, compact

SDK = Path.home() / ".cache/nightshift/npm/node_modules/@larksuiteoapi/node-sdk"
NO_SDK = (
    "the vendor's JavaScript SDK is not installed: "
    "`npm install --prefix ~/.cache/nightshift/npm @larksuiteoapi/node-sdk@1.74.0`"
)
RECORDED = Path(__file__).parents[3] / "shared/data/im-and-alert-payloads/feishu_payloads.json"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
ANSWER = {
    "schema": "2.0",
    "config": {"update_multi": True},
    "body": {
        "elements": [
            {"tag": "markdown", "content": "The pool is exhausted [1]"},
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": "Up"},
                "behaviors": [{"type": "callback", "value": {"action": "up"}}],
            },
        ]
    },
}


APPS = itertools.count(1)


@pytest.fixture
async def feishu() -> AsyncIterator[FakeFeishu]:
    # The Python SDK keeps tokens per process and app, and asks for no new one when they are refused.
    async with serve(Console(app_id=f"cli_{next(APPS):016x}"), Limits(frame_bytes=200)) as fake:
        yield fake


class Witness:
    """What the program in JavaScript has printed so far, by what it is about."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[tuple[str, Json]] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"{"):
                told = json.loads(line)
                self.said.append((told.pop("what"), told))

    def codes(self, what: str) -> list[int]:
        return [told["code"] for about, told in self.said if about == what]


@asynccontextmanager
async def javascript(feishu: FakeFeishu) -> AsyncIterator[Witness]:
    node = shutil.which("node")
    if node is None or not SDK.exists():
        pytest.skip(NO_SDK)
    script, console = Path(__file__).with_name("feishu_witness.mjs"), feishu.console
    arguments = (str(script), str(SDK), feishu.url, console.app_id, console.app_secret)
    process = await asyncio.create_subprocess_exec(node, *arguments, stdout=asyncio.subprocess.PIPE)
    witness = Witness(process)
    try:
        await feishu.connected(seconds=30)
        yield witness
    finally:
        process.kill()
        await process.wait()
        await witness.reading


async def test_the_javascript_sdk_is_content(feishu: FakeFeishu) -> None:
    ann = feishu.person("Ann")
    room = feishu.chat("Checkout", members=(ann,))
    async with javascript(feishu) as witness:
        await feishu.say(ann, room, "checkout is slow", Said(mention=True))
        await feishu.until(lambda: ("done", {}) in witness.said, seconds=20)
        answer = await feishu.click(ann, feishu.messages(room)[1], "Up")

    assert answer.toast == {"type": "success", "content": "Thank you"}
    for what in ("reply", "patch", "read", "person", "card", "send card", "close"):
        assert witness.codes(what) == [0], what
    assert witness.codes("stream") == [0, 0, 300317]
    assert feishu.platform.files[dict(witness.said)["image"]["key"]].media_type == "image/png"
    assert dict(witness.said)["click"] == {"value": {"action": "up"}, "operator": ann.open_id}
    assert [one.card()["body"]["elements"][0]["content"] for one in feishu.messages(room)[1:]] == [
        "The answer",
        "part 2",
    ]
    assert [check_card(one.content) for one in feishu.posted if one.msg_type == "interactive"] == [[]] * 6


async def test_the_javascript_sdk_comes_back_after_a_cut(feishu: FakeFeishu) -> None:
    ann = feishu.person("Ann")
    async with javascript(feishu):
        assert await feishu.cut() == 1
        await feishu.until(lambda: not feishu.sockets.open)
        await feishu.connected(seconds=15)
        await feishu.say(ann, feishu.direct(ann), "hello")
        await feishu.until(lambda: feishu.posted, seconds=15)

    assert feishu.deliveries.log[-1].code == 200


class PythonApp:
    """The vendor's Python SDK: its long connection in a thread of its own, as it wants it, and its REST client."""

    def __init__(self, feishu: FakeFeishu) -> None:
        import lark_oapi

        self.lark, self.feishu = lark_oapi, feishu
        self.events: list[Any] = []
        console = feishu.console
        builder = lark_oapi.Client.builder().app_id(console.app_id).app_secret(console.app_secret)
        self.client = builder.domain(feishu.url).log_level(lark_oapi.LogLevel.CRITICAL).build()

    def handler(self, toast: str) -> Any:
        from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

        def clicked(event: Any) -> Any:
            self.events.append(event)
            return P2CardActionTriggerResponse({"toast": {"type": "info", "content": toast}})

        console = self.feishu.console
        builder = self.lark.EventDispatcherHandler.builder(console.encrypt_key, console.verification_token)
        return (
            builder.register_p2_im_message_receive_v1(self.events.append)
            .register_p2_im_message_recalled_v1(self.events.append)
            .register_p2_im_chat_member_bot_added_v1(self.events.append)
            .register_p2_application_bot_menu_v6(self.events.append)
            .register_p2_im_message_reaction_created_v1(self.events.append)
            .register_p2_card_action_trigger(clicked)
            .build()
        )

    async def call(self, method: Callable[[Any], Any], request: Any) -> Any:
        return await asyncio.to_thread(method, request)


@pytest.fixture
def app(feishu: FakeFeishu) -> PythonApp:
    pytest.importorskip("lark_oapi")
    return PythonApp(feishu)


@pytest.fixture
async def connected(app: PythonApp, feishu: FakeFeishu) -> AsyncIterator[PythonApp]:
    """The app with a long connection: the SDK wants a loop of its own, in a module-wide variable."""
    import lark_oapi.ws.client as ws

    loop, console = asyncio.new_event_loop(), feishu.console
    ws.loop = loop
    settings = {"event_handler": app.handler("Noted"), "domain": feishu.url, "auto_reconnect": False}
    client = ws.Client(console.app_id, console.app_secret, log_level=app.lark.LogLevel.CRITICAL, **settings)

    async def talk() -> None:
        await client._connect()
        await client._ping_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(talking)
        others = asyncio.all_tasks(loop)
        loop.run_until_complete(client._disconnect())
        for task in others:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*others, return_exceptions=True))
        loop.close()

    talking = loop.create_task(talk())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    await feishu.connected()
    yield app
    loop.call_soon_threadsafe(talking.cancel)
    await asyncio.to_thread(thread.join, 5)


async def test_the_python_sdk_hears_and_clicks(feishu: FakeFeishu, connected: PythonApp) -> None:
    ann = feishu.person("Ann")
    room = feishu.chat("Checkout", members=(ann,))
    said = await feishu.say(ann, room, "checkout is slow " * 40, Said(mention=True))
    await feishu.settled()
    await reply(connected, said.message_id, "interactive", ANSWER)
    answer = await feishu.click(ann, feishu.messages(room)[-1], "Up")

    assert answer.toast == {"type": "info", "content": "Noted"}
    assert connected.events[0].event.message.message_id == said.message_id
    assert connected.events[0].event.sender.sender_id.open_id == ann.open_id
    assert connected.events[1].event.context.open_message_id == feishu.messages(room)[-1].message_id
    assert feishu.sockets.pings == 1


async def reply(app: PythonApp, message_id: str, msg_type: str, content: Json) -> Any:
    from lark_oapi.api.im.v1 import ReplyMessageRequest, ReplyMessageRequestBody

    body = ReplyMessageRequestBody.builder().msg_type(msg_type).content(compact(content)).build()
    request = ReplyMessageRequest.builder().message_id(message_id).request_body(body).build()
    return await app.call(app.client.im.v1.message.reply, request)


async def test_the_python_sdk_reads_every_event(feishu: FakeFeishu, connected: PythonApp) -> None:
    ann = feishu.person("Ann")
    room = feishu.chat("Checkout", members=(ann,))
    said = await feishu.say(ann, room, "oops", Said(mention=True))
    await feishu.react(ann, said, "OK")
    await feishu.recall(ann, said)
    await feishu.add_bot(ann, room)
    await feishu.menu(ann, "status")
    await feishu.settled()

    kinds = {type(one).__name__: one for one in connected.events}
    assert kinds["P2ImMessageRecalledV1"].event.message_id == said.message_id
    assert kinds["P2ImMessageReactionCreatedV1"].event.reaction_type.emoji_type == "OK"
    assert kinds["P2ImChatMemberBotAddedV1"].event.name == "Checkout"
    assert kinds["P2ApplicationBotMenuV6"].event.event_key == "status"


async def test_the_python_sdk_checks_our_webhook(feishu: FakeFeishu, app: PythonApp) -> None:
    from lark_oapi.core.model import RawRequest

    console, ann = feishu.console, feishu.person("Ann")
    handler = app.handler("Noted")

    async def receive(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        request = RawRequest()
        request.uri, request.body = "/feishu", body
        request.headers = {
            "-".join(part.capitalize() for part in name.split("-")): one for name, one in headers.items()
        }
        response = await asyncio.to_thread(handler.do, request)
        return response.status_code, response.content

    console.delivery = console.callbacks = "webhook"
    feishu.webhook.receiver = receive
    assert await feishu.webhook.verify()
    await feishu.say(ann, feishu.direct(ann), "hello")
    forged = feishu.webhook.sealed(compact(feishu.deliveries.log[0].body).encode(), key="another")

    assert feishu.deliveries.log[0].code == 200
    assert app.events[0].event.message.content == '{"text":"hello"}'
    assert (await feishu.webhook.call(*forged))[0] == 500


async def test_the_python_sdk_fetches_files_and_is_refused(feishu: FakeFeishu, app: PythonApp) -> None:
    from lark_oapi.api.im.v1 import GetMessageResourceRequest

    ann = feishu.person("Ann")
    said = await feishu.say_file(ann, feishu.direct(ann), "日志.log", b"lines")
    builder = GetMessageResourceRequest.builder().message_id(said.message_id).type("file")
    got = await app.call(app.client.im.v1.message_resource.get, builder.file_key(*said.keys).build())
    refused = await reply(app, said.message_id, "text", {"text": ""})

    assert got.code == 0, got.raw.content
    assert (got.file.read(), got.file_name) == (b"lines", "日志.log")
    assert refused.code == 230001


async def test_a_failure_breaks_the_connection_or_comes_with_its_headers(feishu: FakeFeishu, app: PythonApp) -> None:
    ann = feishu.person("Ann")
    said = await feishu.say(ann, feishu.direct(ann), "hello")
    feishu.rate_limit(1, reset=7, path="/reply")
    limited = await reply(app, said.message_id, "text", {"text": "x"})
    feishu.drop(1, path="/reply")
    with pytest.raises(OSError, match="Connection"):
        await reply(app, said.message_id, "text", {"text": "x"})

    assert (limited.code, limited.raw.status_code) == (99991400, 429)
    assert limited.raw.headers["x-ogw-ratelimit-reset"] == "7"


def test_we_read_the_frames_that_the_vendor_writes() -> None:
    frames = pytest.importorskip("lark_oapi.ws.pb.pbbp2_pb2")
    written = frames.Frame(SeqID=1, LogID=2, service=33, method=1, payload_type="json", payload=b"{}", LogIDNew="x")
    written.headers.add(key="type", value="event")

    assert decode(written.SerializeToString()) == Frame(1, 33, {"type": "event"}, b"{}", 1, 2)


def recorded(name: str) -> Json:
    if not RECORDED.exists():
        pytest.skip("the recorded bodies are not here")
    found: Json = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    return found


def keys(body: object, path: str = "") -> set[str]:
    """The path of every key in a body; what is inside a text of JSON stays there."""
    if isinstance(body, list):
        return {key for one in body for key in keys(one, f"{path}[]")}
    if not isinstance(body, dict):
        return set()
    return {f"{path}.{name}" for name in body} | {
        key for name, one in body.items() for key in keys(one, f"{path}.{name}")
    }


async def test_a_group_message_has_the_keys_of_the_recorded_one() -> None:
    expected = recorded("im.message.receive_v1.text_group")
    console = Console()
    console.scopes.add("im:user_agent:read")
    async with serve(console) as feishu:
        ann = feishu.person("Ann")
        room = feishu.chat("Room", members=(ann,))
        root = await feishu.say(ann, room, "root")
        await feishu.say(ann, room, "hello", Said(mentions=(ann,), thread=root))

    assert keys(feishu.deliveries.log[-1].body) == keys(expected)


async def test_pictures_and_rich_text_have_the_keys_of_the_recorded_ones() -> None:
    picture, post = recorded("im.message.receive_v1.image_p2p.message"), recorded("im.message.receive_v1.post.message")
    async with serve() as feishu:
        ann = feishu.person("Ann")
        await feishu.say_picture(ann, feishu.direct(ann), PNG)
        room, key = feishu.chat("Room", members=(ann,)), feishu.picture(ann, PNG)
        text, image = {"tag": "text", "text": "?"}, {"tag": "img", "image_key": key}
        await feishu.say_post(ann, room, [[text], [image]], said=Said(mention=True))
    first, second = (one.body["event"]["message"] for one in feishu.deliveries.log)

    assert keys(picture) <= keys(first)
    assert keys(post) <= keys(second)
    assert keys(json.loads(picture["content"])) == keys(json.loads(first["content"]))
    assert keys(json.loads(post["content"])) <= keys(json.loads(second["content"]))


async def test_a_click_has_the_keys_of_the_recorded_one() -> None:
    expected = recorded("card.action.trigger")
    async with serve() as feishu:
        ann = feishu.person("Ann")
        room = feishu.chat("Room", members=(ann,))
        card = json.loads(compact(ANSWER))
        card["body"]["elements"][1]["name"] = "up"
        await feishu.click(ann, feishu.bot_says(feishu.company.bots[feishu.console.app_id], room, card), "up")
    found = keys(feishu.deliveries.log[-1].body)

    def without_value(every: set[str]) -> set[str]:
        return {one for one in every if not one.startswith(".event.action.value.")}

    assert without_value(found) == without_value(keys(expected))
