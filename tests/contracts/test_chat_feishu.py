"""Feishu from both ends: what people do there reaches the inbox once, and what is answered reaches them."""

import datetime as dt
import html
from collections.abc import AsyncIterator

import pytest

from connectors.chat.card_port import Card
from connectors.chat.fakes.feishu_messages import Message, readable
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.port import CannotFetch, ChatUnavailable, Recent, Reply
from tests.contracts.feishu_office import MENTION, Office, office, recipient

ALERT = {
    "header": {"title": {"tag": "plain_text", "content": "CPU high"}},
    "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": "**host** db-1"}}],
}


@pytest.fixture
async def desk() -> AsyncIterator[Office]:
    async with office() as opened:
        yield opened


async def test_a_mention_is_acknowledged_when_it_is_kept(desk: Office) -> None:
    await desk.asked("why?")

    (kept,) = desk.desk.messages
    assert (kept.text, kept.addressed, kept.author) == ("why?", True, f"feishu:{desk.ann.open_id}")


async def test_what_could_not_be_kept_is_sent_again(desk: Office) -> None:
    desk.desk.closed = True
    await desk.feishu.say(desk.ann, desk.room, "why?", MENTION)
    await desk.feishu.until(lambda: desk.feishu.deliveries.log[-1].code == 500)
    desk.desk.closed = False
    await desk.feishu.advance(15)
    await desk.feishu.settled()

    assert [one.text for one in desk.desk.messages] == ["why?"]


async def test_a_redelivery_names_the_same_message(desk: Office) -> None:
    message = await desk.feishu.say(desk.ann, desk.room, "why?", MENTION)
    await desk.feishu.redeliver(message)
    await desk.feishu.redeliver(message, new_event_id=True)
    await desk.feishu.settled()

    assert [one.event_id for one in desk.desk.messages] == [message.message_id] * 3


async def test_messages_out_of_order_tell_when_they_were_said(desk: Office) -> None:
    desk.feishu.hold()
    for text in ("one", "two"):
        await desk.feishu.say(desk.ann, desk.room, text, MENTION)
        desk.feishu.clock.move(1)
    await desk.feishu.release(backwards=True)
    await desk.feishu.settled()

    assert [one.text for one in sorted(desk.desk.messages, key=lambda one: one.sent_at)] == ["one", "two"]


async def test_a_lost_connection_is_taken_up_again(desk: Office) -> None:
    await desk.feishu.connected()
    await desk.feishu.cut()
    await desk.feishu.connected()
    await desk.asked("still there?")

    assert desk.desk.messages[-1].text == "still there?"


async def test_a_connection_that_is_refused_for_a_while_comes_back(desk: Office) -> None:
    await desk.feishu.connected()
    await desk.feishu.cut(refuse=True)
    await desk.feishu.until(lambda: len(desk.waited) >= 8)
    desk.feishu.sockets.refusing = False
    await desk.feishu.connected()

    assert len(desk.feishu.sockets.open) == 1
    assert 15 <= desk.waited[7] <= 30


async def test_a_long_message_comes_in_several_frames(desk: Office) -> None:
    await desk.asked("字" * 50_000)

    assert desk.desk.messages[-1].text == "字" * 50_000


async def test_a_follow_up_in_the_thread_is_of_that_thread(desk: Office) -> None:
    to = await desk.asked("why?")
    begun = await desk.chat.begin(to, "q1", "…")
    first = desk.feishu.platform.messages[desk.desk.messages[0].event_id]
    await desk.feishu.say(desk.ann, desk.room, "and now?", Said(thread=first))
    await desk.feishu.settled()

    assert begun.startswith(desk.answers()[0].message_id)
    assert (desk.desk.messages[1].thread_id, desk.desk.messages[1].addressed) == (to.thread_id, False)


