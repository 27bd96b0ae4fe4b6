"""What people do, and the events that an app gets for it."""

from collections.abc import AsyncIterator

import pytest

from connectors.chat.fakes.slack import FakeSlack
from tests.contracts.slack_listener import Clock, Listener, listening

Desk = tuple[FakeSlack, Listener, Clock]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with listening() as opened:
        yield opened


async def test_text_comes_as_slack_keeps_it(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")

    await slack.tell(ann, f"a < b & <@{ann.id}> https://example.com/x?a=1&b=2 <!here>")
    await slack.settled()

    event = listener.events[0]
    assert event["text"] == f"a &lt; b &amp; <@{ann.id}> <https://example.com/x?a=1&amp;b=2> <!here>"
    kinds = [one["type"] for one in event["blocks"][0]["elements"][0]["elements"]]
    assert kinds == ["text", "user", "text", "link", "text", "broadcast"]


async def test_an_answer_in_a_thread_names_its_parent(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    ops = slack.channel("ops", [ann], private=True)

    root = await slack.say(ann, ops, "it is down")
    answer = await slack.say(ann, ops, "since noon", thread=root)
    await slack.broadcast(ann, ops, "for all", answer)
    await slack.settled()

    _, event, seen_by_all = listener.events
    assert (event["thread_ts"], event["parent_user_id"]) == (root.ts, ann.id)
    assert (event["channel_type"], seen_by_all["subtype"]) == ("group", "thread_broadcast")
    assert [one.text for one in slack.thread(ops, root)] == ["it is down", "since noon", "for all"]


async def test_an_edit_a_preview_and_a_deletion(desk: Desk) -> None:
    slack, listener, _ = desk
    said = await slack.tell(slack.person("ann"), "why 501?")

    await slack.edit(said, "why 502?")
    await slack.unfold(said)
    await slack.delete(said)
    await slack.settled()

    edited, unfolded, deleted = listener.events[1:]
    assert (edited["message"]["text"], edited["previous_message"]["text"]) == ("why 502?", "why 501?")
    assert edited["message"]["edited"]["user"] == said.user
    assert unfolded["message"]["text"] == unfolded["previous_message"]["text"]
    assert unfolded["message"]["attachments"][0]["from_url"]
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", said.ts)


async def test_the_root_of_a_thread_leaves_a_tombstone(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    root = await slack.tell(ann, "why?")
    await slack.tell(ann, "hello?", thread=root)

    await slack.delete(root)
    await slack.settled()

    assert listener.events[-1]["subtype"] == "message_changed"
    assert listener.events[-1]["message"]["subtype"] == "tombstone"


async def test_bots_with_and_without_a_user(desk: Desk) -> None:
    slack, listener, _ = desk
    ops = slack.channel("ops")

    await slack.alert(ops, "", attachments=[{"title": "KubePodCrashLooping", "fallback": "pod"}])
    await slack.bot_says(ops, "v42 is out")
    await slack.settled()

    webhook, app = listener.events
    assert (webhook["subtype"], webhook["username"]) == ("bot_message", "Alertmanager")
    assert "user" not in webhook
    assert (app["user"], app["bot_profile"]["name"]) != (slack.bot_user_id, "Nightshift")
    assert app["bot_id"] != webhook["bot_id"]


async def test_who_joins_is_announced_twice(desk: Desk) -> None:
    slack, listener, _ = desk
    ops = slack.channel("ops")

    await slack.join(slack.person("ann"), ops)
    await slack.settled()

    assert listener.kinds() == ["message.channel_join", "member_joined_channel"]


async def test_people_of_another_workspace(desk: Desk) -> None:
    slack, listener, _ = desk
    eve = slack.person("eve", external=True)

    await slack.mention(eve, slack.channel("with-them", [eve], shared=True), "why?")
    await slack.settled()

    assert listener.events[0]["user_team"] == eve.team != slack.team_id
    assert listener.bodies[0]["is_ext_shared_channel"]


async def test_files_come_with_their_addresses(desk: Desk) -> None:
    slack, listener, _ = desk

    await slack.tell(slack.person("ann"), "look", files=[("error.png", b"\x89PNG"), ("log.txt", b"502", "text/plain")])
    await slack.settled()

    event = listener.events[0]
    assert event["subtype"] == "file_share"
    assert [(one["name"], one["mimetype"], one["size"]) for one in event["files"]] == [
        ("error.png", "image/png", 4),
        ("log.txt", "text/plain", 3),
    ]


async def test_commands_and_shortcuts(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    ops = slack.channel("ops", [ann])
    alert = await slack.alert(ops, "CheckoutDown")

    await slack.slash(ann, ops, "/nightshift", "why 502?")
    await slack.shortcut(ann, alert, "ask")
    await slack.global_shortcut(ann, "ask")

    command, about, anywhere = listener.bodies[-3:]
    assert (command["command"], command["text"], command["channel_id"]) == ("/nightshift", "why 502?", ops.id)
    assert (about["type"], about["message"]["text"], about["callback_id"]) == ("message_action", "CheckoutDown", "ask")
    assert (anywhere["type"], "channel" in anywhere) == ("shortcut", False)


async def test_home_and_assistant(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    ops = slack.channel("ops", [ann])

    await slack.open_home(ann)
    root = await slack.open_assistant(ann, context=ops)
    await slack.tell(ann, "why 502?", thread=root)
    await slack.settled()

    await slack.look_elsewhere(ann, root, slack.channel("payments", [ann]))
    await slack.settled()

    home, started, asked, moved = listener.events
    assert moved["type"] == "assistant_thread_context_changed"
    assert (home["type"], home["tab"]) == ("app_home_opened", "home")
    assert started["assistant_thread"]["context"]["channel_id"] == ops.id
    assert asked["thread_ts"] == started["assistant_thread"]["thread_ts"]
