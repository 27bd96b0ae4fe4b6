"""Answers in Feishu: they grow, arrive once, survive a restart, and find another way when one is closed."""

import json
from typing import Any

import pytest

from connectors.chat import feishu as adapter
from connectors.chat.card_port import Card, Chart
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.feishu_messages import readable
from connectors.chat.fakes.feishu_terms import Console, Limits
from connectors.chat.feishu_api import Network
from connectors.chat.port import ChatUnavailable, Progress, Undeliverable
from tests.contracts.feishu_office import MENTION, Office, office, recipient

CARD = Card(question_id="q1", kind="answer", language="en", text="The **pool** is full [1].", rewritten_query="pool")
DRAFT = Progress(doing="Writing", draft="The **pool**")


def kinds(desk: Office) -> list[str]:
    return [one.kind for one in desk.feishu.posted]


async def another_process(desk: Office, question: str, begun: str) -> Any:
    """Deliver as a process would that knows nothing but what was stored."""
    settings = {"app_id": desk.feishu.console.app_id, "app_secret": desk.feishu.console.app_secret}
    table = adapter.Settings.model_validate({**settings, "domain": desk.feishu.url})
    to = recipient(desk.desk.messages[0])
    async with adapter.connect(table, Network(clock=desk.feishu.clock.now)) as chat:
        return await chat.post(to, CARD.model_copy(update={"question_id": question}), {}, begun)


async def test_an_answer_grows_in_one_message_and_gets_buttons_when_it_is_whole() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "Reading")
        await desk.chat.update(to, begun, DRAFT)
        grown = json.dumps(desk.answers()[0].card())
        receipt = await desk.chat.post(to, CARD, {}, begun)

        (message,) = desk.answers()
        assert '"The **pool**"' in grown
        assert (receipt.rung, receipt.message_id) == ("card", message.message_id)
        assert (message.streaming, desk.feishu.buttons(message)) == (False, ["Run again", "👍", "👎"])
        assert kinds(desk) == ["reply", "element", "element", "settings", "card_update"]
        assert (desk.feishu.refused, check_card(message.card())) == ([], [])


async def test_an_answer_is_in_the_thread_of_its_question() -> None:
    async with office() as desk:
        to = await desk.asked()
        await desk.chat.begin(to, "q1", "…")

        assert desk.answers()[0].root_id == desk.desk.messages[0].event_id
        assert desk.answers()[0].thread_id


async def test_updates_that_come_too_fast_are_left_out() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        for number in range(50):
            await desk.chat.update(to, begun, Progress(doing="Writing", draft="x" * number))

        assert kinds(desk).count("element") <= 2
        desk.feishu.clock.move(desk.chat.seconds_between_updates)
        await desk.chat.update(to, begun, Progress(doing="Writing", draft="whole"))
        assert "whole" in readable(desk.answers()[0])


async def test_an_update_that_is_refused_does_not_matter() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        desk.feishu.rate_limit(1, path="content")
        await desk.chat.update(to, begun, DRAFT)
        desk.feishu.drop(9, path="content")
        await desk.chat.update(to, "om_never|7|1", DRAFT)

        assert (await desk.chat.post(to, CARD, {}, begun)).rung == "card"


async def test_streaming_that_the_platform_has_ended_goes_on() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        for minutes in (11, 1):
            desk.feishu.clock.move(60 * minutes)
            await desk.chat.update(to, begun, DRAFT)

        assert "The **pool**" in readable(desk.answers()[0])


async def test_a_draft_of_any_size_shows_what_fits() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        await desk.chat.update(to, begun, Progress(doing="字" * 5000, draft="字" * 90_000))

        assert desk.feishu.refused == []
        assert check_card(desk.answers()[0].card()) == []


async def test_beginning_and_posting_again_bring_nothing_twice() -> None:
    async with office() as desk:
        to = await desk.asked()
        first, second = [await desk.chat.begin(to, "q1", "…") for _ in range(2)]
        for begun in (first, second):
            await desk.chat.post(to, CARD, {}, begun)
        for _ in range(2):
            await desk.chat.post(to, CARD.model_copy(update={"question_id": "q2"}), {})

        assert len(desk.answers()) == 2
        assert all("pool" in readable(one) for one in desk.answers())


async def test_another_process_finishes_what_one_began() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        await desk.chat.update(to, begun, DRAFT)
        desk.feishu.clock.move(0.01)
        receipt = await another_process(desk, "q1", begun)

        (message,) = desk.answers()
        assert receipt.message_id == message.message_id
        assert "pool" in readable(message)


async def test_a_clock_that_went_back_does_not_stop_the_answer() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        desk.feishu.clock.move(600)
        await desk.chat.update(to, begun, DRAFT)
        desk.feishu.clock.move(-590)

        assert (await another_process(desk, "q1", begun)).rung == "card"


async def test_without_the_scope_for_cardkit_the_card_is_replaced() -> None:
    console = Console()
    console.scopes.discard("cardkit:card:write")
    async with office(console) as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        await desk.chat.update(to, begun, DRAFT)
        receipt = await desk.chat.post(to, CARD, {}, begun)

        assert (desk.chat.seconds_between_updates, receipt.rung) == (1.5, "card")
        assert kinds(desk) == ["reply", "patch", "patch"]
        assert desk.feishu.buttons(desk.answers()[0]) == ["Run again", "👍", "👎"]


@pytest.mark.parametrize("code", [99991400, 230020])
async def test_a_rate_limit_is_waited_for(code: int) -> None:
    async with office() as desk:
        to = await desk.asked()
        desk.feishu.rate_limit(2, code=code, reset=7)
        before = desk.feishu.clock.now()

        assert (await desk.chat.post(to, CARD, {})).rung == "card"
        assert desk.feishu.clock.now() - before >= (14 if code == 99991400 else 1)


