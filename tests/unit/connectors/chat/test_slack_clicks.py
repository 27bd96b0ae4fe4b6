"""What people press, send and type in Slack comes to what it asks for."""

import json
from typing import Any

import pytest

from connectors.chat.slack_clicks import (
    ASK,
    EDIT,
    Helped,
    Looked,
    Place,
    Pressed,
    Shortcut,
    Submitted,
    read_command,
    read_interaction,
)
from connectors.chat.slack_events import Ignored, Said
from tests.unit.connectors.chat.slack_outcomes import NOW
from tests.unit.connectors.chat.test_slack_events import US


def pressed(action: str, value: str = "q1", **further: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "api_app_id": "A9",
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "1.2",
        "container": {"channel_id": "C1", "message_ts": "1700000001.1"},
        "message": {"thread_ts": "1700000000.1"},
        "actions": [{"action_id": action, "value": value, "action_ts": "1700000002.2"}],
        **further,
    }


def read(body: dict[str, Any]) -> Any:
    return read_interaction(body, US, str, NOW)


def test_a_button_names_the_thread_that_it_stands_in() -> None:
    found = read(pressed("nightshift_up"))

    assert isinstance(found, Pressed)
    assert found.click.thread_id == "slack:T1/C1/1700000000.1"
    assert found.click.event_id == "C1/1700000001.1/up/U1/1700000002.2"
    assert found.click.clicked_at == NOW


def test_a_button_of_a_table_names_its_file() -> None:
    assert read(pressed("nightshift_csv:abc", "q1 abcdef")).click.text == "abcdef"


def test_nothing_stands_below_a_message_that_one_person_sees() -> None:
    container = {"channel_id": "C1", "message_ts": "1700000001.1", "is_ephemeral": True}
    found = read(pressed("nightshift_publish", container=container, message={}))

    assert (found.ephemeral, found.click.thread_id) == (True, "slack:T1/C1/")


@pytest.mark.parametrize("action", ["other_up", "nightshift", ""])
def test_a_button_of_somebody_else_is_left_out(action: str) -> None:
    assert read(pressed(action)) == Ignored("not a button of ours")


def test_a_button_that_only_shows_something_changes_nothing() -> None:
    assert isinstance(read(pressed("nightshift_sources")), Looked)
    assert isinstance(read(pressed("nightshift_restart_everything")), Looked)


def test_people_of_another_organisation_may_press_in_a_shared_channel() -> None:
    foreign = {"team": {"id": "T2"}, "user": {"id": "U1", "team_id": "T2"}}

    assert read(pressed("nightshift_up", **foreign)).click.author == "slack:T2/U1"
    assert read(pressed("nightshift_up", **foreign, api_app_id="")) == Ignored("another workspace")
    assert read(pressed("nightshift_up", **foreign, api_app_id="A8")) == Ignored("another app")


def sent(callback: str, said: str, metadata: str, blocks: Any = ()) -> dict[str, Any]:
    state = {"values": {"field": {"input": {"value": said}}}}
    view = {"id": "V1", "callback_id": callback, "private_metadata": metadata, "state": state, "blocks": list(blocks)}
    return {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "U1"}, "view": view}


PLACE = Place(channel="C1", thread="1700000000.1", question_id="q1", author="Alertmanager").model_dump_json()


def test_a_sent_query_is_a_click_with_text() -> None:
    found = read(sent(EDIT, " pool ", PLACE))

    assert isinstance(found, Submitted)
    assert (found.click.action, found.click.question_id, found.click.text) == ("edit", "q1", "pool")
    assert found.click.event_id == "C1/form/V1"


def test_a_question_about_a_message_quotes_it() -> None:
    shown = [{"block_id": f"quoted{n}", "text": {"text": part}} for n, part in enumerate(("Disk ", "full"))]
    found = read(sent(ASK, "why?", PLACE, shown))

    assert isinstance(found, Said)
    assert found.message.thread_id == "slack:T1/C1/1700000000.1"
    assert [(one.author, one.text) for one in found.message.quoted] == [("Alertmanager", "Disk full")]


@pytest.mark.parametrize("metadata", ["", "{}", "[]", '{"channel": 1}', PLACE[:-1]])
def test_a_form_that_is_not_ours_is_left_out(metadata: str) -> None:
    assert read(sent(EDIT, "x", metadata)) == Ignored("not a form of ours")


def test_the_shortcut_keeps_the_place_and_files_of_the_message() -> None:
    message = {"ts": "1700000000.1", "user": "U2", "text": "see", "files": [{"id": "F1", "name": "a.png"}]}
    channel, team, user = {"id": "C1"}, {"id": "T1"}, {"id": "U1"}
    body = {"type": "message_action", "callback_id": ASK, "channel": channel, "team": team, "user": user}
    found = read({**body, "message": message, "trigger_id": "1.2"})

    assert isinstance(found, Shortcut)
    assert (found.place.thread, found.place.author, found.quoted) == ("1700000000.1", "U2", "see")
    assert [one.reference for one in found.place.files] == ["F1"]


def typed(said: str, **further: str) -> dict[str, Any]:
    ids = {"team_id": "T1", "api_app_id": "A9", "user_id": "U1", "channel_id": "C1", "trigger_id": "1.2.x"}
    return {**ids, "command": "/nightshift", "text": said, **further}


def test_a_command_is_a_question_of_its_own_conversation() -> None:
    found = read_command(typed("ask &lt;U2&gt; why?"), US, NOW)

    assert isinstance(found, Said)
    assert (found.message.text, found.message.ephemeral) == ("ask <U2> why?", True)
    assert found.message.thread_id == "slack:T1/C1/command/1.2.x"


@pytest.mark.parametrize("said", ["", "  ", "HELP", "?", "帮助"])
def test_a_command_asks_for_help(said: str) -> None:
    assert isinstance(read_command(typed(said), US, NOW), Helped)


def test_a_command_of_another_app_is_left_out() -> None:
    assert read_command(typed("x", api_app_id="A8"), US, NOW) == Ignored("another app")


@pytest.mark.parametrize("odd", [{}, {"actions": [1]}, {"view": []}, {"user": "U1", "actions": [{"action_id": []}]}])
@pytest.mark.parametrize("kind", ["block_actions", "view_submission", "message_action", ""])
def test_a_body_of_any_shape_is_read(kind: str, odd: dict[str, Any]) -> None:
    body = json.loads(json.dumps({"type": kind, "team": {"id": "T1"}, **odd}))

    assert isinstance(read(body), Ignored)
