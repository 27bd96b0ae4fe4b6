"""CardKit: cards of their own, streaming, and operations in order."""

import pytest

from connectors.chat.fakes.feishu_terms import DAY, Json, Limits, compact
from tests.unit.connectors.chat.fakes.feishu_app import App, button, card, markdown, table

STREAMING = card(markdown("…", element_id="answer"), streaming_mode=True)


@pytest.fixture
def app() -> App:
    return App(Limits(cardkit_per_second=1000))


@pytest.fixture
def entity(app: App) -> str:
    return app.entity(STREAMING)


def sent(app: App, entity: str) -> str:
    room = app.feishu.chat("Room").chat_id
    return str(app.send(room, "interactive", {"type": "card", "data": {"card_id": entity}})["message_id"])


def stream(text: str, sequence: int, **more: str) -> Json:
    return {"content": text, "sequence": sequence, **more}


def settings(sequence: int, **config: object) -> Json:
    return {"settings": compact({"config": config}), "sequence": sequence}


def whole(body: Json, sequence: int) -> Json:
    return {"card": {"type": "card_json", "data": compact(body)}, "sequence": sequence}


def test_people_see_what_is_streamed(app: App, entity: str) -> None:
    message = app.feishu.platform.messages[sent(app, entity)]
    app.call("PUT", f"/cardkit/v1/cards/{entity}/elements/answer/content", stream("So far", 1))

    assert message.card()["body"]["elements"][0]["content"] == "So far"
    assert message.streaming
    app.call("PATCH", f"/cardkit/v1/cards/{entity}/settings", settings(2, streaming_mode=False))
    assert not message.streaming


def test_a_number_may_not_come_again(app: App, entity: str) -> None:
    path = f"/cardkit/v1/cards/{entity}/elements/answer/content"
    app.call("PUT", path, stream("a", 5))

    assert app.refusal("PUT", path, stream("b", 5)).code == 300317
    assert app.refusal("PUT", path, stream("b", 4)).code == 300317
    assert app.refusal("PATCH", f"/cardkit/v1/cards/{entity}/settings", settings(5)).code == 300317


def test_an_operation_with_the_same_uuid_is_done_once(app: App, entity: str) -> None:
    path = f"/cardkit/v1/cards/{entity}/elements/answer/content"
    app.call("PUT", path, stream("a", 1, uuid="u"))

    assert app.refusal("PUT", path, stream("a", 2, uuid="u")).code == 200770


def test_streaming_ends_by_itself_after_ten_minutes(app: App, entity: str) -> None:
    app.feishu.clock.move(601)
    path = f"/cardkit/v1/cards/{entity}/elements/answer/content"

    assert app.refusal("PUT", path, stream("late", 1)).code == 200850
    app.call("PATCH", f"/cardkit/v1/cards/{entity}/settings", settings(2, streaming_mode=False))
    assert app.refusal("PUT", path, stream("late", 3)).code == 300309


@pytest.mark.parametrize(("element", "code"), [("nobody", 300313), ("go", 300310)], ids=["no-such-element", "no-text"])
def test_only_text_streams(app: App, element: str, code: int) -> None:
    made = app.entity(card(button("Go", element_id="go"), streaming_mode=True))

    assert app.refusal("PUT", f"/cardkit/v1/cards/{made}/elements/{element}/content", stream("x", 1)).code == code


def test_a_card_is_sent_once(app: App, entity: str) -> None:
    sent(app, entity)
    body = {"receive_id": app.feishu.chat("B").chat_id, "msg_type": "interactive"}
    content = compact({"type": "card", "data": {"card_id": entity}})
    refused = app.refusal("POST", "/im/v1/messages", {**body, "content": content}, query={"receive_id_type": "chat_id"})

    assert (refused.code, "cardid is invalid" in refused.msg) == (230099, True)


def test_buttons_wait_for_the_end_of_streaming(app: App, entity: str) -> None:
    add = {"type": "append", "elements": compact([button("Up")]), "sequence": 1}
    assert app.refusal("POST", f"/cardkit/v1/cards/{entity}/elements", add).code == 99992402
    still = whole(card(button("Up"), streaming_mode=True), 1)
    assert app.refusal("PUT", f"/cardkit/v1/cards/{entity}", still).code == 99992402

    app.call("PUT", f"/cardkit/v1/cards/{entity}", whole(card(button("Up")), 1))
    assert app.feishu.platform.entities[entity].streaming_since is None