async def test_a_rate_limit_without_end_is_no_refusal_of_the_answer() -> None:
    async with office() as desk:
        to = await desk.asked()
        desk.feishu.rate_limit(99, reset=30)
        with pytest.raises(ChatUnavailable, match="takes no more calls"):
            await desk.chat.post(to, CARD, {})


async def test_a_token_that_has_run_out_is_renewed() -> None:
    async with office() as desk:
        to = await desk.asked()
        desk.feishu.expire_tokens()

        assert (await desk.chat.post(to, CARD, {})).rung == "card"


async def test_a_lost_call_is_made_again_and_arrives_once() -> None:
    async with office() as desk:
        to = await desk.asked()
        desk.feishu.drop(1, path="reply")
        await desk.chat.post(to, CARD, {})

        assert len(desk.answers()) == 1


@pytest.mark.parametrize("path", ["settings", "cards/"])
async def test_a_begun_message_that_is_gone_is_posted_anew(path: str) -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "…")
        desk.feishu.fail(1, 200750, path=path)
        await desk.chat.post(to, CARD, {}, begun)

        assert "pool" in readable(desk.answers()[-1])


async def test_a_question_that_was_recalled_is_answered_in_its_thread_or_chat() -> None:
    async with office() as desk:
        to = await desk.asked()
        await desk.feishu.recall(desk.ann, desk.feishu.platform.messages[desk.desk.messages[0].event_id])

        assert (await desk.chat.post(to, CARD, {})).rung == "card"
        assert desk.answers()[0].chat_id == desk.room.chat_id


async def test_a_group_that_the_bot_has_left_is_an_error_that_says_what_to_do() -> None:
    async with office() as desk:
        to = await desk.asked()
        await desk.feishu.remove_bot(desk.ann, desk.room)
        with pytest.raises(Undeliverable, match="add it under group settings"):
            await desk.chat.post(to, CARD, {})


async def test_a_private_answer_goes_to_its_reader_alone_and_can_be_made_public() -> None:
    async with office() as desk:
        await desk.asked()
        to = recipient(desk.desk.messages[0], ephemeral=True)
        await desk.chat.post(to, CARD, {}, await desk.chat.begin(to, "q1", "…"))

        (message,) = desk.answers()
        assert message.chat_id == desk.feishu.direct(desk.ann).chat_id
        assert "Show it to everybody in the thread" in desk.feishu.buttons(message)

        await desk.chat.post(to.model_copy(update={"ephemeral": False}), CARD, {})
        assert desk.answers()[1].chat_id == desk.room.chat_id


async def test_charts_are_uploaded_and_their_words_stand_in_for_refused_ones() -> None:
    charts = (Chart(title="Load", file="good", says="It rises."), Chart(title="Rate", file="bad", says="It falls."))
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    async with office() as desk:
        to = await desk.asked()
        card = CARD.model_copy(update={"charts": charts})
        await desk.chat.post(to, card, {"good": png, "bad": b""})

        shown = json.dumps(desk.answers()[0].card())
        assert shown.count('"img_key"') == 1
        assert "It falls." in shown


async def test_files_arrive_in_the_thread() -> None:
    async with office() as desk:
        to = await desk.asked()
        await desk.chat.send_file(to, "rows.csv", b"a,b")
        with pytest.raises(Undeliverable, match="1 to"):
            await desk.chat.send_file(to, "none.csv", b"")

        (message,) = desk.answers()
        assert (message.msg_type, message.root_id) == ("file", desk.desk.messages[0].event_id)


async def test_the_rungs_are_gone_down_in_order() -> None:
    found = []
    async with office(limits=Limits(card_bytes=100)) as desk:
        found.append((await desk.chat.post(await desk.asked(), CARD, {})).rung)
    async with office(limits=Limits(card_bytes=100, text_bytes=10)) as desk:
        found.append((await desk.chat.post(await desk.asked(), CARD, {})).rung)
        assert desk.answers()[-1].msg_type == "file"
    tight = Limits(card_bytes=100, text_bytes=300, file_bytes=10)
    long = CARD.model_copy(update={"text": "word " * 500})
    async with office(limits=tight, settings={"public_url": "https://ops.example"}) as desk:
        found.append((await desk.chat.post(await desk.asked(), long, {})).rung)
        assert "https://ops.example/#thread=feishu%3A" in readable(desk.answers()[-1])

    assert found == ["text", "file", "link"]


async def test_what_arrives_in_no_form_is_an_error_with_all_reasons() -> None:
    async with office(limits=Limits(card_bytes=1, text_bytes=1, file_bytes=1)) as desk:
        with pytest.raises(Undeliverable, match=r"card: .*split: .*text: .*file: "):
            await desk.chat.post(await desk.asked(), CARD, {})


async def test_a_message_that_was_begun_never_looks_as_if_work_went_on() -> None:
    async with office() as desk:
        to = await desk.asked()
        begun = await desk.chat.begin(to, "q1", "Reading")
        desk.feishu.fail(1, 230099, path=f"cards/{begun.split('|')[1]}")
        await desk.chat.post(to, CARD, {}, begun)

        assert "Reading" not in readable(desk.answers()[0])
        assert "pool" in "".join(map(readable, desk.answers()))


async def test_nobody_waits_for_an_answer_from_elsewhere() -> None:
    async with office() as desk:
        await desk.feishu.say(desk.ann, desk.room, "hi", MENTION)
        await desk.feishu.settled()
        with pytest.raises(Undeliverable, match="no thread in Feishu"):
            await desk.chat.post(
                recipient(desk.desk.messages[0]).model_copy(update={"thread_id": "slack:C/1"}), CARD, {}
            )
