"""Every body that Feishu sends becomes the right event, or is left alone for the right reason."""

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.chat.feishu_events import Added, Clicked, Ignored, Me, MenuPressed, Said, Withdrawn, read_event

DATA = Path(__file__).parents[5] / "shared" / "data" / "im-and-alert-payloads" / "feishu_payloads.json"
ME = Me("cli_ours", "ou_bot")
Body = dict[str, Any]


def header(kind: str, **more: str) -> Body:
    own = {
        "event_id": "e1",
        "event_type": kind,
        "create_time": "1608725989000",
        "app_id": "cli_ours",
        "tenant_key": "t",
    }
    return {**own, **more}


def message(event_header: Body | None = None, sender: Body | None = None, **more: Any) -> Body:
    said = {
        "message_id": "om_1",
        "chat_id": "oc_1",
        "chat_type": "group",
        "message_type": "text",
        "create_time": "1609073151345",
        "content": json.dumps({"text": "@_user_1 why?"}),
        "mentions": [{"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "Nightshift"}],
    }
    who = {"sender_id": {"open_id": "ou_ann", "user_id": "u1"}, "sender_type": "user", "tenant_key": "t"}
    body = {"sender": {**who, **(sender or {})}, "message": {**said, **more}}
    return {"schema": "2.0", "header": event_header or header("im.message.receive_v1"), "event": body}


def click(value: object, *, context: Body | None = None, **action: Any) -> Body:
    event = {
        "operator": {"tenant_key": "t", "open_id": "ou_ann", "user_id": "u1"},
        "action": {"value": value, "tag": "button", **action},
        "context": context or {"open_message_id": "om_9", "open_chat_id": "oc_1"},
    }
    return {"schema": "2.0", "header": header("card.action.trigger", create_time="1603977298000000"), "event": event}


def said(body: Body) -> Said:
    found = read_event(body, ME)
    assert isinstance(found, Said), found
    return found


def clicked(body: Body) -> Clicked:
    found = read_event(body, ME)
    assert isinstance(found, Clicked), found
    return found


def test_a_mention_in_a_group() -> None:
    found = said(message()).message

    assert (found.event_id, found.channel, found.conversation) == ("om_1", "feishu", "oc_1")
    assert (found.thread_id, found.author, found.text) == ("feishu:oc_1/om_1", "feishu:ou_ann", "why?")
    assert (found.addressed, found.audience) == (True, "conversation")
    assert found.sent_at == dt.datetime(2020, 12, 27, 12, 45, 51, 345000, dt.UTC)


def test_what_another_bot_says_in_a_group_is_handed_in_as_its_word() -> None:
    card = json.dumps({"title": "[FIRING:1] PoolFull", "elements": [[{"tag": "text", "text": "service = payments"}]]})
    bot = {"sender_type": "app", "sender_id": {"open_id": "ou_pager"}}
    found = said(message(sender=bot, message_type="interactive", content=card)).message

    assert (found.by_bot, found.addressed, found.author) == (True, False, "feishu:bot/ou_pager")
    assert "PoolFull" in found.text
    assert "payments" in found.text


@pytest.mark.parametrize("ids", [{"open_id": "ou_bot"}, {"app_id": "cli_ours"}, {}])
def test_a_bot_that_may_be_us_is_not_listened_to(ids: Body) -> None:
    assert isinstance(read_event(message(sender={"sender_type": "app", "sender_id": ids}), ME), Ignored)


def test_a_direct_chat_is_one_thread_and_needs_no_mention() -> None:
    found = said(message(chat_type="p2p", mentions=[], content='{"text":"hi"}')).message

    assert (found.thread_id, found.addressed, found.audience) == ("feishu:oc_1/", True, "author")


@pytest.mark.parametrize(
    ("more", "thread"),
    [
        pytest.param({"thread_id": "omt_1", "root_id": "om_0"}, "feishu:oc_1/om_0", id="in-a-topic"),
        pytest.param({"parent_id": "om_0", "root_id": "om_0"}, "feishu:oc_1/om_0", id="quoting"),
        pytest.param({"thread_id": "omt_1"}, "feishu:oc_1/om_1", id="begins-a-topic"),
        pytest.param(
            {"chat_type": "p2p", "thread_id": "omt_1", "root_id": "om_0"}, "feishu:oc_1/om_0", id="topic-in-direct-chat"
        ),
        pytest.param({"chat_type": "p2p", "root_id": "om_0"}, "feishu:oc_1/", id="quoting-in-direct-chat"),
        pytest.param({"thread_id": "omt_1", "root_id": "../x"}, "feishu:oc_1/om_1", id="a-root-that-is-no-id"),
    ],
)
def test_where_an_answer_goes(more: Body, thread: str) -> None:
    assert said(message(**more)).message.thread_id == thread


@pytest.mark.parametrize(
    ("mentions", "text", "addressed"),
    [
        pytest.param([], "@someone why?", False, id="nobody-named"),
        pytest.param([("@_user_1", "ou_tom", "Tom")], "@Tom why?", False, id="somebody-else"),
        pytest.param([("@_user_1", "ou_bot", "N")], "why?", True, id="the-bot"),
    ],
)
def test_mentions_become_names_and_the_bots_own_is_left_out(
    mentions: list[tuple[str, str, str]], text: str, *, addressed: bool
) -> None:
    named = [{"key": key, "id": {"open_id": one}, "name": name} for key, one, name in mentions]
    found = said(message(mentions=named)).message

    assert (found.text, found.addressed) == (text, addressed)


def test_everybody_is_not_the_assistant() -> None:
    found = said(message(content='{"text":"@_all hi"}', mentions=[])).message

    assert (found.text, found.addressed) == ("@all hi", False)


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        pytest.param({"tenant_key": "other"}, "feishu:other/ou_ann", id="another-company"),
        pytest.param({"sender_id": {"user_id": "u1"}}, "feishu:user/u1", id="no-open-id"),
        pytest.param({"sender_id": {"user_id": "u1"}, "tenant_key": "x"}, "feishu:x/user/u1", id="neither"),
    ],
)
def test_who_it_was(sender: Body, author: str) -> None:
    assert said(message(sender=sender)).message.author == author


