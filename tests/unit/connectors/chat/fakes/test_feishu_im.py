"""Messages: what is sent, replied, edited, replaced and read, and every limit on it."""

import json

import pytest

from connectors.chat.fakes.feishu_terms import DAY, Json, compact
from tests.unit.connectors.chat.fakes.feishu_app import App, button, card, markdown, table


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def room(app: App) -> str:
    ann = app.feishu.person("Ann")
    return app.feishu.chat("Room", members=(ann,)).chat_id


def content_of(app: App, message_id: str, **query: str) -> Json:
    item = app.call("GET", f"/im/v1/messages/{message_id}", query=query)["items"][0]
    return dict(json.loads(item["body"]["content"]))


def test_a_text_is_said_and_read(app: App, room: str) -> None:
    assert content_of(app, app.say(room, "hello")) == {"text": "hello"}


def test_a_person_is_written_to_by_open_id(app: App) -> None:
    ann = app.feishu.person("Ann")
    body = {"receive_id": ann.open_id, "msg_type": "text", "content": '{"text":"hi"}'}
    made = app.call("POST", "/im/v1/messages", body, query={"receive_id_type": "open_id"})

    assert app.feishu.direct(ann).chat_id == made["chat_id"]


def test_mentions_become_placeholders(app: App, room: str) -> None:
    ann = app.feishu.person("Ann")
    made = app.send(room, "text", {"text": f'<at user_id="{ann.open_id}">x</at> look'})

    assert json.loads(made["body"]["content"]) == {"text": "@_user_1 look"}
    assert [(one["key"], one["name"]) for one in made["mentions"]] == [("@_user_1", "Ann")]


def test_the_same_uuid_arrives_once_within_an_hour(app: App, room: str) -> None:
    first, again = app.say(room, "one", uuid="q1"), app.say(room, "two", uuid="q1")
    app.feishu.clock.move(3601)

    assert first == again
    assert app.say(room, "three", uuid="q1") != first


@pytest.mark.parametrize(
    ("msg_type", "content", "code"),
    [
        pytest.param("text", '{"text":""}', 230001, id="empty"),
        pytest.param("text", "hello", 230001, id="no-json"),
        pytest.param("text", compact({"text": "x" * 153_600}), 230025, id="long-text"),
        pytest.param(
            "post", compact({"en_us": {"content": [[{"tag": "text", "text": "x" * 30_720}]]}}), 230025, id="long-post"
        ),
        pytest.param("post", '{"en_us":{"content":[[{"tag":"blink","text":"x"}]]}}', 230001, id="unknown-piece"),
        pytest.param(
            "post", '{"en_us":{"content":[[{"tag":"a","text":"x","href":"javascript:x"}]]}}', 230001, id="href"
        ),
        pytest.param("image", '{"image_key":"img_v3_nobody"}', 230001, id="unknown-picture"),
        pytest.param("hologram", '{"a":1}', 230001, id="unknown-type"),
        pytest.param("interactive", compact(card(*[table("a")] * 4)), 230099, id="tables"),
        pytest.param("interactive", compact(card(*[markdown("x")] * 201)), 230099, id="elements"),
        pytest.param("interactive", compact(card(markdown("x" * 30_720))), 230025, id="bytes"),
        pytest.param("interactive", compact(card(markdown("![x](img_v3_nobody)"))), 230099, id="picture"),
        pytest.param("interactive", compact(card(markdown("<at id=ou_nobody></at>"))), 230099, id="person"),
    ],
)
def test_what_cannot_be_sent(app: App, room: str, msg_type: str, content: str, code: int) -> None:
    body = {"receive_id": room, "msg_type": msg_type, "content": content}
    refused = app.refusal("POST", "/im/v1/messages", body, query={"receive_id_type": "chat_id"})

    assert (refused.code, refused.status) == (code, 400)
    assert app.feishu.posted == []


def test_the_code_inside_a_refused_card_is_told(app: App, room: str) -> None:
    body = {"receive_id": room, "msg_type": "interactive", "content": compact(card(*[table("a")] * 4))}
    refused = app.refusal("POST", "/im/v1/messages", body, query={"receive_id_type": "chat_id"})

    assert "ErrCode: 11310; ErrMsg: card table number over limit" in refused.msg


def test_five_messages_a_second_in_a_chat(app: App, room: str) -> None:
    for _ in range(5):
        app.say(room)
    body = {"receive_id": room, "msg_type": "text", "content": '{"text":"x"}'}

    assert app.refusal("POST", "/im/v1/messages", body, query={"receive_id_type": "chat_id"}).code == 230020
    app.feishu.clock.move(1.01)
    assert app.say(room)


@pytest.mark.parametrize(
    ("act", "code"),
    [("leaves", 230002), ("dissolves", 232009), ("resigns", 230029), ("hides", 230013), ("stranger", 230038)],
)
def test_where_the_app_may_not_speak(app: App, act: str, code: int) -> None:
    ann = app.feishu.person("Ann", tenant="elsewhere" if act == "stranger" else "")
    group, direct = app.feishu.chat("Group"), app.feishu.direct(ann)
    group.dissolved = act == "dissolves"
    group.bots = set() if act == "leaves" else group.bots
    ann.resigned, ann.available = act == "resigns", act != "hides"
    chat = group if act in ("leaves", "dissolves") else direct
    body = {"receive_id": chat.chat_id, "msg_type": "text", "content": '{"text":"x"}'}

    assert app.refusal("POST", "/im/v1/messages", body, query={"receive_id_type": "chat_id"}).code == code


