"""The fake Slack's Web API as the vendor's Python client sees it: messages, their limits, people and channels."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.contracts.slack_desk import CARD, PNG, VIEW, Desk, opened, refused


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        yield found


async def test_who_the_app_is(desk: Desk) -> None:
    test = await desk.client.auth_test()
    bot = await desk.client.bots_info(bot=test["bot_id"])
    team = await desk.client.team_info()

    assert (test["user_id"], test["team_id"]) == (desk.slack.bot_user_id, desk.slack.team_id)
    assert (bot["bot"]["app_id"], team["team"]["domain"]) == (desk.slack.app.id, "acme")
    assert "chat:write" in test.headers["X-OAuth-Scopes"]


async def test_tokens_and_scopes(desk: Desk) -> None:
    desk.slack.app.scopes.discard("chat:write")

    scope = await refused(desk.post())
    other = AsyncWebClient(token="xoxb-other", base_url=desk.slack.api_url)

    assert (scope["error"], scope["needed"]) == ("missing_scope", "chat:write")
    assert "users:read" in scope["provided"]
    assert (await refused(other.auth_test()))["error"] == "invalid_auth"
    assert (await refused(desk.client.apps_connections_open(app_token=desk.slack.bot_token)))["error"] == (
        "not_allowed_token_type"
    )
    assert (await refused(desk.client.api_call("no.such")))["error"] == "unknown_method"


async def test_each_kind_of_channel_has_a_scope_of_its_own(desk: Desk) -> None:
    secret = desk.slack.channel("secret", private=True)
    desk.slack.app.scopes -= {"groups:history", "channels:read"}

    answer = await refused(desk.client.conversations_history(channel=secret.id))

    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")
    assert (await refused(desk.client.conversations_info(channel=desk.ops.id)))["needed"] == "channels:read"
    assert (await desk.client.conversations_history(channel=desk.ops.id))["ok"]


async def test_everything_that_was_shown_can_be_judged(desk: Desk) -> None:
    root = await desk.slack.tell(desk.ann, "why?")
    ts = (await desk.client.chat_startStream(channel=root.channel, thread_ts=root.ts, markdown_text="x" * 5_000))["ts"]
    await desk.client.chat_stopStream(channel=root.channel, ts=ts, blocks=CARD)
    await desk.post(blocks=CARD)
    await desk.client.views_open(trigger_id=desk.slack.trigger(desk.ann), view=VIEW)
    assert desk.slack.problems() == []

    desk.slack.posted.append({"method": "chat.postMessage", "text": "x", "blocks": [{"type": "song"}]})
    assert any("chat.postMessage: " in one for one in desk.slack.problems())


async def test_post_change_and_delete(desk: Desk) -> None:
    metadata = {"event_type": "answer", "event_payload": {"question_id": "q1"}}
    ts = await desk.post(blocks=CARD, metadata=metadata)

    await desk.client.chat_update(channel=desk.ops.id, ts=ts, text="changed")
    (message,) = desk.slack.messages(desk.ops)
    assert (message.text, message.readable) == ("changed", "*502*\n[Yes]")
    assert (message.revisions[0]["text"], message.metadata) == ("hello", metadata)

    await desk.client.chat_update(channel=desk.ops.id, ts=ts, text="no card", blocks=[])
    assert message.readable == "no card"

    await desk.client.chat_delete(channel=desk.ops.id, ts=ts)
    assert desk.slack.messages(desk.ops) == []
    assert (await refused(desk.client.chat_update(channel=desk.ops.id, ts=ts, text="x")))["error"] == (
        "message_not_found"
    )


async def test_where_the_app_may_post(desk: Desk) -> None:
    slack = desk.slack
    archived = slack.channel("old", archived=True)
    outside = slack.channel("outside", with_bot=False)
    secret = slack.channel("secret", with_bot=False, private=True)
    closed = slack.channel("closed")
    closed.refuses = "restricted_action_read_only_channel"

    answers = {
        name: (await refused(desk.client.chat_postMessage(channel=name, text="x")))["error"]
        for name in (archived.id, outside.id, secret.id, closed.id, "C0NOPE")
    }

    assert list(answers.values()) == [
        "is_archived",
        "not_in_channel",
        "channel_not_found",
        "restricted_action_read_only_channel",
        "channel_not_found",
    ]
    assert (await desk.client.chat_postMessage(channel=desk.ann.id, text="x"))["channel"].startswith("D")


async def test_a_refused_message_says_where(desk: Desk) -> None:
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]

    answer = await refused(desk.post(blocks=long))

    said = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert (answer["error"], answer["errors"]) == ("invalid_blocks", [said])
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {said}"]
    assert (await refused(desk.post("x" * 4_001)))["error"] == "msg_too_long"
    nothing = desk.client.api_call("chat.postMessage", json={"channel": desk.ops.id, "text": " "})
    assert (await refused(nothing))["error"] == "no_text"
    assert (await refused(desk.post(blocks="{")))["error"] == "invalid_blocks_format"
    assert (await refused(desk.post(metadata={"event_type": "x"})))["error"] == "invalid_metadata_format"
    assert desk.slack.messages(desk.ops) == []


async def test_an_answer_to_a_deleted_message_stands_in_the_channel(desk: Desk) -> None:
    asked = await desk.slack.say(desk.ann, desk.ops, "why?")
    await desk.slack.delete(asked)

    answer = await desk.client.chat_postMessage(channel=desk.ops.id, thread_ts=asked.ts, text="because")

    assert "thread_ts" not in answer["message"]
    assert [one.thread_ts for one in desk.slack.messages(desk.ops)] == [""]


async def test_pictures_must_be_there(desk: Desk) -> None:
    def picture(**source: Any) -> list[dict[str, Any]]:
        return [{"type": "image", "alt_text": "errors", **source}]

    unknown = await refused(desk.post(blocks=picture(slack_file={"id": "F1"})))
    insecure = await refused(desk.post(blocks=picture(image_url="http://example.com/a.png")))
    upload = await desk.client.files_upload_v2(filename="a.png", content=PNG)

    assert unknown["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file.id/slack_file]"]
    assert insecure["errors"] == ["downloading image failed [json-pointer:/blocks/0/image_url]"]
    assert await desk.post(blocks=picture(slack_file={"id": upload["file"]["id"]}))


async def test_slack_works_on_a_picture_for_a_while(desk: Desk) -> None:
    desk.slack.picture_seconds = 2
    file = (await desk.client.files_upload_v2(filename="a.png", content=PNG))["file"]
    picture = [{"type": "image", "alt_text": "errors", "slack_file": {"id": file["id"]}}]

    assert file["mimetype"] == ""
    assert (await refused(desk.post(blocks=picture)))["error"] == "invalid_blocks"
    desk.clock.now += 2
    assert (await desk.client.files_info(file=file["id"]))["file"]["mimetype"] == "image/png"
    assert await desk.post(blocks=picture)


async def test_changing_what_may_not_be_changed(desk: Desk) -> None:
    theirs = await desk.slack.say(desk.ann, desk.ops, "mine")
    ts = await desk.post()

    assert (await refused(desk.client.chat_update(channel=desk.ops.id, ts=theirs.ts, text="x")))["error"] == (
        "cant_update_message"
    )
    assert (await refused(desk.client.chat_delete(channel=desk.ops.id, ts=theirs.ts)))["error"] == (
        "cant_delete_message"
    )
    desk.slack.app.edit_minutes = 5
    desk.clock.now += 301
    assert (await refused(desk.client.chat_update(channel=desk.ops.id, ts=ts, text="x")))["error"] == (
        "edit_window_closed"
    )


async def test_one_message_a_second_after_a_burst(desk: Desk) -> None:
    for _ in range(5):
        await desk.post()

    limited = await refused(desk.post())
    assert (limited.status_code, limited.headers["Retry-After"], limited["error"]) == (429, "1", "ratelimited")
    elsewhere = desk.slack.channel("elsewhere")
    await desk.client.chat_postMessage(channel=elsewhere.id, text="x")
    desk.clock.now += 1
    await desk.post()


async def test_fifty_updates_a_minute(desk: Desk) -> None:
    ts = await desk.post()
    for number in range(50):
        desk.clock.now += 0.5
        await desk.client.chat_update(channel=desk.ops.id, ts=ts, text=f"draft {number}")

    limited = await refused(desk.client.chat_update(channel=desk.ops.id, ts=ts, text="one more"))

    assert limited.headers["Retry-After"] == "36"
    desk.clock.now += 36
    await desk.client.chat_update(channel=desk.ops.id, ts=ts, text="one more")


async def test_only_one_person_sees_it(desk: Desk) -> None:
    bob = desk.slack.person("bob")

    await desk.client.chat_postEphemeral(channel=desk.ops.id, user=desk.ann.id, text="psst")
    outside = await refused(desk.client.chat_postEphemeral(channel=desk.ops.id, user=bob.id, text="psst"))

    assert [one.text for one in desk.slack.messages(desk.ops, desk.ann)] == ["psst"]
    assert desk.slack.messages(desk.ops, bob) == []
    assert (await desk.client.conversations_history(channel=desk.ops.id))["messages"] == []
    assert outside["error"] == "user_not_in_channel"


async def test_a_thread_is_read_in_pages_with_its_metadata(desk: Desk) -> None:
    root = await desk.slack.say(desk.ann, desk.ops, "why?")
    metadata = {"event_type": "answer", "event_payload": {"question_id": "q1"}}
    for number in range(3):
        await desk.post(f"answer {number}", thread_ts=root.ts, metadata=metadata)

    async def replies(**more: Any) -> Any:
        return await desk.client.conversations_replies(channel=desk.ops.id, ts=root.ts, **more)

    whole, first = await replies(include_all_metadata=True), await replies(limit=2)
    rest = await replies(limit=2, cursor=first["response_metadata"]["next_cursor"])

    assert [one.get("metadata") for one in whole["messages"]] == [None, metadata, metadata, metadata]
    assert (whole["messages"][0]["reply_count"], first["has_more"]) == (3, True)
    assert [one["text"] for one in rest["messages"]] == ["answer 1", "answer 2"]
    assert "metadata" not in first["messages"][1]
    assert (await refused(desk.client.conversations_replies(channel=desk.ops.id, ts="1.1")))["error"] == (
        "thread_not_found"
    )


async def test_people_groups_and_channels(desk: Desk) -> None:
    user = (await desk.client.users_info(user=desk.ann.id))["user"]
    (group,) = (await desk.client.usergroups_list(include_users=True))["usergroups"]
    members = await desk.client.conversations_members(channel=desk.ops.id)
    opened = await desk.client.conversations_open(users=desk.ann.id)

    assert (user["name"], user["profile"]["email"], user["is_bot"]) == ("ann", "ann@acme.example", False)
    assert (group["handle"], group["users"]) == ("sre", [desk.ann.id])
    assert (await desk.client.usergroups_users_list(usergroup=group["id"]))["users"] == [desk.ann.id]
    assert members["members"] == [desk.ann.id, desk.slack.bot_user_id]
    assert (await desk.client.conversations_info(channel=opened["channel"]["id"]))["channel"]["user"] == desk.ann.id
    assert len((await desk.client.users_list())["members"]) == 2


async def test_joining_a_channel(desk: Desk) -> None:
    outside = desk.slack.channel("outside", with_bot=False)

    await desk.client.conversations_join(channel=outside.id)

    await desk.client.chat_postMessage(channel=outside.id, text="x")
    assert (await desk.client.conversations_join(channel=outside.id))["warning"] == "already_in_channel"