def test_a_card_is_quoted_whole_and_read_as_it_came_when_that_fails() -> None:
    content = json.dumps({"title": "ALERT", "elements": [[{"tag": "text", "text": "disk full"}]]})
    found = said(message(message_type="interactive", content=content, chat_type="p2p", mentions=[]))

    assert (found.message.text, found.asks_for, found.shown) == ("", "om_1", "ALERT\ndisk full")


def test_what_is_quoted_is_asked_for() -> None:
    assert said(message(parent_id="om_0")).asks_for == "om_0"
    assert said(message(parent_id="om_0/../../x")).asks_for == ""
    assert said(message(message_type="merge_forward", content="{}")).merged


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({}, "2.0", id="nothing"),
        pytest.param({"uuid": "x", "event": {"type": "message"}}, "2.0", id="version-1"),
        pytest.param(message(header("im.message.receive_v1", app_id="cli_other")), "another app", id="another-app"),
        pytest.param(message(header("im.chat.disbanded_v1")), "im.chat.disbanded_v1", id="no-use-for-it"),
        pytest.param(message(sender={"sender_type": "app", "sender_id": {}}), "bot", id="said-by-a-bot"),
        pytest.param(message(message_id="om_1/../2"), "damaged", id="an-id-that-is-a-path"),
        pytest.param(message(create_time="yesterday"), "damaged", id="no-time"),
        pytest.param(message(sender={"sender_id": {}}), "damaged", id="nobody"),
        pytest.param(click({"approval_id": "A1"}), "buttons", id="a-button-of-others"),
        pytest.param(click("not json"), "buttons", id="a-value-that-is-text"),
        pytest.param(click({"a": "up", "q": "q1"}, context={"open_chat_id": ""}), "damaged", id="a-click-nowhere"),
    ],
)
def test_what_is_left_alone(body: Body, reason: str) -> None:
    found = read_event(body, ME)

    assert isinstance(found, Ignored)
    assert reason in found.reason


