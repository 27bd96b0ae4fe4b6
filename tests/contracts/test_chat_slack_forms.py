"""What people press in Slack: buttons, forms, commands, the App Home, and who is told what."""

import json
from collections.abc import AsyncIterator

import pytest

from connectors.chat.card_port import Card, Citation, Table
from connectors.chat.fakes.slack_rules import check_view
from connectors.chat.fakes.slack_workspace import Message
from connectors.chat.port import Recent, Reply
from tests.contracts.slack_stage import Stage, now, staged

CARD = Card(
    question_id="q1",
    kind="answer",
    language="en",
    text="The pool is full [1].",
    rewritten_query="checkout 502 pool",
    citations=(
        Citation(number=1, document_id="d", chunk_id="c", title="Runbook", heading="Pool", quote="A full pool " * 60,
                 link="https://wiki.example/pool"),
    ),
    tables=(Table(title="Errors", columns=("at",), rows=(("12:01",),), total=1, file="f" * 64),),
)  # fmt: skip


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as opened:
        opened.inbox.cards["q1"] = CARD
        yield opened


async def answered(stage: Stage, *, ephemeral: bool = False) -> Message:
    said = await stage.asked()
    to = stage.to(said).model_copy(update={"ephemeral": ephemeral})
    await stage.chat.post(to, CARD, {}, "")
    thread = stage.slack.thread(stage.ops, said.ts, viewer=stage.ann)
    return next(one for one in reversed(thread) if one.bot)


async def press(stage: Stage, message: Message, action: str) -> None:
    assert (await stage.slack.click(stage.ann, message, action)).ok
    await stage.shown()


def told(stage: Stage) -> list[str]:
    return [one.text for one in stage.slack.messages(stage.ops, viewer=stage.ann) if one.ephemeral_to]


async def test_a_thumb_up_is_handed_in_and_thanked_for_quietly(stage: Stage) -> None:
    answer = await answered(stage)
    await press(stage, answer, "nightshift_up")

    click = stage.inbox.clicks[0]
    assert (click.action, click.question_id, click.author) == ("up", "q1", f"slack:{stage.ann.id}")
    assert click.thread_id.endswith(f"/{stage.ops.id}/{answer.thread_ts}")
    quiet = [one for one in stage.slack.thread(stage.ops, answer.thread_ts, viewer=stage.ann) if one.ephemeral_to]
    assert [one.text for one in quiet] == ["Thank you."]


async def test_a_thumb_down_counts_at_once_and_asks_for_the_reason(stage: Stage) -> None:
    await press(stage, await answered(stage), "nightshift_down")
    assert [one.text for one in stage.inbox.clicks] == [""]

    await stage.slack.submit(stage.ann, {"input": "The wrong service."})
    assert [(one.action, one.text) for one in stage.inbox.clicks] == [("down", ""), ("down", "The wrong service.")]
    assert stage.slack.modal(stage.ann) is None


async def test_the_query_can_be_edited_and_run(stage: Stage) -> None:
    await press(stage, await answered(stage), "nightshift_edit")
    assert stage.inbox.clicks == []
    assert "checkout 502 pool" in json.dumps(stage.slack.modal(stage.ann))

    await stage.slack.submit(stage.ann, {"input": "checkout 502 replica"})
    click = stage.inbox.clicks[0]
    assert (click.action, click.text, click.conversation) == ("edit", "checkout 502 replica", stage.ops.id)


async def test_a_form_that_could_not_be_kept_stays_open_with_its_text(stage: Stage) -> None:
    await press(stage, await answered(stage), "nightshift_edit")
    stage.inbox.refusing = 1
    await stage.slack.submit(stage.ann, {"input": "checkout 502 replica"})
    assert "could not be kept" in json.dumps(stage.slack.errors[stage.ann.id])

    await stage.slack.submit(stage.ann, {"input": "checkout 502 replica"})
    assert [one.text for one in stage.inbox.clicks] == ["checkout 502 replica"]


async def test_a_refused_form_says_why(stage: Stage) -> None:
    await press(stage, await answered(stage), "nightshift_edit")
    stage.inbox.reply = Reply(text="You may not ask here.", refused=True)
    await stage.slack.submit(stage.ann, {"input": "x"})

    assert "You may not ask here." in json.dumps(stage.slack.errors[stage.ann.id])


async def test_the_sources_are_shown_whole(stage: Stage) -> None:
    await press(stage, await answered(stage), "nightshift_sources")

    view = stage.slack.modal(stage.ann)
    assert ("A full pool " * 60).strip() in json.dumps(view)


async def test_who_may_not_see_an_answer_does_not_see_its_sources(stage: Stage) -> None:
    answer = await answered(stage)
    stage.inbox.cards.clear()
    await press(stage, answer, "nightshift_sources")

    assert "may not see it" in json.dumps(stage.slack.modal(stage.ann))


