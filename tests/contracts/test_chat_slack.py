"""What comes in from Slack: committed before it is acknowledged, by the socket and by signed calls."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connectors.chat.port import CannotFetch, ChatUnavailable, Recipient, WebReply, WebRequest
from connectors.chat.slack import Settings, connect, opened
from tests.contracts.slack_stage import KeepingInbox, Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as opened:
        yield opened


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_a_mention_arrives_with_its_thread_and_who_may_read_the_answer(way: str) -> None:
    async with staged("socket" if way == "socket" else "http") as stage:
        said = await stage.asked("why 502?")

        message = stage.inbox.messages[0]
        assert (message.text, message.addressed, message.audience) == ("why 502?", True, "conversation")
        assert message.event_id == f"{stage.ops.id}/{said.ts}"
        assert message.thread_id == f"slack:{stage.slack.team_id}/{stage.ops.id}/{said.ts}"
        # As app_mention and as a message of the channel: the same message.
        assert {one.event_id for one in stage.inbox.messages} == {message.event_id}


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(way: str) -> None:
    async with staged("socket" if way == "socket" else "http") as stage:
        stage.inbox.refusing = 2
        await stage.slack.mention(stage.ann, stage.ops, "why 502?")
        await stage.through()

        assert [one.text for one in stage.inbox.messages] == ["why 502?", "why 502?"]
        assert [len(delivery.attempts) for delivery in stage.slack.deliveries] == [2, 2]


async def test_redelivered_and_reordered_messages_keep_their_identity(stage: Stage) -> None:
    stage.slack.hold()
    first = await stage.slack.say(stage.ann, stage.ops, "one")
    second = await stage.slack.say(stage.ann, stage.ops, "two")
    await stage.slack.release(reverse=True)
    await stage.slack.redeliver(first)
    await stage.slack.settled()

    ids = [one.event_id.partition("/")[2] for one in stage.inbox.messages]
    assert ids == [second.ts, first.ts, first.ts]


async def test_what_is_said_to_nobody_is_handed_in_as_such(stage: Stage) -> None:
    await stage.slack.say(stage.ann, stage.ops, "lunch?")
    await stage.slack.settled()

    assert [one.addressed for one in stage.inbox.messages] == [False]


async def test_a_direct_message_is_for_its_author(stage: Stage) -> None:
    await stage.slack.tell(stage.ann, "who is on call?")
    await stage.slack.settled()

    message = stage.inbox.messages[0]
    assert (message.addressed, message.audience, message.conversation[0]) == (True, "author", "D")


async def test_an_edit_replaces_and_a_deletion_withdraws(stage: Stage) -> None:
    said = await stage.asked("why 50?")
    await stage.slack.edit(said, f"<@{stage.slack.bot_user_id}> why 502?")
    await stage.slack.delete(said)
    await stage.slack.settled()

    edited = stage.inbox.messages[-1]
    original = f"{stage.ops.id}/{said.ts}"
    assert (edited.text, edited.replaces) == ("why 502?", original)
    assert edited.event_id.startswith(f"{original}#")
    assert stage.inbox.withdrawn == [original]


async def test_our_own_messages_never_come_in_and_other_bots_as_such(stage: Stage) -> None:
    said = await stage.asked()
    await stage.chat.begin(stage.to(said), "q1", "Looking")
    await stage.slack.alert(stage.ops, f"<@{stage.slack.bot_user_id}> HighLatency")
    await stage.slack.settled()

    assert {(one.text, one.by_bot) for one in stage.inbox.messages} == {("why 502?", False), ("HighLatency", True)}


async def test_a_question_below_an_alert_brings_the_alert_with_it(stage: Stage) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "HighLatency"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*p99*\n2.3 s"}]},
    ]
    alert = await stage.slack.alert(stage.ops, "alert", blocks=blocks, name="Alertmanager")
    await stage.slack.mention(stage.ann, stage.ops, "why?", thread=alert)
    await stage.slack.settled()

    quoted = next(one for one in stage.inbox.messages if not one.by_bot).quoted[0]
    assert "HighLatency" in quoted.text
    assert "2.3 s" in quoted.text
    assert quoted.author == "Alertmanager"


async def test_mentioned_people_have_names_and_links_their_address(stage: Stage) -> None:
    bob = stage.slack.person("bob", title="Bob Ray")
    await stage.slack.mention(stage.ann, stage.ops, f"ask <@{bob.id}> about <https://wiki.example/x|the page>")
    await stage.slack.settled()

    assert stage.inbox.messages[0].text in (
        "ask @bob about the page (https://wiki.example/x)",
        "ask @Bob Ray about the page (https://wiki.example/x)",
    )


async def test_files_are_fetched_with_our_token_and_no_more_than_wanted(stage: Stage) -> None:
    await stage.slack.mention(stage.ann, stage.ops, "see", files=[("app.log", b"error 42", "text/plain")])
    await stage.slack.settled()
    found = stage.inbox.messages[0].attachments[0]

    assert (found.name, found.media_type) == ("app.log", "text/plain")
    assert await stage.chat.fetch(found.reference, 1_000) == b"error 42"
    with pytest.raises(CannotFetch, match="8 bytes"):
        await stage.chat.fetch(found.reference, 7)
    with pytest.raises(CannotFetch, match="file_not_found"):
        await stage.chat.fetch("F404", 7)


async def test_a_file_that_may_not_be_read_says_which_scope_is_missing(stage: Stage) -> None:
    await stage.slack.mention(stage.ann, stage.ops, "see", files=[("app.log", b"error 42", "text/plain")])
    await stage.slack.settled()
    stage.slack.app.scopes.discard("files:read")

    with pytest.raises(CannotFetch, match="files:read"):
        await stage.chat.fetch(stage.inbox.messages[0].attachments[0].reference, 1_000)


async def test_people_of_another_workspace_are_told_apart(stage: Stage) -> None:
    eve = stage.slack.person("eve", external=True)
    shared = stage.slack.channel("shared", members=[stage.ann, eve], shared=True)
    await stage.slack.mention(eve, shared, "hello")
    await stage.slack.mention(stage.ann, shared, "hello")
    await stage.slack.settled()

    authors = {one.author for one in stage.inbox.messages}
    assert f"slack:{stage.ann.id}" in authors
    assert [one.count("/") for one in sorted(authors - {f"slack:{stage.ann.id}"})] == [1]


async def test_calls_that_slack_has_not_signed_are_refused(stage: Stage) -> None:
    headers = {"x-slack-request-timestamp": str(int(stage.clock.now())), "x-slack-signature": "v0=00"}

    assert (await stage.chat.receive(WebRequest(headers=headers, body=b"{}"))).status == 401
    assert (await stage.chat.receive(WebRequest(headers={}, body=b"[1"))).status == 401
    assert stage.inbox.messages == []


async def test_a_signed_call_is_good_for_five_minutes(stage: Stage) -> None:
    kept: list[WebRequest] = []

    async def keep(request: WebRequest) -> WebReply:
        kept.append(request)
        return await stage.chat.receive(request)

    await stage.slack.subscribe_calls(keep)
    stage.clock.seconds += 301

    assert (await stage.chat.receive(kept[0])).status == 401


async def test_without_a_secret_nothing_comes_in_by_http() -> None:
    async with connect(Settings(bot_token=SecretStr("xoxb-1"))) as chat:
        assert (await chat.receive(WebRequest(headers={}, body=b"{}"))).status == 404


async def test_a_lost_socket_is_taken_up_again() -> None:
    async with staged("socket") as stage:
        await stage.slack.refresh_sockets("refresh_requested")
        await stage.slack.mention(stage.ann, stage.ops, "still there?")
        await stage.through()

        assert stage.inbox.messages[0].text == "still there?"


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_refused_token_says_where_the_new_one_is(stage: Stage, code: str) -> None:
    stage.slack.fail("auth.test", code, times=1)
    settings = Settings(bot_token=SecretStr("xoxb-old"), base_url=stage.slack.api_url)

    async with connect(settings) as chat:
        with pytest.raises(ChatUnavailable, match="OAuth & Permissions at https://api"):
            await chat.listen(KeepingInbox())


async def test_a_refused_app_token_says_what_to_switch_on(stage: Stage) -> None:
    token = SecretStr(stage.slack.bot_token)
    settings = Settings(bot_token=token, app_token=SecretStr("xapp-1-A1-2-no"), base_url=stage.slack.api_url)

    async with connect(settings) as chat:
        with pytest.raises(ChatUnavailable, match="Socket Mode"):
            await chat.listen(KeepingInbox())


async def test_a_slack_that_does_not_answer_holds_up_no_message(stage: Stage) -> None:
    alert = await stage.slack.alert(stage.ops, "HighLatency")
    for method in ("users.info", "conversations.replies"):
        stage.slack.fail_http(method, 503, times=4)
    await stage.slack.mention(stage.ann, stage.ops, "ask <@U0NOBODY> why", thread=alert)
    await stage.slack.settled()

    message = next(one for one in stage.inbox.messages if not one.by_bot)
    assert (message.text, message.quoted) == ("ask @U0NOBODY why", ())


async def test_before_anybody_listens_slack_is_told_to_come_again(stage: Stage) -> None:
    kept: list[WebRequest] = []

    async def keep(request: WebRequest) -> WebReply:
        kept.append(request)
        return await stage.chat.receive(request)

    await stage.slack.subscribe_calls(keep)
    await stage.asked()
    async with opened(stage.chat.settings, stage.chat.times) as early:
        assert (await early.receive(kept[-1])).status == 503
        await early.begin(Recipient(thread_id="x", author="slack:U1"), "q1", "Looking")
        assert (await early.receive(kept[-1])).status == 503
