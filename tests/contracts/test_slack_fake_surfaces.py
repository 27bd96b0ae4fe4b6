"""The fake Slack's Web API beyond messages: files, modals, the home tab, streams, faults on demand."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.contracts.slack_desk import CARD, PNG, VIEW, Desk, opened, refused


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


async def test_files_go_in_and_out(desk: Desk) -> None:
    root = await desk.slack.say(desk.ann, desk.ops, "why?", files=[("log.txt", b"502", "text/plain")])
    await desk.client.files_upload_v2(channel=desk.ops.id, thread_ts=root.ts, filename="a.png", content=PNG)

    (shown,) = desk.slack.answers(root)
    assert (shown.files[0].content, shown.files[0].media_type, shown.thread_ts) == (PNG, "image/png", root.ts)
    theirs = (await desk.client.files_info(file=root.files[0].id))["file"]
    token = {"Authorization": f"Bearer {desk.slack.bot_token}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(theirs["url_private"], headers=token) as answer:
            assert await answer.read() == b"502"
        async with session.get(theirs["url_private"], allow_redirects=False) as answer:
            assert answer.status == 302
            assert answer.headers["Location"].startswith("http://localhost:")
        async with session.get(theirs["url_private"]) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


async def test_uploads_that_are_not_whole(desk: Desk) -> None:
    ticket = await desk.client.files_getUploadURLExternal(filename="a.png", length=10)
    async with aiohttp.ClientSession() as session, session.post(ticket["upload_url"], data=b"short") as answer:
        assert answer.status == 400

    files = [{"id": ticket["file_id"]}]
    assert (await refused(desk.client.files_completeUploadExternal(files=files)))["error"] == "file_not_found"


async def test_a_trigger_opens_one_modal_for_three_seconds(desk: Desk) -> None:
    first, late = desk.slack.trigger(desk.ann), desk.slack.trigger(desk.ann)

    opened = await desk.client.views_open(trigger_id=first, view=VIEW)
    assert (await refused(desk.client.views_open(trigger_id=first, view=VIEW)))["error"] == "exchanged_trigger_id"
    assert (await refused(desk.client.views_open(trigger_id="1.2.x", view=VIEW)))["error"] == "invalid_trigger_id"
    desk.clock.now += 3.1
    assert (await refused(desk.client.views_open(trigger_id=late, view=VIEW)))["error"] == "expired_trigger_id"

    changed = await desk.client.views_update(view_id=opened["view"]["id"], hash=opened["view"]["hash"], view=VIEW)
    stale = desk.client.views_update(view_id=opened["view"]["id"], hash=opened["view"]["hash"], view=VIEW)
    assert (await refused(stale))["error"] == "hash_conflict"
    assert desk.slack.modal(desk.ann) == changed["view"]


async def test_modals_are_stacked_three_high(desk: Desk) -> None:
    def trigger() -> str:
        return desk.slack.trigger(desk.ann)

    root = await desk.client.views_open(trigger_id=trigger(), view=VIEW)
    for _ in range(2):
        await desk.client.views_push(trigger_id=trigger(), view=VIEW)

    assert (await refused(desk.client.views_push(trigger_id=trigger(), view=VIEW)))["error"] == "push_limit_reached"
    top = desk.slack.modal(desk.ann)
    assert top
    assert top["root_view_id"] == root["view"]["id"]


async def test_a_view_that_is_too_long_is_refused(desk: Desk) -> None:
    long = {**VIEW, "title": {"type": "plain_text", "text": "T" * 25}}
    trigger = desk.slack.trigger(desk.ann)

    answer = await refused(desk.client.views_open(trigger_id=trigger, view=long))

    assert answer["error"] == "invalid_arguments"
    assert "less than 25 characters" in answer["response_metadata"]["messages"][0]
    assert (await desk.client.views_open(trigger_id=trigger, view=VIEW))["ok"]


async def test_the_home_tab(desk: Desk) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}

    shown = await desk.client.views_publish(user_id=desk.ann.id, view=home)

    assert desk.slack.home(desk.ann) == shown["view"]
    desk.slack.app.home = False
    assert (await refused(desk.client.views_publish(user_id=desk.ann.id, view=home)))["error"] == "not_enabled"


async def test_a_stream_grows_and_stops(desk: Desk) -> None:
    root = await desk.slack.say(desk.ann, desk.ops, "why?")
    to = {"recipient_user_id": desk.ann.id, "recipient_team_id": desk.slack.team_id}
    channel = desk.ops.id

    missing = await refused(desk.client.chat_startStream(channel=channel, thread_ts=root.ts))
    ts = (await desk.client.chat_startStream(channel=channel, thread_ts=root.ts, **to))["ts"]
    await desk.client.chat_appendStream(channel=channel, ts=ts, markdown_text="The **pool** ")
    (message,) = desk.slack.answers(root)
    assert message.streaming
    conflict = await refused(desk.client.chat_update(channel=channel, ts=ts, text="x"))
    long = await refused(desk.client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 12_001))
    await desk.client.chat_stopStream(channel=channel, ts=ts, markdown_text="is full.", blocks=CARD)
    over = await refused(desk.client.chat_appendStream(channel=channel, ts=ts, markdown_text="x"))

    assert [one["error"] for one in (missing, conflict, long, over)] == [
        "missing_recipient_user_id",
        "streaming_state_conflict",
        "msg_too_long",
        "message_not_in_streaming_state",
    ]
    assert message.readable == "The **pool** is full.\n*502*\n[Yes]"


async def test_chunks_of_a_stream(desk: Desk) -> None:
    root = await desk.slack.tell(desk.ann, "why?")
    ts = (await desk.client.chat_startStream(channel=root.channel, thread_ts=root.ts))["ts"]
    task = {"type": "task_update", "id": "1", "title": "Reading logs", "status": "in_progress"}

    await desk.client.chat_appendStream(channel=root.channel, ts=ts, chunks=[task])
    await desk.client.chat_appendStream(channel=root.channel, ts=ts, chunks=[{**task, "status": "complete"}])
    wrong = await refused(desk.client.chat_appendStream(channel=root.channel, ts=ts, chunks=[{"type": "song"}]))

    assert desk.slack.answers(root)[0].readable == "(complete) Reading logs"
    assert wrong["error"] == "invalid_chunks"


async def test_status_prompts_and_title_of_an_assistant_thread(desk: Desk) -> None:
    root = await desk.slack.open_assistant(desk.ann)
    where = {"channel_id": root.channel, "thread_ts": root.ts}
    channel = desk.slack.direct(desk.ann)

    await desk.client.assistant_threads_setStatus(**where, status="is looking into it")
    await desk.client.assistant_threads_setTitle(**where, title="502")
    await desk.client.assistant_threads_setSuggestedPrompts(**where, prompts=[{"title": "Logs", "message": "Show"}])

    assert desk.slack.status(channel, root) == "is looking into it"
    desk.clock.now += 1
    await desk.client.chat_postMessage(channel=root.channel, thread_ts=root.ts, text="done")
    assert desk.slack.status(channel, root) == ""
    assert (await refused(desk.client.assistant_threads_setStatus(**{**where, "thread_ts": "1.1"}, status="x")))[
        "error"
    ] == "invalid_thread_ts"


async def test_reactions(desk: Desk) -> None:
    said = await desk.slack.say(desk.ann, desk.ops, "why?")
    where = {"channel": desk.ops.id, "timestamp": said.ts, "name": "eyes"}

    await desk.client.reactions_add(**where)
    assert said.reactions == {"eyes": [desk.slack.bot_user_id]}
    assert (await refused(desk.client.reactions_add(**where)))["error"] == "already_reacted"
    await desk.client.reactions_remove(**where)
    assert said.reactions == {}
    assert (await refused(desk.client.reactions_remove(**where)))["error"] == "no_reaction"


async def test_a_response_url_works_five_times_in_half_an_hour(desk: Desk) -> None:
    path = desk.slack._platform.tickets.response_url(desk.ops.id, desk.ann.id)
    async with aiohttp.ClientSession() as session:

        async def answer(path: str) -> tuple[int, str]:
            async with session.post(desk.slack.address + path, json={"text": "only for you"}) as response:
                return response.status, await response.text()

        answers = [await answer(path) for _ in range(6)]
        late = desk.slack._platform.tickets.response_url(desk.ops.id, desk.ann.id)
        desk.clock.now += 1_801
        assert "expired_url" in (await answer(late))[1]

    assert answers[:5] == [(200, "ok")] * 5
    assert answers[5][0] == 404
    assert "used_url" in answers[5][1]
    assert len(desk.slack.messages(desk.ops, desk.ann)) == 5


async def test_faults_on_demand(desk: Desk) -> None:
    desk.slack.fail("chat.postMessage", "fatal_error")
    desk.slack.rate_limit("chat.postMessage", seconds=30)
    desk.slack.fail_http("chat.postMessage", 503)

    assert (await refused(desk.post()))["error"] == "fatal_error"
    assert (await refused(desk.post())).headers["Retry-After"] == "30"
    assert (await refused(desk.post())).status_code == 503
    assert desk.slack.messages(desk.ops) == []
    await desk.post()
    assert [one.error for one in desk.slack.requests] == ["fatal_error", "ratelimited", "503", ""]


@pytest.mark.parametrize("done", [True, False])
async def test_the_answer_is_lost(desk: Desk, *, done: bool) -> None:
    desk.slack.drop("chat.postMessage", done=done)

    with pytest.raises(aiohttp.ClientError):
        await desk.post()

    assert len(desk.slack.messages(desk.ops)) == done


async def test_the_app_hears_itself(desk: Desk) -> None:
    ts = await desk.post()
    await desk.client.chat_update(channel=desk.ops.id, ts=ts, text="changed")

    posted, changed = (delivery.payload["event"] for delivery in desk.slack.deliveries)

    assert isinstance(posted, dict)
    assert isinstance(changed, dict)
    assert (posted["bot_id"], changed["subtype"]) == (desk.slack.bot_id, "message_changed")