def test_a_click_names_the_chat_by_the_platforms_word() -> None:
    found = clicked(
        click({"a": "down", "q": "q1", "t": "om_0", "l": "zh", "f": "reason"}, form_value={"reason": " no "})
    )

    assert (found.click.thread_id, found.click.conversation) == ("feishu:oc_1/om_0", "oc_1")
    assert (found.click.action, found.click.text, found.language) == ("down", "no", "zh")
    assert found.click.clicked_at == dt.datetime(2020, 10, 29, 13, 14, 58, tzinfo=dt.UTC)


def test_a_click_by_who_has_no_open_id() -> None:
    body = click({"a": "csv", "q": "q1", "x": "d" * 64})
    del body["event"]["operator"]["open_id"]
    found = clicked(body).click

    assert (found.author, found.text) == ("feishu:user/u1", "d" * 64)


def test_a_root_in_a_button_that_is_no_id_is_dropped() -> None:
    assert clicked(click({"a": "up", "q": "q1", "t": "x/../y"})).click.thread_id == "feishu:oc_1/"


def test_what_else_happens() -> None:
    recalled = {"schema": "2.0", "header": header("im.message.recalled_v1"), "event": {"message_id": "om_1"}}
    added = {"schema": "2.0", "header": header("im.chat.member.bot.added_v1"), "event": {"chat_id": "oc_1"}}
    pressed = {"operator": {"operator_id": {"open_id": "ou_ann"}}, "event_key": "recent"}
    menu = {"schema": "2.0", "header": header("application.bot.menu_v6"), "event": pressed}

    assert read_event(recalled, ME) == Withdrawn("om_1")
    assert read_event(added, ME) == Added("e1", "oc_1")
    assert read_event(menu, ME) == MenuPressed("e1", "feishu:ou_ann")


@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not here")
def test_every_documented_body_is_read_or_left_alone_for_its_reason() -> None:
    documented = json.loads(DATA.read_text(encoding="utf-8"))
    text = said_by(documented["im.message.receive_v1.text_group"])
    picture = said(in_an_event(documented["im.message.receive_v1.image_p2p.message"])).message
    post = said(in_an_event(documented["im.message.receive_v1.post.message"])).message
    button = documented["card.action.trigger"]

    assert (text.text, text.addressed) == ("@Tom hello", False)
    assert text.author == "feishu:736588c9260f175e/ou_84aad35d084aa403a838cf73ee18467"
    assert text.thread_id == "feishu:oc_5ce6d572455d361153b7xx51da133945/om_5ce6d572455d361153b7cb5xxfsdfsdfdsf"
    assert (picture.addressed, picture.attachments[0].media_type) == (True, "image/png")
    assert picture.attachments[0].reference.endswith("/image/img_7ea74629-9191-4176-998c-2e603c9c5e8g")
    assert (post.text, post.addressed, len(post.attachments)) == ("告警\n 这个怎么处理", True, 1)
    assert read_event(button, Me("cli_xxxxxxxx", "ou_bot")) == Ignored("not one of our buttons")
    assert read_event(button, ME) == Ignored("of another app")
    assert read_event(documented["url_verification"], ME) == Ignored("not an event of version 2.0")


def said_by(body: Body) -> Any:
    found = read_event(body, Me(body["header"]["app_id"], "ou_bot"))
    assert isinstance(found, Said)
    return found.message


def in_an_event(documented: Body) -> Body:
    body = message()
    body["event"]["message"] = copy.deepcopy(documented)
    return body


def test_what_no_database_takes_is_left_out_of_what_was_said() -> None:
    assert said(message(content=json.dumps({"text": "@_user_1 wh\0y?"}))).message.text == "why?"