async def test_a_table_can_be_had_as_a_file(stage: Stage) -> None:
    await press(stage, await answered(stage), f"nightshift_csv:{'f' * 16}")

    assert [(one.action, one.question_id, one.text) for one in stage.inbox.clicks] == [("csv", "q1", "f" * 64)]


async def test_what_is_made_public_is_no_longer_shown_to_one_alone(stage: Stage) -> None:
    answer = await answered(stage, ephemeral=True)
    await press(stage, answer, "nightshift_publish")

    assert [one.action for one in stage.inbox.clicks] == ["publish"]
    assert answer not in stage.slack.thread(stage.ops, answer.thread_ts, viewer=stage.ann)


async def test_a_press_that_could_not_be_kept_is_not_acknowledged(stage: Stage) -> None:
    answer = await answered(stage)
    stage.inbox.refusing = 1

    assert not (await stage.slack.click(stage.ann, answer, "nightshift_up")).ok


async def test_a_command_is_a_question_whose_answer_one_person_sees(stage: Stage) -> None:
    answer = await stage.slack.slash(stage.ann, stage.ops, "/nightshift", "why 502?")

    message = stage.inbox.messages[0]
    assert answer.payload == {"response_type": "ephemeral", "text": "Looking into it…"}
    assert (message.text, message.ephemeral, message.audience) == ("why 502?", True, "author")


@pytest.mark.parametrize(("said", "words"), [("", "Ask me about"), ("help", "Ask me about"), ("帮助", "向我询问")])
async def test_a_command_without_a_question_explains_itself(stage: Stage, said: str, words: str) -> None:
    answer = await stage.slack.slash(stage.ann, stage.ops, "/nightshift", said)

    assert words in str(answer.payload["text"])
    assert stage.inbox.messages == []


async def test_a_command_that_could_not_be_kept_says_so(stage: Stage) -> None:
    stage.inbox.refusing = 1
    answer = await stage.slack.slash(stage.ann, stage.ops, "/nightshift", "why 502?")

    assert "could not be kept" in str(answer.payload["text"])


async def test_the_shortcut_asks_about_the_message_of_another_bot(stage: Stage) -> None:
    fields = [{"title": "pod", "value": "checkout-7"}]
    alert = await stage.slack.alert(stage.ops, "", attachments=[{"title": "OOMKilled", "fields": fields}])
    await stage.slack.shortcut(stage.ann, alert, "nightshift_ask")
    await stage.shown()
    await stage.slack.submit(stage.ann, {"input": "What is it?"})

    message = stage.inbox.messages[-1]
    assert (message.text, message.addressed) == ("What is it?", True)
    assert message.thread_id.endswith(f"/{alert.ts}")
    assert "OOMKilled" in message.quoted[0].text
    assert "checkout-7" in message.quoted[0].text
    assert message.quoted[0].author == "Alertmanager"


async def test_the_home_lists_what_this_person_asked(stage: Stage) -> None:
    thread = f"slack:{stage.slack.team_id}/{stage.ops.id}/1700000000.000100"
    stage.inbox.asked = (
        Recent(question_id="q1", thread_id=thread, channel="slack", text="why <502>?", asked_at=now(), answered=True),
    )
    await stage.slack.open_home(stage.ann)
    await stage.slack.settled()
    await stage.shown()

    home = stage.slack.home(stage.ann)
    assert "why &lt;502&gt;?" in json.dumps(home)
    assert f"/archives/{stage.ops.id}/p1700000000000100" in json.dumps(home)


async def test_a_new_thread_with_the_assistant_offers_questions_and_shows_work(stage: Stage) -> None:
    # An app that still has Slack's older view of assistants hears of each new thread.
    stage.slack.app.subscriptions.add("assistant_thread_started")
    root = await stage.slack.open_assistant(stage.ann, context=stage.ops)
    await stage.slack.settled()
    await stage.shown()
    assert "Which alerts fired" in json.dumps([one.arguments for one in stage.slack.requests], default=str)

    await stage.slack.tell(stage.ann, "why 502?", thread=root)
    await stage.slack.settled()
    await stage.shown()
    assert stage.slack.status(stage.slack.direct(stage.ann), root) == "is looking into it…"


async def test_every_form_is_one_that_slack_takes(stage: Stage) -> None:
    answer = await answered(stage)
    for action in ("nightshift_edit", "nightshift_down", "nightshift_sources"):
        await press(stage, answer, action)
        view = stage.slack.modal(stage.ann)
        assert view is not None
        assert check_view({name: view[name] for name in ("type", "title", "blocks")}) == []
