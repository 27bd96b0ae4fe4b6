"""What people press on the card of an incident, and that the click names its thread."""

import json
from collections.abc import AsyncIterator

import pytest

from connectors.chat.fakes.slack_rules import check_view
from connectors.chat.fakes.slack_workspace import Message
from connectors.chat.port import ChatUnavailable, Reply
from tests.contracts.feishu_office import Office, office
from tests.contracts.slack_stage import Stage, staged
from tests.contracts.test_chat_incidents import CARD


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as opened:
        opened.inbox.cards["INC-1"] = CARD
        yield opened


async def in_slack(stage: Stage) -> Message:
    receipt = await stage.chat.post(stage.chat.opening(stage.ops.id), CARD, {}, "")
    return next(one for one in stage.slack.messages(stage.ops) if one.ts == receipt.message_id)


async def press(stage: Stage, message: Message, action: str) -> None:
    assert (await stage.slack.click(stage.ann, message, action)).ok
    await stage.shown()


async def test_slack_right_says_what_it_was_and_where(stage: Stage) -> None:
    message = await in_slack(stage)
    await press(stage, message, "✅ Right: the pool was full")
    [click] = stage.inbox.clicks

    assert (click.action, click.question_id, click.text) == ("right", "INC-1", "the pool was full")
    assert click.thread_id == stage.chat.thread_of(stage.chat.opening(stage.ops.id), message.ts)


async def test_slack_wrong_counts_at_once_and_asks_what_it_was(stage: Stage) -> None:
    await press(stage, await in_slack(stage), "nightshift_wrong")
    await stage.slack.submit(stage.ann, {"input": "a deploy"})

    assert [(one.action, one.text) for one in stage.inbox.clicks] == [("wrong", ""), ("wrong", "a deploy")]
    assert stage.inbox.clicks[0].thread_id == stage.inbox.clicks[1].thread_id


async def test_slack_wrong_asks_nothing_of_who_may_not_judge(stage: Stage) -> None:
    stage.inbox.reply = Reply(text="Not yours.", refused=True)
    await press(stage, await in_slack(stage), "nightshift_wrong")

    assert stage.slack.modal(stage.ann) is None


async def test_slack_details_open_in_a_form_that_slack_takes(stage: Stage) -> None:
    await press(stage, await in_slack(stage), "nightshift_details")
    view = stage.slack.modal(stage.ann)

    assert check_view({key: view[key] for key in ("type", "title", "close", "blocks")}) == []
    assert "Ruled out" in json.dumps(view)
    assert "14 %" in json.dumps(view)


async def test_slack_leads_to_the_page_and_offers_no_thumbs(stage: Stage) -> None:
    shown = json.dumps((await in_slack(stage)).blocks)

    assert CARD.link in shown
    assert "nightshift_up" not in shown


async def test_slack_shows_how_bad_it_is_in_the_title(stage: Stage) -> None:
    assert (await in_slack(stage)).blocks[0]["text"]["text"] == "🔴 checkout answers with errors"


@pytest.fixture
async def feishu() -> AsyncIterator[Office]:
    async with office() as opened:
        yield opened


async def in_feishu(desk: Office) -> str:
    return (await desk.chat.post(desk.chat.opening(desk.room.chat_id), CARD, {}, "")).message_id


async def test_feishu_right_names_the_thread_that_its_message_begins(feishu: Office) -> None:
    message_id = await in_feishu(feishu)
    await feishu.feishu.click(feishu.ann, feishu.answers()[0], "✅ Right: the pool was full")
    [click] = feishu.desk.clicks

    assert (click.action, click.question_id, click.text) == ("right", "INC-1", "the pool was full")
    assert click.thread_id == feishu.chat.thread_of(feishu.chat.opening(feishu.room.chat_id), message_id)


async def test_feishu_names_the_same_thread_after_a_revision(feishu: Office) -> None:
    to = feishu.chat.opening(feishu.room.chat_id)
    message_id = await in_feishu(feishu)
    await feishu.chat.revise(to, CARD.model_copy(update={"text": "Still broken."}), {}, message_id)
    await feishu.feishu.submit(feishu.ann, feishu.answers()[0], {"cause": "a deploy"}, "❌ Wrong")

    [click] = feishu.desk.clicks
    assert (click.action, click.text, click.thread_id) == ("wrong", "a deploy", feishu.chat.thread_of(to, message_id))


async def test_feishu_waits_while_a_click_on_the_card_is_answered(feishu: Office) -> None:
    message_id = await in_feishu(feishu)
    [message] = feishu.answers()
    message.locked = True
    with pytest.raises(ChatUnavailable, match="click"):
        await feishu.chat.revise(feishu.chat.opening(feishu.room.chat_id), CARD, {}, message_id)

    assert len(feishu.answers()) == 1


async def test_feishu_shows_how_bad_it_is_by_the_colour_of_the_title(feishu: Office) -> None:
    await in_feishu(feishu)
    header = feishu.answers()[0].card()["header"]

    assert (header["template"], header["title"]["content"]) == ("red", "checkout answers with errors")


async def test_feishu_folds_the_rest_away(feishu: Office) -> None:
    await in_feishu(feishu)
    folded = [one for one in feishu.answers()[0].card()["body"]["elements"] if one["tag"] == "collapsible_panel"]

    assert [one["header"]["title"]["content"] for one in folded] == ["Ruled out", "Sources (1)"]
