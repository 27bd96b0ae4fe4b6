"""What the app hears, when it hears it again, and what people see when they click; by a webhook in the same process."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.chat.fakes.feishu import FakeFeishu
from connectors.chat.fakes.feishu_clicks import Forged
from connectors.chat.fakes.feishu_company import Chat, Person
from connectors.chat.fakes.feishu_messages import Message
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.fakes.feishu_terms import Json, compact
from tests.unit.connectors.chat.fakes.feishu_app import PNG, App, button, card, markdown


@dataclass
class Heard:
    """An app that decrypts what it gets, keeps it, and answers what it is told to answer."""

    feishu: FakeFeishu
    events: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b"{}"

    async def __call__(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        key = self.feishu.console.encrypt_key
        raw = base64.b64decode(json.loads(body)["encrypt"])
        cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:16])).decryptor()
        plain = cipher.update(raw[16:]) + cipher.finalize()
        signed = headers.get("x-lark-request-timestamp", "") + headers.get("x-lark-request-nonce", "") + key
        if "x-lark-signature" in headers:
            assert headers["x-lark-signature"] == hashlib.sha256(signed.encode() + body).hexdigest()
        self.events.append(json.loads(plain[: -plain[-1]]))
        self.headers.append(headers)
        return self.status, self.answer

    def types(self) -> list[str]:
        return [one["header"]["event_type"] for one in self.events]

    def texts(self) -> list[str]:
        return [json.loads(one["event"]["message"]["content"])["text"] for one in self.events]


@pytest.fixture
def app() -> App:
    made = App()
    made.feishu.console.delivery = made.feishu.console.callbacks = "webhook"
    made.feishu.webhook.open()
    return made


@pytest.fixture
def feishu(app: App) -> FakeFeishu:
    return app.feishu


@pytest.fixture
def heard(feishu: FakeFeishu) -> Heard:
    made = Heard(feishu)
    feishu.webhook.receiver = made
    return made


@pytest.fixture
def ann(feishu: FakeFeishu) -> Person:
    return feishu.person("Ann")


@pytest.fixture
def room(feishu: FakeFeishu, ann: Person) -> Chat:
    return feishu.chat("Room", members=(ann,))


async def test_a_mention(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    await feishu.say(ann, room, "look", Said(mention=True))

    (event,) = heard.events
    message = event["event"]["message"]
    assert (message["chat_type"], json.loads(message["content"])) == ("group", {"text": "@_user_1 look"})
    assert message["mentions"][0]["id"]["open_id"] == feishu.console.bot_open_id
    assert event["event"]["sender"]["sender_id"]["open_id"] == ann.open_id


async def test_what_is_heard_depends_on_permissions(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    feishu.console.scopes.discard("im:message.group_msg")
    await feishu.say(ann, room, "among us")
    await feishu.say(ann, room, "you", Said(mention=True))
    await feishu.say(ann, feishu.direct(ann), "direct")
    feishu.console.scopes.discard("im:message.p2p_msg:readonly")
    await feishu.say(ann, feishu.direct(ann), "unheard")

    assert heard.texts() == ["@_user_1 you", "direct"]


async def test_user_ids_need_a_permission(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    feishu.console.scopes.discard("contact:user.employee_id:readonly")
    await feishu.say(ann, feishu.direct(ann), "x")

    assert heard.events[0]["event"]["sender"]["sender_id"].keys() == {"open_id", "union_id"}


async def test_nothing_is_heard_outside_or_unsubscribed(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    await feishu.say(ann, feishu.chat("Away", members=(ann,), bot=False), "x", Said(mention=True))
    feishu.console.events.clear()
    await feishu.say(ann, feishu.direct(ann), "x")

    assert heard.events == []


async def test_threads_and_quotes(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    root = await feishu.say(ann, room, "root")
    inside = await feishu.say(ann, room, "inside", Said(thread=root))
    quote = await feishu.say(ann, room, "quote", Said(quote=inside, mention=True))

    assert (inside.root_id, inside.parent_id, inside.thread_id) == (root.message_id, root.message_id, root.thread_id)
    assert quote.thread_id == root.thread_id
    assert heard.events[1]["event"]["message"]["thread_id"] == root.thread_id
    assert "thread_id" not in heard.events[0]["event"]["message"]


async def test_every_message_of_a_topic_chat_is_a_thread(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    topic = feishu.chat("Topic", members=(ann,), topic=True)

    assert (await feishu.say(ann, topic, "one")).thread_id != (await feishu.say(ann, topic, "two")).thread_id


async def test_other_kinds_of_messages(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    key = feishu.picture(ann, PNG)
    await feishu.say_post(ann, room, [[{"tag": "img", "image_key": key}]], said=Said(mention=True))
    await feishu.say_picture(ann, room, PNG)
    await feishu.say_file(ann, room, "a.log", b"x")
    await feishu.share_chat(ann, room, room)

    kinds = [one["event"]["message"]["message_type"] for one in heard.events]
    assert kinds == ["post", "image", "file", "share_chat"]


async def test_a_forwarded_card_arrives_as_a_sketch(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    old = {
        "header": {"title": {"tag": "plain_text", "content": "Alert"}},
        "elements": [{"tag": "div", "fields": [{"text": {"tag": "lark_md", "content": "cpu 99"}}]}],
    }
    shown = feishu.bot_says(feishu.bot("Alerts"), room, old)
    await feishu.forward(ann, room, shown)

    (event,) = heard.events
    content = json.loads(event["event"]["message"]["content"])
    assert content == {"title": "Alert", "elements": [[{"tag": "text", "text": "cpu 99"}]]}


async def test_a_merged_forward_is_opened_by_reading_it(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    first = await app.feishu.say(ann, room, "first")
    merged = await app.feishu.forward_merged(ann, room, [first])

    items = app.call("GET", f"/im/v1/messages/{merged.message_id}")["items"]
    assert [one["msg_type"] for one in items] == ["merge_forward", "text"]
    assert items[1]["upper_message_id"] == merged.message_id
    assert heard.types() == ["im.message.receive_v1"] * 2


async def test_recalls_reactions_menus_and_coming_in(feishu: FakeFeishu, heard: Heard, ann: Person, room: Chat) -> None:
    said = await feishu.say(ann, room, "oops")
    await feishu.edit(ann, said, "better")
    await feishu.recall(ann, said)
    await feishu.react(ann, said, "OK")
    await feishu.menu(ann, "status")
    await feishu.remove_bot(ann, room)
    await feishu.add_bot(ann, room)

    assert heard.types() == [
        "im.message.receive_v1",
        "im.message.recalled_v1",
        "im.message.reaction.created_v1",
        "application.bot.menu_v6",
        "im.chat.member.bot.deleted_v1",
        "im.chat.member.bot.added_v1",
    ]


async def test_sent_again_until_acknowledged(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    heard.status = 503
    await feishu.say(ann, feishu.direct(ann), "x")
    counts = [await feishu.advance(seconds) for seconds in (14, 1, 299, 1, 3600, 21_600, 86_400)]

    assert counts == [0, 1, 0, 1, 1, 1, 0]
    assert len({one["header"]["event_id"] for one in heard.events}) == 1
    assert feishu.deliveries.waiting == {}


async def test_an_acknowledgement_stops_it(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    heard.status = 503
    await feishu.say(ann, feishu.direct(ann), "x")
    heard.status = 200
    counts = [await feishu.advance(15), await feishu.advance(86_400)]

    assert counts == [1, 0]


async def test_too_late_is_not_acknowledged(feishu: FakeFeishu, ann: Person) -> None:
    async def slow(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        feishu.clock.move(3.5)
        return 200, b"{}"

    feishu.webhook.receiver = slow
    await feishu.say(ann, feishu.direct(ann), "x")

    assert len(feishu.deliveries.waiting) == 1


async def test_backwards_and_twice(feishu: FakeFeishu, heard: Heard, ann: Person) -> None:
    direct = feishu.direct(ann)
    feishu.hold()
    first = await feishu.say(ann, direct, "one")
    await feishu.say(ann, direct, "two")
    await feishu.release(backwards=True)
    await feishu.redeliver(first, new_event_id=True)

    assert heard.texts() == ["two", "one", "one"]
    assert heard.events[1]["header"]["event_id"] != heard.events[2]["header"]["event_id"]


async def test_the_challenge(feishu: FakeFeishu, heard: Heard) -> None:
    async def good(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        await heard(headers, body)
        return 200, compact({"challenge": heard.events[-1]["challenge"]}).encode()

    assert not await feishu.webhook.verify()
    feishu.webhook.receiver = good
    assert await feishu.webhook.verify()
    assert "x-lark-signature" not in heard.headers[-1]


def posted(app: App, room: Chat, body: Json) -> Message:
    return app.feishu.platform.messages[app.post(room.chat_id, body)]


async def test_a_click_brings_its_value_and_a_toast_back(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    heard.answer = b'{"toast":{"type":"success","content":"Thanks"}}'
    answer = await app.feishu.click(ann, posted(app, room, card(button("Up"))), "Up")

    event = heard.events[-1]["event"]
    assert (event["action"]["value"], event["operator"]["open_id"]) == ({"action": "Up"}, ann.open_id)
    assert (answer.ok, app.feishu.toasts) == (True, [("Ann", "success", "Thanks")])


async def test_a_click_may_change_its_card(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    message = posted(app, room, card(button("Up")))
    heard.answer = compact({"card": {"type": "raw", "data": card(markdown("Done"))}}).encode()

    assert (await app.feishu.click(ann, message, "Up")).card == card(markdown("Done"))
    with pytest.raises(LookupError, match="none"):
        await app.feishu.click(ann, message, "Up")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param((500, {}), 200671, id="status"),
        pytest.param((200, []), 200672, id="no-object"),
        pytest.param((200, {"toast": {"type": "loud"}}), 200672, id="toast"),
        pytest.param((200, {"card": {"type": "raw", "data": {"elements": []}}}), 200830, id="json-1.0"),
        pytest.param((200, {"card": {"type": "raw", "data": card({"tag": "x"})}}), 200673, id="bad-card"),
    ],
)
async def test_an_answer_that_people_see_as_an_error(
    app: App, heard: Heard, room: Chat, answer: tuple[int, object], code: int
) -> None:
    heard.status, heard.answer = answer[0], compact(answer[1]).encode()
    bob = app.feishu.person("Bob")

    assert (await app.feishu.click(bob, posted(app, room, card(button("Up"))), "Up")).code == code


async def test_a_card_that_streams_is_not_changed_by_a_click(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    entity = app.entity(card(button("Up"), streaming_mode=True))
    sent = app.send(room.chat_id, "interactive", {"type": "card", "data": {"card_id": entity}})
    heard.answer = compact({"card": {"type": "raw", "data": card()}}).encode()

    answer = await app.feishu.click(ann, app.feishu.platform.messages[sent["message_id"]], "Up")
    assert answer.code == 200673


async def test_clicks_that_are_not_set_up(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    app.feishu.console.callbacks = ""

    assert (await app.feishu.click(ann, posted(app, room, card(button("Up"))), "Up")).code == 200340
    assert heard.events == []


async def test_a_click_that_nobody_takes_or_answers(app: App, ann: Person, room: Chat) -> None:
    async def silent(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        raise TimeoutError

    message = posted(app, room, card(button("Up")))
    assert (await app.feishu.click(ann, message, "Up")).code == 200342
    app.feishu.webhook.receiver = silent
    assert (await app.feishu.click(ann, message, "Up")).code == 200341


async def test_the_card_is_locked_while_the_click_is_unanswered(app: App, ann: Person, room: Chat) -> None:
    message = posted(app, room, card(button("Up")))
    codes: list[int] = []

    async def updates_first(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        refused = app.refusal("PATCH", f"/im/v1/messages/{message.message_id}", {"content": compact(card())})
        codes.append(refused.code)
        return 200, b"{}"

    app.feishu.webhook.receiver = updates_first
    assert (await app.feishu.click(ann, message, "Up")).ok
    assert (codes, message.locked) == ([230099], False)


async def test_a_form_brings_its_fields(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    inputs = [
        {"tag": "input", "name": "reason", "required": True},
        {"tag": "input", "name": "more", "default_value": "-"},
    ]
    send = button("Send", name="send", form_action_type="submit")
    message = posted(app, room, card({"tag": "form", "name": "f", "elements": [*inputs, send]}))
    await app.feishu.submit(ann, message, {"reason": "wrong"})

    action = heard.events[-1]["event"]["action"]
    assert (action["form_value"], action["name"]) == ({"reason": "wrong", "more": "-"}, "send")
    with pytest.raises(LookupError, match="required: reason"):
        await app.feishu.submit(ann, message, {})


async def test_a_forged_click_of_somebody_without_open_id(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    forged = Forged(value={"action": "publish"}, user_id_only=True)
    await app.feishu.click(ann, posted(app, room, card(button("Up"))), "Up", forged)

    event = heard.events[-1]["event"]
    assert event["action"]["value"] == {"action": "publish"}
    assert event["operator"].keys() == {"tenant_key", "user_id", "union_id"}


async def test_links_and_disabled_buttons_send_nothing(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    link = {**button("Open"), "behaviors": [{"type": "open_url", "default_url": "https://example.com"}]}
    message = posted(app, room, card(link, button("Off", disabled=True)))

    assert (await app.feishu.click(ann, message, "Open")).ok
    assert (app.feishu.buttons(message), heard.events) == (["Open"], [])


async def test_the_transcript_and_the_page(app: App, heard: Heard, ann: Person, room: Chat) -> None:
    await app.feishu.say(ann, room, "why <b>slow</b>?", Said(mention=True))
    app.post(room.chat_id, card(markdown("The **pool** &#60;b>"), button("Up")))

    assert "Ann: @Nightshift why <b>slow</b>?\nNightshift: The **pool** <b>\n    [Up]" in app.feishu.transcript()
    page = app.feishu.to_html(room)
    assert "The <strong>pool</strong> &lt;b&gt;" in page
    assert "why &lt;b&gt;slow" in page