def test_as_documented_buttons_may_come_while_streaming() -> None:
    app = App(Limits(buttons_while_streaming=True))
    entity = app.entity(STREAMING)
    add = {"type": "insert_after", "target_element_id": "answer", "elements": compact([button("Up")]), "sequence": 1}

    app.call("POST", f"/cardkit/v1/cards/{entity}/elements", add)
    assert [one["tag"] for one in app.feishu.platform.entities[entity].card["body"]["elements"]] == [
        "markdown",
        "button",
    ]


def test_ten_operations_a_second() -> None:
    app = App()
    entity = app.entity(STREAMING)
    path = f"/cardkit/v1/cards/{entity}/elements/answer/content"
    for number in range(1, 11):
        app.call("PUT", path, stream("x", number))

    assert app.refusal("PUT", path, stream("x", 11)).code == 230020


def test_elements_are_changed_and_taken_away(app: App) -> None:
    entity = app.entity(card(markdown("a", element_id="a"), markdown("b", element_id="b")))
    path = f"/cardkit/v1/cards/{entity}/elements"
    app.call("PATCH", f"{path}/a", {"partial_element": compact({"content": "new"}), "sequence": 1})
    app.call("PUT", f"{path}/b", {"element": compact({"tag": "hr", "element_id": "b"}), "sequence": 2})
    assert app.refusal("PATCH", f"{path}/a", {"partial_element": '{"tag":"hr"}', "sequence": 3}).code == 300312
    app.call("DELETE", f"{path}/b", {"sequence": 4})

    assert app.feishu.platform.entities[entity].card["body"]["elements"] == [markdown("new", element_id="a")]


def test_many_actions_are_one_operation(app: App, entity: str) -> None:
    acts = [
        {"action": "partial_update_setting", "params": {"settings": {"config": {"streaming_mode": False}}}},
        {"action": "add_elements", "params": {"type": "append", "elements": [button("Up")]}},
        {"action": "delete_elements", "params": {"element_ids": ["answer"]}},
    ]
    app.call("POST", f"/cardkit/v1/cards/{entity}/batch_update", {"actions": compact(acts), "sequence": 1})

    assert [one["tag"] for one in app.feishu.platform.entities[entity].card["body"]["elements"]] == ["button"]


def test_a_failed_operation_changes_nothing(app: App, entity: str) -> None:
    before = app.feishu.platform.entities[entity].card
    refused = app.refusal("PUT", f"/cardkit/v1/cards/{entity}", whole(card(*[table("a")] * 4), 1))

    assert (refused.code, "11310" in refused.msg) == (230099, True)
    assert app.feishu.platform.entities[entity].card == before
    app.call("PUT", f"/cardkit/v1/cards/{entity}", whole(card(), 1))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (card(*[markdown("x")] * 201), 300305),
        (card(markdown("x" * 30_720)), 200860),
        (card(update_multi=False), 300302),
        ({"elements": []}, 300303),
        (card({"tag": "note"}), 200220),
    ],
    ids=["elements", "bytes", "not-shared", "json-1.0", "old-tag"],
)
def test_what_is_no_card_for_cardkit(app: App, body: Json, code: int) -> None:
    assert app.refusal("POST", "/cardkit/v1/cards", {"type": "card_json", "data": compact(body)}).code == code


def test_a_card_lives_for_fourteen_days(app: App, entity: str) -> None:
    app.feishu.clock.move(14 * DAY + 1)
    app.renew()

    assert app.refusal("PATCH", f"/cardkit/v1/cards/{entity}/settings", settings(1)).code == 200750
    assert app.refusal("PATCH", "/cardkit/v1/cards/1/settings", settings(1)).code == 200740


def test_a_card_that_was_sent_as_a_message_gets_an_id(app: App) -> None:
    message = app.post(app.feishu.chat("Room").chat_id, card(markdown("a", element_id="a")))
    found = app.call("POST", "/cardkit/v1/cards/id_convert", {"message_id": message})["card_id"]
    app.call("PATCH", f"/cardkit/v1/cards/{found}/elements/a", {"partial_element": '{"content":"b"}', "sequence": 1})

    assert app.feishu.platform.messages[message].card()["body"]["elements"][0]["content"] == "b"


def test_a_card_under_a_click_is_left_alone(app: App, entity: str) -> None:
    app.feishu.platform.messages[sent(app, entity)].locked = True

    assert app.refusal("PATCH", f"/cardkit/v1/cards/{entity}/settings", settings(1)).code == 200810
