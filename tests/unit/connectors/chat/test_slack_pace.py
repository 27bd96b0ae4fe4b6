"""Slack's waiting times, whose turn it is, where a token may go, and which settings make sense."""

import pytest
from pydantic import SecretStr, ValidationError

from connectors.chat.slack import Settings
from connectors.chat.slack_api import answers, begun_as, slacks_own
from connectors.chat.slack_pace import Pace


class Now:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_messages_wait_by_channel_and_all_else_by_method() -> None:
    now = Now()
    pace = Pace(now)
    pace.told("chat.postMessage", {"channel": "C1"}, 3)
    pace.told("chat.update", {"channel": "C1"}, 5)
    now.seconds += 1

    assert pace.pause("chat.postMessage", {"channel": "C1"}) == 2
    assert pace.pause("chat.postMessage", {"channel": "C2"}) == 0
    assert pace.pause("chat.update", {"channel": "C2"}) == 4


def test_a_minutes_share_is_used_up_and_comes_back() -> None:
    now = Now()
    pace = Pace(now)
    for _ in range(35):
        pace.counted("chat.update")

    assert pace.crowded("chat.update", {}, 35)
    assert not pace.crowded("chat.update", {}, 36)
    now.seconds += 61
    assert not pace.crowded("chat.update", {}, 35)


async def test_who_can_be_left_out_is_when_others_wait() -> None:
    pace = Pace(Now())
    line = pace.line("chat.postMessage", {"channel": "C1"})
    async with line:
        assert pace.crowded("chat.postMessage", {"channel": "C1"})
        assert not pace.crowded("chat.postMessage", {"channel": "C2"})

    assert not pace.crowded("chat.postMessage", {"channel": "C1"})


def test_waiting_times_of_many_channels_are_forgotten_once_they_are_over() -> None:
    now = Now()
    pace = Pace(now)
    for number in range(5_000):
        pace.told("chat.postMessage", {"channel": f"C{number}"}, 1)
        now.seconds += 0.1

    assert len(pace._until) < 1_100


@pytest.mark.parametrize(
    ("address", "base", "ours"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.png", "https://slack.com/api/", True),
        ("https://files.slack-gov.com/files-pri/T1-F1/a.png", "https://slack-gov.com/api/", True),
        ("http://files.slack.com/a", "https://slack.com/api/", False),
        ("https://files.slack.com:8443/a", "https://slack.com/api/", False),
        ("https://files.slack.com.evil.example/a", "https://slack.com/api/", False),
        ("https://files.slack.com@evil.example/a", "https://slack.com/api/", False),
        ("https://slack.com/a", "https://slack.com/api/", False),
        ("https://drive.example/a", "https://slack.com/api/", False),
        ("https://[::1", "https://slack.com/api/", False),
        ("http://127.0.0.1:80/a", "http://127.0.0.1:80/api/", True),
        ("http://127.0.0.1:81/a", "http://127.0.0.1:80/api/", False),
        ("", "https://slack.com/api/", False),
    ],
)
def test_the_token_goes_to_slacks_own_files_alone(address: str, base: str, ours: bool) -> None:  # noqa: FBT001
    assert slacks_own(address, base, "files") is ours


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("https://hooks.slack.com/actions/T1/1/x", True),
        ("https://hooks.slack.evil.example/actions/T1/1/x", False),
        ("https://files.slack.com/actions/T1/1/x", False),
    ],
)
def test_a_press_is_answered_at_slacks_own_hooks_alone(address: str, ours: bool) -> None:  # noqa: FBT001
    assert slacks_own(address, "https://slack.com/api/", "hooks") is ours


def test_only_our_own_messages_count_as_answers() -> None:
    def message(bot: str, question: str, part: str, ts: str) -> dict[str, object]:
        return {"bot_id": bot, "ts": ts, "metadata": {"event_payload": {"question_id": question, "part": part}}}

    begun = {"bot_id": "B9", "ts": "5.5", "blocks": [{"block_id": begun_as("q2")}]}
    found = {"messages": [message("B2", "q1", "0", "1.1"), message("B9", "q1", "1", "2.2"), begun]}

    assert answers(found, "B9", "q1") == {"1": "2.2"}
    assert answers(found, "B9", "q2") == {"0": "5.5"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"base_url": "http://slack.example/api/"}, "this machine alone"),
        ({"public_url": "nightshift.example"}, "public_url"),
        ({"language": "de"}, "language"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings.model_validate({"bot_token": "xoxb-1", **wrong})


def test_tokens_are_not_shown() -> None:
    assert "xoxb-secret" not in repr(Settings(bot_token=SecretStr("xoxb-secret")))
