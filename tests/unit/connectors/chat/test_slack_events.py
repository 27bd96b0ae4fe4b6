"""What Slack sends comes to the right event, or is left out for the right reason.

The recorded bodies are those of bolt-python's own tests (github.com/slackapi/bolt-python, MIT licence).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.chat.port import IncomingMessage
from connectors.chat.slack_events import Identity, Ignored, Said, read_event
from tests.unit.connectors.chat.slack_outcomes import fingerprint, outcome, receiver

HERE = Path(__file__).parent
ALL = Path(__file__).parents[5] / "shared" / "data" / "im-and-alert-payloads" / "slack_bolt_payloads.json"
US = Identity("T1", "U9", "B9", "A9", url="https://acme.slack.com/")


def recorded() -> list[dict[str, Any]]:
    few: list[dict[str, Any]] = json.loads((HERE / "slack_bodies.json").read_text("utf-8"))
    more = [one["payload"] for one in json.loads(ALL.read_text("utf-8"))] if ALL.exists() else []
    return [*few, *more]


def expected() -> dict[str, str]:
    lines = (HERE / "slack_outcomes.txt").read_text("utf-8").splitlines()
    return {line[:12]: line[14:].rpartition("  # ")[0] for line in lines}


def test_every_recorded_body_comes_to_what_it_should() -> None:
    known = expected()

    assert {fingerprint(one): outcome(one, receiver(one)) for one in recorded()}.items() <= known.items()


def test_no_recorded_body_is_taken_by_an_app_that_it_was_not_sent_to() -> None:
    stranger = Identity("T_ELSEWHERE", "U9", "B9", "A_ELSEWHERE")

    assert {outcome(one, stranger) for one in recorded()} <= {
        "left out · another app",
        "left out · another workspace",
    }


def delivered(**event: Any) -> dict[str, Any]:
    said = {"type": "message", "channel": "C1", "user": "U1", "ts": "1700000000.000100", "text": "hi", **event}
    return {"team_id": "T1", "api_app_id": "A9", "type": "event_callback", "event": said}


def reason(body: dict[str, Any]) -> str:
    return outcome(body, US)


def said(body: dict[str, Any]) -> Said:
    found = read_event(body, US, lambda one: {"U9": "", "U2": "bob"}.get(one, one))
    assert isinstance(found, Said)
    return found


@pytest.mark.parametrize(
    ("event", "addressed"),
    [
        pytest.param({"text": "<@U9> why?"}, True, id="mentioned"),
        pytest.param({"text": "<@U9|nightshift> why?"}, True, id="mentioned-with-name"),
        pytest.param({"type": "app_mention", "text": "why?"}, True, id="app-mention"),
        pytest.param({"channel": "D1", "channel_type": "im"}, True, id="direct"),
        pytest.param({"channel": "G1", "channel_type": "mpim"}, False, id="group-direct"),
        pytest.param({"text": "<@U91> why?"}, False, id="somebody-else"),
        pytest.param({"thread_ts": "1600000000.000100"}, False, id="thread"),
        pytest.param({"subtype": "file_share"}, False, id="file"),
        pytest.param({"subtype": "thread_broadcast", "thread_ts": "1600000000.000100"}, False, id="broadcast"),
    ],
)
def test_what_is_said_to_us(event: dict[str, Any], addressed: bool) -> None:  # noqa: FBT001
    assert said(delivered(**event)).message.addressed is addressed


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"user": "U9"}, "our own message"),
        ({"bot_id": "B9"}, "our own message"),
        ({"bot_id": "B2", "app_id": "A9"}, "our own message"),
        ({"bot_id": "B2", "ts": ""}, "another bot's message"),
        ({"user": "USLACKBOT"}, "another bot's message"),
        ({"subtype": "channel_join"}, "a system message (channel_join)"),
        ({"ts": "never"}, "incomplete: no channel, user or ts"),
        ({"type": "pin_added"}, "not asked for: pin_added"),
        (
            {"subtype": "message_changed", "message": {"text": "hi", "ts": "1.1", "user": "U1"}},
            "nothing its author changed",
        ),
    ],
)
def test_what_is_not_for_us_says_why(event: dict[str, Any], why: str) -> None:
    assert reason(delivered(**event)) == f"left out · {why}"


def test_what_another_bot_says_is_handed_in_as_its_word_and_is_not_addressed() -> None:
    card = [{"title": "[FIRING:1] PoolFull", "text": "service = payments"}]
    body = delivered(subtype="bot_message", bot_id="B2", user=None, text="<@U9> look", attachments=card)
    found = said(body).message

    assert (found.by_bot, found.addressed, found.author) == (True, False, "slack:bot/B2")
    assert "[FIRING:1] PoolFull\nservice = payments" in found.text


def test_an_alert_that_another_bot_writes_anew_is_handed_in_again() -> None:
    before = {"ts": "1700000000.000100", "bot_id": "B2", "attachments": [{"title": "[FIRING:1] PoolFull"}]}
    now = {**before, "attachments": [{"title": "[RESOLVED] PoolFull"}]}
    body = delivered(subtype="message_changed", message=now, previous_message=before)
    again = delivered(subtype="message_changed", message=now, previous_message=now)

    assert (said(body).message.by_bot, said(body).message.text) == (True, "[RESOLVED] PoolFull")
    assert reason(again) == "left out · nothing its author changed"


def test_an_unfurled_link_is_no_edit() -> None:
    now = {"text": "see https://x.example", "user": "U1", "ts": "1700000000.000100", "edited": {"ts": "1700000001.1"}}
    body = delivered(subtype="message_changed", message=now, previous_message=dict(now))

    assert reason(body) == "left out · nothing its author changed"


def test_a_deleted_question_with_answers_below_it_is_withdrawn() -> None:
    body = delivered(subtype="message_changed", message={"subtype": "tombstone", "ts": "1700000000.000100"})

    assert reason(body) == "withdrawn · C1/1700000000.000100"


@pytest.mark.parametrize(
    ("event", "author"),
    [
        ({}, "slack:U1"),
        ({"team": "T1"}, "slack:U1"),
        ({"team": "T2"}, "slack:T2/U1"),
        ({"team": "T2", "user_team": "T1"}, "slack:U1"),
        ({"team": "T1", "user_team": "E2"}, "slack:E2/U1"),
    ],
)
def test_people_of_other_organisations_never_look_like_ours(event: dict[str, Any], author: str) -> None:
    assert said(delivered(**event)).message.author == author


def test_what_somebody_forwards_is_quoted_and_not_taken_for_their_own_words() -> None:
    shared = {"is_share": True, "author_name": "Alertmanager", "text": "Disk &lt;full&gt;", "from_url": "https://x"}
    message = said(delivered(text="<@U9> and this?", attachments=[shared])).message

    assert message.text == "and this?"
    assert [(one.author, one.text) for one in message.quoted] == [("Alertmanager", "Disk <full>")]


def test_files_that_slack_does_not_keep_are_left_out() -> None:
    files = [
        {"id": "F1", "name": "a.png", "mimetype": "image/png", "mode": "hosted"},
        {"id": "F2", "name": "gone", "mode": "tombstone"},
        {"id": "F3", "name": "drive", "mode": "external"},
    ]

    assert [one.reference for one in said(delivered(files=files)).message.attachments] == ["F1"]


def test_a_question_in_somebodys_thread_names_what_it_began_with() -> None:
    below = {"text": "<@U9> why?", "thread_ts": "1600000000.000100"}

    assert said(delivered(**below)).root == "1600000000.000100"
    assert said(delivered(**below, parent_user_id="U9")).root == ""


@pytest.mark.parametrize("odd", [[], "x", None, {"type": []}, {"type": "message", "message": [], "files": [1, {}]}])
def test_a_body_of_any_shape_is_read(odd: Any) -> None:
    assert reason({"team_id": "T1", "event": odd}).startswith("left out")


def test_what_no_database_takes_is_left_out_of_what_was_said() -> None:
    found = read_event(json.loads(json.dumps(delivered(text="<@U9> why\0 \ud83d?"))), US, lambda one: one)

    assert isinstance(found, Said)
    assert found.message.text == "@U9 why ??"
    assert IncomingMessage.model_validate_json(found.message.model_dump_json()) == found.message


def test_a_moment_that_no_calendar_has_is_no_message() -> None:
    assert read_event(delivered(ts="253402300800.000100"), US, lambda one: one) == Ignored(
        "incomplete: no channel, user or ts"
    )
