"""What goes out to Slack: each question once, within Slack's limits, down the ladder when Slack refuses."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.chat.card_port import Card, Chart, Citation, Footer, Table
from connectors.chat.fakes.slack_rules import check_message
from connectors.chat.port import ChatUnavailable, Progress, Recipient, Undeliverable
from connectors.chat.slack import SlackChat
from tests.contracts.slack_hostile import answers, lost
from tests.contracts.slack_stage import Stage, staged
from tests.contracts.slack_witnesses import typescript_errors
from tests.pictures import png

SOURCE = {"number": 1, "document_id": "d", "chunk_id": "c", "title": "Runbook", "heading": "Pool"}
SOURCE |= {"quote": "A full pool …", "link": "https://wiki.example/pool"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as opened:
        yield opened


@pytest.fixture
async def streaming() -> AsyncIterator[Stage]:
    async with staged(streaming=True) as opened:
        yield opened


def card(text: str = "The **pool** is full [1].", **further: object) -> Card:
    return Card.model_validate({"question_id": "q1", "kind": "answer", "language": "en", "text": text} | further)


async def test_one_message_lives_from_the_first_sign_to_the_answer(stage: Stage) -> None:
    said = await stage.asked()
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking into it")
    await stage.chat.update(stage.to(said), begun, Progress(doing="Reading metrics", draft="The **pool**"))
    receipt = await stage.chat.post(stage.to(said), card(), {}, begun)

    (answer,) = stage.answers(said)
    assert (receipt.rung, receipt.message_id, answer.ts) == ("card", begun, begun)
    shown = [json.dumps(one["blocks"]) for one in answer.revisions]
    assert ["Looking into it" in shown[0], "Reading metrics" in shown[1]] == [True, True]
    assert answer.readable.startswith("The pool is full [1].")


async def test_beginning_and_posting_again_arrives_once(stage: Stage) -> None:
    said = await stage.asked()
    first = await stage.chat.begin(stage.to(said), "q1", "Looking")
    assert await stage.chat.begin(stage.to(said), "q1", "Looking") == first
    for message_id in (first, "", ""):
        await stage.chat.post(stage.to(said), card(), {}, message_id)

    assert [one.ts for one in stage.answers(said)] == [first]


@pytest.mark.parametrize("streamed", [False, True])
async def test_another_process_finds_what_was_posted_before_a_crash(streamed: bool) -> None:  # noqa: FBT001
    async with staged(streaming=streamed) as before:
        said = await before.asked()
        begun = await before.chat.begin(before.to(said), "q1", "Looking")
        async with before.again() as after:
            assert await after.begin(before.to(said), "q1", "Looking") == begun
            await after.post(before.to(said), card("word " * 5_000), {}, begun)
            await after.post(before.to(said), card("word " * 5_000), {}, "")

        parts = [one.metadata["event_payload"]["part"] for one in before.answers(said) if one.metadata]
        assert parts == [str(number) for number in range(len(parts))]
        assert len(parts) > 1


async def test_nobody_asks_slack_what_was_posted_unless_it_may_have_been(stage: Stage) -> None:
    said = await stage.asked()
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking")
    await stage.chat.post(stage.to(said), card(), {}, begun)

    assert "conversations.replies" not in [one.method for one in stage.slack.requests]


async def test_a_message_whose_receipt_was_lost_is_not_posted_twice(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.drop("chat.postMessage", times=1, done=True)
    await stage.chat.post(stage.to(said), card(), {}, "")

    assert len(stage.answers(said)) == 1


@pytest.mark.parametrize(("method", "looks"), [("chat.startStream", 0), ("chat.postMessage", 3)])
async def test_a_message_that_was_begun_unheard_becomes_the_answer(method: str, looks: int) -> None:
    async with staged(streaming=method == "chat.startStream") as opened:
        said = await opened.asked()
        opened.slack.drop(method, times=1, done=True)
        opened.slack.fail_http("conversations.replies", times=looks)
        with pytest.raises(ChatUnavailable):
            await opened.chat.begin(opened.to(said), "q1", "Looking")
        await opened.chat.post(opened.to(said), card(), {}, "")

        assert [one.readable.splitlines()[0] for one in opened.answers(said)] == ["The pool is full [1]."]


async def test_a_draft_is_streamed_and_ends_as_the_card(streaming: Stage) -> None:
    said = await streaming.asked()
    begun = await streaming.chat.begin(streaming.to(said), "q1", "Looking")
    for draft in ("The **pool**", "The **pool** is full <!channel>", "All is well"):
        await streaming.chat.update(streaming.to(said), begun, Progress(doing="Writing", draft=draft))
    await streaming.chat.post(streaming.to(said), card(), {}, begun)

    methods = [one.method for one in streaming.slack.requests]
    assert [methods.count(f"chat.{name}Stream") for name in ("start", "append", "stop")] == [1, 2, 1]
    (answer,) = streaming.answers(said)
    assert (answer.ts, answer.readable.splitlines()[0]) == (begun, "The pool is full [1].")


async def test_where_there_are_no_streams_messages_are_edited(streaming: Stage) -> None:
    streaming.slack.fail("chat.startStream", "unknown_method", times=1)
    for number in (1, 2):
        said = await streaming.asked()
        begun = await streaming.chat.begin(streaming.to(said), f"q{number}", "Looking")
        await streaming.chat.update(streaming.to(said), begun, Progress(doing="Writing", draft="The pool"))

        assert "The pool" in streaming.answers(said)[0].readable
    assert [one.method for one in streaming.slack.requests].count("chat.startStream") == 1


async def test_a_limit_skips_a_frame_and_holds_up_an_answer(stage: Stage) -> None:
    said = await stage.asked()
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking")
    stage.slack.rate_limit("chat.update", times=1, seconds=7)
    await stage.chat.update(stage.to(said), begun, Progress(doing="Reading"))
    await stage.chat.update(stage.to(said), begun, Progress(doing="Reading"))
    assert stage.clock.slept == []

    await stage.chat.post(stage.to(said), card(), {}, begun)
    assert sum(stage.clock.slept) == pytest.approx(7)
    assert len(stage.answers(said)) == 1


async def test_an_outage_for_a_moment_is_waited_out(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.fail_http("chat.postMessage", 503, times=1)
    stage.slack.fail("chat.postMessage", "internal_error", times=1)

    assert (await stage.chat.post(stage.to(said), card(), {}, "")).rung == "card"


@pytest.mark.parametrize(("refusals", "rung"), [(1, "split"), (3, "text"), (6, "file")])
async def test_what_slack_refuses_goes_out_in_another_form(stage: Stage, refusals: int, rung: str) -> None:
    said = await stage.asked()
    stage.slack.fail("chat.postMessage", "invalid_blocks", times=refusals)
    receipt = await stage.chat.post(stage.to(said), card("The pool is full."), {}, "")

    shown = "".join(one.readable + "".join(file.content.decode() for file in one.files) for one in stage.answers(said))
    assert receipt.rung == rung
    assert "The pool is full." in shown


async def test_what_is_refused_in_every_form_is_an_error_with_the_reasons(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.fail("chat.postMessage", "invalid_blocks", times=50)
    stage.slack.fail("files.getUploadURLExternal", "file_upload_disabled", times=1)

    with pytest.raises(Undeliverable, match="card: Slack refuses chat"):
        await stage.chat.post(stage.to(said), card(), {}, "")


async def test_where_we_may_not_write_the_answer_goes_to_who_asked(stage: Stage) -> None:
    elsewhere = stage.slack.channel("elsewhere", members=[stage.ann], private=True, with_bot=False)
    to = Recipient(thread_id=f"slack:{stage.slack.team_id}/{elsewhere.id}/", author=f"slack:{stage.ann.id}")
    assert await stage.chat.begin(to, "q1", "Looking") == ""
    await stage.chat.post(to, card(), {}, "")

    shown = [one.readable for one in stage.slack.messages(stage.slack.direct(stage.ann))]
    assert "Invite me" in shown[0]
    assert "The pool is full" in shown[1]


async def test_a_card_shows_all_that_it_has(stage: Stage) -> None:
    said = await stage.asked()
    whole = card(
        citations=(Citation.model_validate(SOURCE),),
        rewritten_query="checkout 502 pool",
        looked_for=("deploys of checkout",),
        notices=("Metrics did not answer.",),
        tables=(Table(title="Errors", columns=("at", "n"), rows=(("12:01", "7"),), total=40, file="f" * 64),),
        charts=(Chart(title="Errors", file="c" * 64, says="A peak at 12:01."),),
        footer=Footer(level="local", model="qwen", seconds=2.0),
    )
    await stage.chat.post(stage.to(said), whole, {"c" * 64: png()}, "")

    (answer,) = stage.answers(said)
    kinds = [str(block["type"]) for block in answer.blocks]
    assert {"rich_text", "table", "image", "context", "actions"} <= set(kinds)
    for words in ("1 / 40 rows", "Runbook", "checkout 502 pool", "deploys of checkout", "Metrics did not", "qwen"):
        assert words in answer.readable
    assert check_message({"text": answer.text, "blocks": answer.blocks}) == []


async def test_a_picture_is_posted_once_slack_has_worked_on_it(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.picture_seconds = 2.5
    chart = Chart(title="Errors", file="c" * 64, says="A peak at 12:01.")
    await stage.chat.post(stage.to(said), card(charts=(chart,)), {"c" * 64: png()}, "")

    assert stage.clock.slept == [1.0, 2.0]
    assert "image" in [block["type"] for block in stage.answers(said)[0].blocks]


async def test_a_picture_that_slack_does_not_take_is_told_in_words(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.fail("files.getUploadURLExternal", "file_upload_disabled", times=1)
    chart = Chart(title="Errors", file="c" * 64, says="A peak at 12:01.")
    await stage.chat.post(stage.to(said), card(charts=(chart,)), {"c" * 64: png()}, "")

    assert "A peak at 12:01." in stage.answers(said)[0].readable


async def test_an_answer_for_one_person_is_seen_by_nobody_else(stage: Stage) -> None:
    bob = stage.slack.person("bob")
    said = await stage.asked()
    to = stage.to(said).model_copy(update={"ephemeral": True})
    assert await stage.chat.begin(to, "q1", "Looking") == ""
    await stage.chat.post(to, card("word " * 4_000), {}, "")
    await stage.chat.send_file(to, "rows.csv", b"a,b")

    assert [one for one in stage.slack.thread(stage.ops, said.ts, viewer=bob) if one.bot] == []
    assert len([one for one in stage.slack.thread(stage.ops, said.ts, viewer=stage.ann) if one.bot]) > 1
    assert stage.slack.messages(stage.slack.direct(stage.ann))[0].files[0].content == b"a,b"


async def test_a_file_lands_in_the_thread(stage: Stage) -> None:
    said = await stage.asked()
    await stage.chat.send_file(stage.to(said), "rows.csv", b"a,b")

    (answer,) = stage.answers(said)
    assert (answer.files[0].name, answer.files[0].content) == ("rows.csv", b"a,b")


@pytest.mark.timeout(300)
async def test_two_hundred_hostile_answers_arrive_readable(stage: Stage) -> None:
    unreadable = []
    for number, text in enumerate(answers(200)):
        said = await stage.slack.say(stage.ann, stage.ops, "hm")
        answer = card(text, question_id=f"q{number}")
        await stage.chat.post(stage.to(said), answer, {}, await stage.chat.begin(stage.to(said), f"q{number}", "…"))
        shown = "\n".join(
            one.readable + "\n".join(file.content.decode() for file in one.files) for one in stage.answers(said)
        )
        missing = lost(text, shown)
        unreadable += [(number, missing[:3])] if missing else []

    assert unreadable == []


async def test_where_answers_wait_already_no_sign_of_work_is_posted(stage: Stage) -> None:
    said = await stage.asked()
    stage.slack.rate_limit("chat.postMessage", times=1, seconds=30)
    first = await stage.chat.post(stage.to(said), card(question_id="q0"), {}, "")
    stage.slack.rate_limit("chat.postMessage", times=1, seconds=30)
    with pytest.raises(ChatUnavailable, match="Slack limits chat"):
        await impatient(stage).post(stage.to(said), card(question_id="q2"), {}, "")

    assert first.rung == "card"
    assert await stage.chat.begin(stage.to(said), "q3", "Looking") == ""


def impatient(stage: Stage) -> SlackChat:
    stage.chat.api.patience = 10.0
    return stage.chat


async def test_drafts_leave_room_for_answers(stage: Stage) -> None:
    said = await stage.asked()
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking")
    for number in range(60):
        await stage.chat.update(stage.to(said), begun, Progress(doing=f"Step {number}"))

    assert [one.method for one in stage.slack.requests].count("chat.update") == 35
    assert (await stage.chat.post(stage.to(said), card(), {}, begun)).message_id == begun
    assert stage.clock.slept == []


async def test_a_message_that_somebody_deleted_is_posted_anew(stage: Stage) -> None:
    said = await stage.asked()
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking")
    await stage.slack.delete(stage.answers(said)[0])
    receipt = await stage.chat.post(stage.to(said), card(), {}, begun)

    assert receipt.message_id != begun
    assert [one.ts for one in stage.answers(said)] == [receipt.message_id]


async def test_updates_never_raise(stage: Stage) -> None:
    nowhere = Recipient(thread_id="feishu:oc_1/om_1", author="slack:U1")
    await stage.chat.update(nowhere, "1.1", Progress(doing="x"))
    said = await stage.asked()
    for trouble in (lambda: stage.slack.fail_http("chat.update", 500), lambda: stage.slack.drop("chat.update")):
        trouble()
        await stage.chat.update(stage.to(said), "1.1", Progress(doing="x", draft="|" * 500))

    with pytest.raises(Undeliverable, match="no thread 'feishu"):
        await stage.chat.post(nowhere, card(), {}, "")


async def test_without_the_right_to_look_an_answer_still_arrives(stage: Stage) -> None:
    stage.slack.app.scopes -= {"channels:history", "users:read", "files:write"}
    said = await stage.slack.mention(stage.ann, stage.ops, "why?")
    begun = await stage.chat.begin(stage.to(said), "q1", "Looking")
    for _ in range(2):
        receipt = await stage.chat.post(stage.to(said), card(), {}, begun)

    assert receipt.message_id == begun


async def test_a_stream_that_is_refused_now_and_then_is_tried_again(streaming: Stage) -> None:
    streaming.slack.fail("chat.startStream", "invalid_chunks", times=4)
    for number in range(5):
        said = await streaming.asked()
        assert await streaming.chat.begin(streaming.to(said), f"q{number}", "Looking") != ""

    assert [one.method for one in streaming.slack.requests].count("chat.startStream") == 3


async def test_the_vendors_types_take_all_that_is_posted(stage: Stage, tmp_path: Path) -> None:
    table = Table(title="Orders", columns=("status", "n"), rows=(("paid", "3"),), total=9, file="d" * 64)
    steps = "## Steps\n\n1. *Look*:\n\n   ```sh\n   top\n   ```\n2. > wait\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |"
    forms: list[dict[str, object]] = [
        {"citations": (SOURCE,), "rewritten_query": "pool size", "tables": (table,)},
        {"kind": "insufficient", "language": "zh", "looked_for": ("连接池",), "notices": ("无法查询",)},
        {"text": steps},
        {"text": "word " * 5_000},
        {"kind": "failure", "text": "Something broke."},
    ]
    for number, form in enumerate(forms):
        said = await stage.asked()
        await stage.chat.post(stage.to(said), card(**{"question_id": f"q{number}", **form}), {})
    await stage.slack.open_home(stage.ann)
    await stage.slack.settled()
    await stage.shown()

    posted = [one["blocks"] for one in stage.slack.posted if one.get("blocks")]
    assert len(posted) > len(forms)
    home = stage.slack.home(stage.ann) or {}
    assert typescript_errors(tmp_path, posted, [{"type": "home", "blocks": home["blocks"]}]) == []
