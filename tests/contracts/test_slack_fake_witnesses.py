"""The fake Slack judged by others: the vendor's JavaScript SDK, its types, an emulator, and recorded payloads."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.chat.fakes.slack import FakeSlack
from tests.contracts.slack_listener import listening
from tests.contracts.slack_witnesses import emulator, javascript, typescript_errors
from tests.unit.connectors.chat.fakes.test_slack_rules import ANSWER, PICTURE, actions, button, mrkdwn, section, view

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "im-and-alert-payloads"
SCOPES = (
    "chat:write", "channels:read", "channels:history", "channels:join", "im:write", "users:read", "files:read",
    "files:write", "reactions:write", "team:read",
)  # fmt: skip
PNG = b"\x89PNG" + b"0" * 10
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [{"type": "divider"}]}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


async def test_the_vendors_javascript_client(tmp_path: Path) -> None:
    async with FakeSlack().running() as slack:
        ann = slack.person("ann")
        ops = slack.channel("ops", [ann])
        arguments = (slack.api_url, slack.bot_token, slack.app_token, ops.id, ann.id)
        async with javascript(*arguments) as witness, asyncio.timeout(60):
            assert witness.stdout
            assert (await witness.stdout.readline()).strip() == b"listening"
            await slack.mention(ann, ops, "why 502?")
            answer = await slack.slash(ann, ops, "/nightshift", "why?")
            saw = json.loads(await witness.stdout.read())

        assert answer.payload == {"text": "looking"}
        assert (saw["bot"], saw["scopes"]) == (slack.bot_user_id, True)
        assert saw["thread"] == [["changed", []], ["", ["a.txt"]]]
        assert [saw[name] for name in ("long", "missing", "nowhere")] == [
            "msg_too_long",
            "message_not_found",
            "channel_not_found",
        ]
        assert ["events_api", "app_mention", 0] in saw["seen"]
        assert saw["seen"][-1] == ["slash_commands", "/nightshift", None]
        streamed = slack.thread(ops, saw["ts"])[-1]
        assert (streamed.readable, streamed.streaming) == ("The **pool** is full.", False)


def test_the_vendors_types_take_what_we_take(tmp_path: Path) -> None:
    assert typescript_errors(tmp_path, [ANSWER["blocks"], PICTURE["blocks"]], [view(), HOME]) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "header", "text": mrkdwn("x")},
        actions(button(text=mrkdwn("x"))),
        section(colour="red"),
        {"type": "context", "elements": [button()]},
    ],
    ids=["header in mrkdwn", "button in mrkdwn", "unknown property", "button in a context"],
)
def test_the_vendors_types_refuse_what_we_refuse(bad: dict[str, Any], tmp_path: Path) -> None:
    assert typescript_errors(tmp_path, [[bad]])


class Calls:
    """The same calls against any Slack, and what each answered."""

    def __init__(self, client: httpx.AsyncClient, channel: str, user: str) -> None:
        self.client, self.channel, self.user = client, channel, user
        self.answers: dict[str, dict[str, Any]] = {}

    async def call(self, label: str, method: str, **arguments: Any) -> dict[str, Any]:
        form = {name: one if isinstance(one, str) else json.dumps(one) for name, one in arguments.items()}
        self.answers[label] = (await self.client.post(method, data=form)).json()
        return self.answers[label]

    async def messages(self) -> None:
        here = {"channel": self.channel}
        await self.call("join", "conversations.join", **here)
        await self.call("auth", "auth.test")
        ts = (await self.call("post", "chat.postMessage", **here, text="hello"))["ts"]
        metadata = {"event_type": "a", "event_payload": {"q": "1"}}
        await self.call("reply", "chat.postMessage", **here, text="x", thread_ts=ts, metadata=metadata)
        await self.call("update", "chat.update", **here, ts=ts, text="edited")
        await self.call("replies", "conversations.replies", **here, ts=ts)
        await self.call("history", "conversations.history", **here)
        await self.call("ephemeral", "chat.postEphemeral", **here, user=self.user, text="psst")
        await self.call("permalink", "chat.getPermalink", **here, message_ts=ts)
        eyes = {**here, "timestamp": ts, "name": "eyes"}
        for label, method in (("react", "add"), ("react twice", "add"), ("unreact", "remove"), ("not there", "remove")):
            await self.call(label, f"reactions.{method}", **eyes)
        await self.call("delete", "chat.delete", **here, ts=ts)

    async def people_and_files(self) -> None:
        here = {"channel": self.channel}
        await self.call("members", "conversations.members", **here)
        await self.call("team", "team.info")
        upload = await self.call("upload", "files.getUploadURLExternal", filename="a.png", length=str(len(PNG)))
        assert (await self.client.post(upload["upload_url"], content=PNG)).status_code == 200
        files = [{"id": upload["file_id"], "title": "A"}]
        await self.call("complete", "files.completeUploadExternal", files=files, channel_id=self.channel)

    async def views(self, trigger: str) -> None:
        opened = await self.call("open", "views.open", trigger_id=trigger, view=MODAL)
        await self.call("open twice", "views.open", trigger_id=trigger, view=MODAL)
        await self.call("open without", "views.open", trigger_id="1.2.x", view=MODAL)
        await self.call("change", "views.update", view_id=opened["view"]["id"], view=MODAL)
        await self.call("change nothing", "views.update", view_id="V1", view=MODAL)

    async def mistakes(self) -> None:
        here = {"channel": self.channel}
        await self.call("bad channel", "chat.postMessage", channel="C0NOPE", text="x")
        await self.call("bad ts", "chat.update", **here, ts="1.1", text="x")
        await self.call("bad delete", "chat.delete", **here, ts="1.1")
        await self.call("no text", "chat.postMessage", **here, text="")
        await self.call("bad metadata", "chat.postMessage", **here, text="x", metadata="nope")
        await self.call("bad user", "users.info", user="U0NOPE")
        await self.call("bad file", "files.info", file="F0NOPE")
        await self.call("bad bot", "bots.info", bot="B0NOPE")
        await self.call("bad reaction", "reactions.add", **here, timestamp="1.1", name="eyes")


async def calls(url: str, token: str, channel: str, user: str, trigger: Callable[[], Awaitable[str]]) -> Calls:
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        made = Calls(client, channel, user)
        await made.messages()
        await made.people_and_files()
        await made.views(await trigger())
        await made.mistakes()
        return made


def missing(theirs: Any, ours: Any, path: str = "") -> list[str]:
    """The fields that they answer and we do not."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        inner = [missing(theirs[name], ours[name], f"{path}/{name}") for name in theirs if name in ours]
        return [f"{path}/{name}" for name in theirs if name not in ours] + [one for each in inner for one in each]
    if isinstance(theirs, list) and isinstance(ours, list) and theirs and ours:
        return missing(theirs[0], ours[0], path)
    return []


