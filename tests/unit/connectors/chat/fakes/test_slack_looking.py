"""What people see in the fake: transcripts, pages, and forms that Slack itself checks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_views import Views
from connectors.chat.port import WebReply
from tests.contracts.slack_listener import Clock, Listener, listening

Desk = tuple[FakeSlack, Listener, Clock]
LABEL = {"type": "plain_text", "text": "What was wrong?"}
CHOICE: dict[str, Any] = {"text": {"type": "plain_text", "text": "Wrong cause"}, "value": "cause"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with listening() as opened:
        yield opened


async def test_a_conversation_as_a_play(desk: Desk) -> None:
    slack, _, _ = desk
    ann = slack.person("ann")
    ops = slack.channel("ops", [ann])

    asked = await slack.mention(ann, ops, "why 502?")
    await slack.alert(ops, "", attachments=[{"title": "CheckoutDown", "fields": [{"title": "env", "value": "prod"}]}])
    await slack.say(ann, ops, "since noon", thread=asked)
    await slack.react(ann, asked, "eyes")

    assert slack.transcript(ops) == (
        "ann: @nightshift why 502?\n  :eyes: 1\n    ann: since noon\nAlertmanager: CheckoutDown\n  env: prod"
    )


TABLE: Json = {
    "type": "table",
    "rows": [[{"type": "raw_text", "text": "time"}], [{"type": "raw_text", "text": "12:01"}]],
}
CARD: list[Json] = [
    {"type": "header", "text": {"type": "plain_text", "text": "Why checkout fails"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "*full* `pool` <https://example.com|runbook> &lt;b&gt;"}},
    {"type": "markdown", "text": "## Steps\n\n- one\n\n<script>alert(1)</script>"},
    TABLE,
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "up", "text": {"type": "plain_text", "text": "OK"}}],
    },
]


async def test_a_page_shows_everything_and_runs_nothing(desk: Desk) -> None:
    slack, _, _ = desk
    ann = slack.person("ann", title="Ann <Lee>")
    ops = slack.channel("ops", [ann])
    said = await slack.say(ann, ops, "", blocks=CARD, files=[("a.png", b"\x89PNG")])

    page = slack.to_html(ops, ann, thread=said)

    seen = [
        "<b>full</b>",
        "<code>pool</code>",
        '<a href="https://example.com">runbook</a>',
        "&lt;b&gt;",
        "<li>one</li>",
    ]
    seen += ["<td>12:01</td>", "data:image/png;base64,", "Ann &lt;Lee&gt;", ">OK</span>"]
    assert [one for one in seen if one not in page] == []
    assert "<script" not in page
    assert "http://" not in page


def form(*fields: Json) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": "Feedback"}, "blocks": list(fields)}


def shown(slack: FakeSlack, person: str, view: Json) -> Views:
    views = slack._views
    views.modals[person] = [views.opened(views.checked(view, "modal"), [])]
    return views


REASON: Json = {"type": "input", "block_id": "why", "label": LABEL,
                "element": {"type": "plain_text_input", "action_id": "reason"}}  # fmt: skip
KIND: Json = {"type": "input", "block_id": "kind", "optional": True, "label": LABEL,
              "element": {"type": "static_select", "action_id": "kind", "options": [CHOICE]}}  # fmt: skip


async def test_a_form_is_filled_in_and_sent(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    shown(slack, ann.id, form(REASON, KIND))

    answer = await slack.submit(ann, {"reason": "it was the cache", "kind": "Wrong cause"})

    values = listener.bodies[-1]["view"]["state"]["values"]
    assert answer.ok
    assert values["why"]["reason"] == {"type": "plain_text_input", "value": "it was the cache"}
    assert values["kind"]["kind"]["selected_option"] == CHOICE
    assert slack.modal(ann) is None


async def test_slack_checks_a_form_before_it_is_sent(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    shown(slack, ann.id, form(REASON))

    with pytest.raises(ValueError, match="empty"):
        await slack.submit(ann, {})
    with pytest.raises(LookupError, match="no field other"):
        await slack.submit(ann, {"other": "x"})
    assert listener.bodies == []


@pytest.mark.parametrize(("action", "height"), [("update", 1), ("push", 2), ("clear", 0)])
async def test_the_app_puts_another_view_in_its_place(desk: Desk, action: str, height: int) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    views = shown(slack, ann.id, form(KIND))
    said = b'{"response_action":"%b","view":{"type":"modal","title":{"type":"plain_text","text":"Thanks"},"blocks":[]}}'
    listener.reply = WebReply(body=said % action.encode())

    await slack.submit(ann, {})

    assert len(views.modals[ann.id]) == height
    top = slack.modal(ann)
    assert top is None or top["title"] == {"type": "plain_text", "text": "Thanks"}


async def test_a_view_that_slack_would_not_show_is_no_answer(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    shown(slack, ann.id, form(KIND))
    listener.reply = WebReply(body=b'{"response_action":"update","view":{"type":"modal","blocks":[]}}')

    answer = await slack.submit(ann, {})

    assert not answer.ok
    assert "`title` is missing" in answer.reason
    assert slack.modal(ann)


async def test_closing_is_told_when_asked_for(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    for wanted in (False, True):
        shown(slack, ann.id, {**form(KIND), "notify_on_close": wanted})
        await slack.close_modal(ann)

    assert [body["type"] for body in listener.bodies] == ["view_closed"]


async def test_a_button_says_where_it_was_pressed(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    said = await slack.say(ann, slack.channel("ops", [ann]), "", blocks=CARD)

    await slack.click(ann, said, "OK")

    body = listener.bodies[-1]
    assert (body["container"]["message_ts"], body["actions"][0]["action_id"]) == (said.ts, "up")
    assert body["message"]["ts"] == said.ts
    with pytest.raises(LookupError, match="nothing to press"):
        await slack.click(ann, said, "Cancel")


async def test_what_the_app_says_to_a_command_is_shown_to_who_gave_it(desk: Desk) -> None:
    slack, listener, _ = desk
    ann, bob = slack.person("ann"), slack.person("bob")
    ops = slack.channel("ops", [ann, bob])
    listener.reply = WebReply(body=b'{"text":"looking"}')

    await slack.slash(ann, ops, "/nightshift", "why?")

    assert [one.text for one in slack.messages(ops, ann)] == ["looking"]
    assert slack.messages(ops, bob) == []