async def test_a_direct_message_is_for_its_author(desk: Office) -> None:
    await desk.feishu.say(desk.ann, desk.feishu.direct(desk.ann), "hi")
    await desk.feishu.settled()

    (kept,) = desk.desk.messages
    assert (kept.addressed, kept.audience, kept.thread_id) == (True, "author", f"feishu:{kept.conversation}/")


async def test_a_topic_group_has_a_thread_for_each_topic(desk: Office) -> None:
    topics = desk.feishu.chat("Topics", members=(desk.ann,), topic=True)
    first = await desk.feishu.say(desk.ann, topics, "slow", MENTION)
    await desk.feishu.say(desk.ann, topics, "still slow", Said(mention=True, thread=first))
    await desk.feishu.settled()

    assert {one.thread_id for one in desk.desk.messages} == {f"feishu:{topics.chat_id}/{first.message_id}"}


async def test_somebody_of_another_company_never_matches_one_of_ours(desk: Office) -> None:
    eve = desk.feishu.person("Eve", tenant="other")
    shared = desk.feishu.chat("Shared", members=(eve,))
    await desk.feishu.say(eve, shared, "hi", MENTION)
    await desk.feishu.settled()

    assert desk.desk.messages[0].author == f"feishu:other/{eve.open_id}"


async def test_a_quoted_alert_of_another_bot_is_read_whole(desk: Office) -> None:
    alert = desk.feishu.bot_says(desk.feishu.bot("Alerts"), desk.room, ALERT)
    await desk.asked("what is this?", Said(mention=True, quote=alert))

    (quoted,) = desk.desk.messages[0].quoted
    assert quoted.text == "CPU high\n**host** db-1"
    assert desk.desk.messages[0].thread_id.endswith(alert.message_id)


async def test_a_forwarded_card_is_what_the_message_says(desk: Office) -> None:
    alert = desk.feishu.bot_says(desk.feishu.bot("Alerts"), desk.room, ALERT)
    await desk.feishu.forward(desk.ann, desk.feishu.direct(desk.ann), alert)
    await desk.feishu.settled()

    (kept,) = desk.desk.messages
    assert (kept.text, [one.text for one in kept.quoted]) == ("", ["CPU high\n**host** db-1"])


async def test_messages_forwarded_as_one_are_read_one_by_one(desk: Office) -> None:
    said = [await desk.feishu.say(desk.ann, desk.room, text) for text in ("it is slow", "since noon")]
    await desk.feishu.forward_merged(desk.ann, desk.feishu.direct(desk.ann), said)
    await desk.feishu.settled()

    assert [one.text for one in desk.desk.messages[-1].quoted] == ["it is slow", "since noon"]


async def test_a_quote_that_cannot_be_read_is_said_to_be(desk: Office) -> None:
    alert = desk.feishu.bot_says(desk.feishu.bot("Alerts"), desk.room, ALERT)
    desk.feishu.fail(1, 230002, path=alert.message_id)
    await desk.asked("what is this?", Said(mention=True, quote=alert))

    assert "230002" in desk.desk.messages[0].quoted[0].text


async def test_our_own_answer_is_not_quoted(desk: Office) -> None:
    direct = desk.feishu.direct(desk.ann)
    await desk.feishu.say(desk.ann, direct, "why?")
    await desk.feishu.settled()
    await desk.chat.begin(recipient(desk.desk.messages[0]), "q1", "…")
    await desk.feishu.say(desk.ann, direct, "and?", Said(quote=desk.answers()[0]))
    await desk.feishu.settled()

    assert (desk.desk.messages[1].text, desk.desk.messages[1].quoted) == ("and?", ())