def test_an_answer_in_a_thread(app: App, room: str) -> None:
    root = app.say(room)
    body = {"msg_type": "text", "content": '{"text":"in"}', "reply_in_thread": True}
    made = app.call("POST", f"/im/v1/messages/{root}/reply", body)
    second = app.call("POST", f"/im/v1/messages/{made['message_id']}/reply", {**body, "reply_in_thread": False})

    assert (made["root_id"], made["parent_id"]) == (root, root)
    assert (second["parent_id"], second["thread_id"]) == (root, made["thread_id"])


def test_an_answer_outside_a_thread_points_to_what_it_answers(app: App, room: str) -> None:
    root = app.say(room)
    body = {"msg_type": "text", "content": '{"text":"a"}'}
    first = app.call("POST", f"/im/v1/messages/{root}/reply", body)
    second = app.call("POST", f"/im/v1/messages/{first['message_id']}/reply", body)

    assert (second["root_id"], second["parent_id"]) == (root, first["message_id"])
    assert "thread_id" not in second


def test_nothing_answers_a_recalled_message(app: App, room: str) -> None:
    message = app.say(room)
    app.call("DELETE", f"/im/v1/messages/{message}")

    body = {"msg_type": "text", "content": '{"text":"x"}'}
    assert app.refusal("POST", f"/im/v1/messages/{message}/reply", body).code == 230011
    assert app.call("GET", f"/im/v1/messages/{message}")["items"][0]["deleted"]


def test_twenty_edits_and_no_more(app: App, room: str) -> None:
    message = app.say(room)
    body = {"msg_type": "text", "content": '{"text":"again"}'}
    for _ in range(20):
        app.call("PUT", f"/im/v1/messages/{message}", body)

    assert app.refusal("PUT", f"/im/v1/messages/{message}", body).code == 230072


def test_a_card_is_replaced_five_times_a_second(app: App, room: str) -> None:
    message = app.post(room, card())
    body = {"content": compact(card(markdown("new")))}
    for _ in range(5):
        app.call("PATCH", f"/im/v1/messages/{message}", body)

    assert app.refusal("PATCH", f"/im/v1/messages/{message}", body).code == 230020
    assert app.feishu.platform.messages[message].card() == card(markdown("new"))


def test_a_card_is_replaced_for_fourteen_days(app: App, room: str) -> None:
    message = app.post(room, card())
    app.feishu.clock.move(14 * DAY + 1)
    app.renew()

    assert app.refusal("PATCH", f"/im/v1/messages/{message}", {"content": compact(card())}).code == 230031


@pytest.mark.parametrize("which", ["before", "after"])
def test_only_shared_cards_are_replaced(app: App, room: str, which: str) -> None:
    shared, unsaid = card(), card()
    del unsaid["config"]["update_multi"]
    message = app.post(room, unsaid if which == "before" else shared)
    body = {"content": compact(unsaid if which == "after" else shared)}

    refused = app.refusal("PATCH", f"/im/v1/messages/{message}", body)
    assert (refused.code, "300302" in refused.msg) == (230099, True)


def test_a_card_under_a_click_is_locked(app: App, room: str) -> None:
    message = app.post(room, card(button("a")))
    app.feishu.platform.messages[message].locked = True

    assert "lock" in app.refusal("PATCH", f"/im/v1/messages/{message}", {"content": compact(card())}).msg


def test_a_card_reads_as_a_sketch_unless_it_is_asked_for(app: App, room: str) -> None:
    message = app.post(room, {**card(), "header": {"title": {"tag": "plain_text", "content": "Title"}}})

    assert content_of(app, message)["title"] == "Title"
    assert "请升级" in str(content_of(app, message))
    assert "Hello" in content_of(app, message, card_msg_content_type="user_card_content")["user_dsl"]
    assert "Hello" in content_of(app, message, card_msg_content_type="raw_card_content")["json_card"]


def test_a_read_may_ask_for_names(app: App, room: str) -> None:
    message = app.say(room)
    (named,) = app.call("GET", f"/im/v1/messages/{message}", query={"with_sender_name": "true"})["items"]

    assert named["sender"]["sender_name"] == "Nightshift"


def test_history_leaves_threads_to_themselves_and_has_pages(app: App, room: str) -> None:
    root = app.say(room, "root")
    inside = {"msg_type": "text", "content": '{"text":"in"}', "reply_in_thread": True}
    thread = app.call("POST", f"/im/v1/messages/{root}/reply", inside)["thread_id"]
    app.say(room, "second")

    def read(**query: str) -> Json:
        return dict(app.call("GET", "/im/v1/messages", query=query))

    first = read(container_id_type="chat", container_id=room, page_size="1")
    rest = read(container_id_type="chat", container_id=room, page_size="1", page_token=first["page_token"])
    assert [len(first["items"]), len(rest["items"]), rest["has_more"]] == [1, 1, False]
    assert len(read(container_id_type="thread", container_id=thread)["items"]) == 2


def test_history_of_a_group_needs_its_own_permission(app: App, room: str) -> None:
    app.feishu.console.scopes.discard("im:message.group_msg")

    query = {"container_id_type": "chat", "container_id": room}
    assert app.refusal("GET", "/im/v1/messages", query=query).code == 230027


def test_rich_text_reads_without_markdown(app: App, room: str) -> None:
    key = app.picture()
    lines = [[{"tag": "md", "text": "**b**"}], [{"tag": "img", "image_key": key}]]
    made = app.send(room, "post", {"zh_cn": {"title": "T", "content": lines}})

    pieces = json.loads(made["body"]["content"])["content"]
    assert [piece["tag"] for line in pieces for piece in line] == ["text", "img"]