# Fields of people's own clients, which no app reads, and the key that is a channel's id.
UNREAD = ("/is_open", "/last_read", "/num_members", "/is_starred", "/shares/public/")


async def test_an_independent_emulator_answers_the_same(tmp_path: Path) -> None:
    async with FakeSlack().running() as slack, emulator(tmp_path, slack.bot_token, SCOPES) as theirs:
        slack.limits.strict = False
        ann = slack.person("ann")
        channel = slack.channel("general", [ann], with_bot=False)
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with httpx.AsyncClient(base_url=theirs, headers=headers) as client:
            user = (await client.post("auth.test")).json()["user_id"]
            there = (await client.post("conversations.list")).json()["channels"][0]["id"]

            async def trigger() -> str:
                return str((await client.post("views.generateTriggerId", json={"user_id": user})).json()["trigger_id"])

            expected = await calls(theirs, slack.bot_token, there, user, trigger)

        async def ours() -> str:
            return slack.trigger(ann)

        found = await calls(slack.api_url, slack.bot_token, channel.id, ann.id, ours)

    differing = {
        label: (answer.get("error"), found.answers[label].get("error"))
        for label, answer in expected.answers.items()
        if answer.get("error") != found.answers[label].get("error")
    }
    assert differing == {}
    absent = {one for label, answer in expected.answers.items() for one in missing(answer, found.answers[label])}
    assert [one for one in absent if not any(field in one for field in UNREAD)] == []


def recorded(kind: str, event: str | None = None, subtype: str | None = None) -> dict[str, Any]:
    file = RECORDED / "slack_bolt_payloads.json"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    whole = [
        one["payload"]
        for one in json.loads(file.read_text("utf-8"))
        if (one["type"], one["event_type"], one["subtype"]) == (kind, event, subtype)
    ]
    return dict(max(whole, key=lambda one: len(json.dumps(one))))


# Left by Slack years ago, only of workspaces under an enterprise, or made by the recordings' own tests.
GONE = {"enterprise_id", "enterprise_name", "enterprise", "authed_users", "authed_teams"}
MADE_OF_PICTURES = ("/event/files/thumb_", "/event/files/original_")


def lacking(theirs: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    known = {one for one in missing(theirs, ours) if not GONE & set(one.split("/")) and "/blocks/" not in one}
    return {one.lstrip("/") for one in known if not one.startswith(MADE_OF_PICTURES)}


async def test_events_have_the_fields_of_recorded_ones() -> None:
    async with listening() as (slack, listener, _):
        ann = slack.person("ann")
        said = await slack.mention(ann, slack.channel("ops", [ann]), "why?", files=[("a.png", PNG)])
        await slack.edit(said, "why 502?")
        await slack.delete(said)
        await slack.open_home(ann)
        await slack.settled()
        shared, mention, changed, deleted, home = listener.bodies

    assert lacking(recorded("event_callback", "app_mention"), mention) <= {"event/user_team", "event/source_team",
                                                                           "event/user_profile"}  # fmt: skip
    assert lacking(recorded("event_callback", "message", "file_share"), shared) == set()
    assert lacking(recorded("event_callback", "message", "message_changed"), changed) == set()
    assert lacking(recorded("event_callback", "message", "message_deleted"), deleted) == set()
    assert lacking(recorded("event_callback", "app_home_opened"), home) == set()


async def test_interactions_have_the_fields_of_recorded_ones() -> None:
    async with listening() as (slack, listener, _):
        ann = slack.person("ann")
        ops = slack.channel("ops", [ann])
        said = await slack.say(ann, ops, "why?", blocks=[actions(button(), block_id="b")])
        await slack.settled()
        listener.bodies.clear()
        await slack.click(ann, said, "up")
        await slack.shortcut(ann, said, "ask")
        await slack.global_shortcut(ann, "ask")
        await slack.slash(ann, ops, "/nightshift", "why?")
        click, about, anywhere, command = listener.bodies

    pressed = lacking(recorded("block_actions"), click)
    assert not {one for one in pressed if one.split("/")[0] not in ("message", "actions", "view", "state")}
    assert lacking(recorded("message_action"), about) == set()
    assert lacking(recorded("shortcut"), anywhere) == set()
    schema = RECORDED / "slack-json-schemas/SlashCommandPayload.json"
    assert lacking(json.loads(schema.read_text("utf-8")), command) == set()