async def test_pictures_and_files_are_fetched_with_the_bots_token(desk: Office) -> None:
    await desk.feishu.say_picture(desk.ann, desk.feishu.direct(desk.ann), b"\x89PNG\r\n\x1a\npixels")
    await desk.feishu.say_file(desk.ann, desk.feishu.direct(desk.ann), "app.log", b"ERROR")
    await desk.feishu.settled()
    picture, log = (one.attachments[0] for one in desk.desk.messages)

    assert (await desk.chat.fetch(picture.reference, 99), await desk.chat.fetch(log.reference, 99)) == (
        b"\x89PNG\r\n\x1a\npixels",
        b"ERROR",
    )
    desk.feishu.expire_tokens()
    assert await desk.chat.fetch(log.reference, 99) == b"ERROR"
    with pytest.raises(CannotFetch, match="larger than 3"):
        await desk.chat.fetch(log.reference, 3)


@pytest.mark.parametrize("reference", ["", "om_1", "om_1/image/../../auth", "https://evil.example/x", "om_1/video/k"])
async def test_only_files_of_messages_are_fetched(desk: Office, reference: str) -> None:
    with pytest.raises(CannotFetch):
        await desk.chat.fetch(reference, 99)


async def test_a_recalled_message_is_withdrawn(desk: Office) -> None:
    message = await desk.feishu.say(desk.ann, desk.room, "never mind", MENTION)
    await desk.feishu.recall(desk.ann, message)
    await desk.feishu.settled()

    assert desk.desk.withdrawn == [message.message_id]


async def test_what_the_app_has_no_use_for_is_acknowledged(desk: Office) -> None:
    message = await desk.feishu.say(desk.ann, desk.room, "ok", MENTION)
    delivery = await desk.feishu.react(desk.ann, message, "THUMBSUP")
    await desk.feishu.settled()

    assert delivery is not None
    assert (delivery.code, delivery.attempt) == (200, 1)


async def test_a_new_group_is_greeted_once(desk: Office) -> None:
    added = await desk.feishu.add_bot(desk.ann, desk.room)
    await desk.feishu.until(desk.answers)
    assert added is not None
    await desk.feishu.deliveries.attempt(added)
    await desk.feishu.settled()

    (hello,) = desk.answers()
    assert "Nightshift" in readable(hello)


async def test_the_menu_lists_what_one_asked_last(desk: Office) -> None:
    at = dt.datetime.fromtimestamp(desk.feishu.clock.now(), dt.UTC)
    question = {"question_id": "q", "thread_id": "t", "channel": "feishu", "text": "why **so** slow?"}
    desk.desk.asked = (Recent.model_validate({**question, "asked_at": at, "answered": False}),)
    await desk.feishu.menu(desk.ann, "recent")
    await desk.feishu.until(desk.answers)

    (listed,) = desk.answers()
    assert listed.chat_id == desk.feishu.direct(desk.ann).chat_id
    assert "why **so** slow? (处理中)" in html.unescape(readable(listed))


async def test_a_click_is_answered_with_what_was_committed(desk: Office) -> None:
    desk.desk.reply = Reply(text="Not for you.", refused=True)
    message = await answered(desk)
    told = await desk.feishu.submit(desk.ann, message, {"reason": "wrong host"}, button="👎")

    assert (told.ok, told.toast) == (True, {"type": "warning", "content": "Not for you."})
    (click,) = desk.desk.clicks
    assert (click.action, click.text, click.question_id) == ("down", "wrong host", "q1")
    assert click.thread_id == desk.desk.messages[0].thread_id


async def test_a_click_that_could_not_be_kept_says_so(desk: Office) -> None:
    message = await answered(desk)
    desk.desk.closed = True
    told = await desk.feishu.click(desk.ann, message, "👍")

    assert told.toast == {
        "type": "error",
        "content": "This could not be kept just now. Please press again in a moment.",
    }


async def answered(desk: Office) -> Message:
    to = await desk.asked()
    card = Card(question_id="q1", kind="answer", language="en", text="The pool is full.")
    await desk.chat.post(to, card, {}, await desk.chat.begin(to, "q1", "…"))
    return desk.answers()[0]


async def test_wrong_credentials_say_where_to_mend_them() -> None:
    with pytest.raises(ChatUnavailable, match="Credentials & Basic Info"):
        async with office(settings={"app_secret": "wrong"}):
            pass
