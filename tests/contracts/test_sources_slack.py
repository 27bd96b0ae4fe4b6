"""What Slack threads say once they are Markdown, what makes them change, and what is told when Slack refuses."""

from typing import Any

import pytest

from connectors.sources.port import Document, SourceUnavailable, Unreadable
from tests.contracts.recordings import Exchange
from tests.contracts.test_sources_chat import CHANNEL, one, read


async def test_a_slack_thread_tells_who_said_what_and_what_solved_it() -> None:
    thread = await one(CHANNEL, CHANNEL.chinese)

    assert thread.kind == "thread"
    assert thread.link == "https://acme.slack.com/archives/C024BE91L/p1772409600000100"
    assert thread.labels == {"channel": "ops-alerts", "status": "solved", "date": "2026-03-02"}
    assert thread.text == (
        "**Alertmanager** (2026-03-02 00:00 UTC):\n\n[FIRING:1] DiskFull\n\n"
        "**[\\[FIRING:1\\] DiskFull log-3](https://alerts.example/#/alerts?receiver=ops)**\n\n"
        "**Summary:** disk above 95% on [log-3](https://grafana.example/d/disk)\n\n- severity: critical\n\n"
        "**Anna** (2026-03-02 00:01 UTC):\n\n@王小明 looks like the log volume, run\n\n"
        "```\ndf -h /data && ls /data/segments\n```\n\n"
        "**王小明** (2026-03-02 00:02 UTC), marked as the solution:\n\n删除旧的段以后恢复了：`rm /data/segments/old-*`"
    )


async def test_mentions_notify_nobody_and_the_bot_s_own_answers_stay_out() -> None:
    thread = await one(CHANNEL, CHANNEL.english)

    assert "after the deploy here" in thread.text
    assert "DNS" not in thread.text
    assert thread.labels["status"] == "open"


async def test_a_slack_thread_changes_with_an_edit_or_a_mark_on_its_first_message() -> None:
    async def digests(**change: Any) -> list[str]:
        replay = CHANNEL.replay()
        history = next(row for row in replay.recorded if "history" in row.ask and "cursor" in row.ask)
        history.answer["messages"][0] |= change
        async with CHANNEL.connected(replay) as source:
            return [entry.digest for entry in await source.entries()]

    edited = await digests(edited={"user": "U2LAC0X9Q", "ts": "1772409999.000000"})
    marked = await digests(reactions=[{"name": "white_check_mark", "users": ["U1"], "count": 1}])

    assert len({tuple(await digests()), tuple(edited), tuple(marked)}) == 3


async def test_a_private_channel_needs_readers() -> None:
    async with CHANNEL.connected(CHANNEL.replay(), channels=["C0SECRET9", "C024BE91L"]) as source:
        assert len(await source.entries()) == 2
        assert source.skipped["private channel without readers"] == 1
    async with CHANNEL.connected(CHANNEL.replay(), channels=["C0SECRET9"]) as source:
        with pytest.raises(SourceUnavailable, match="readers"):
            await source.entries()


async def test_a_thread_of_another_channel_is_not_asked_for() -> None:
    replay = CHANNEL.replay()
    (thread,) = await read(CHANNEL, replay, "C0SECRET9/1772406000.000100")

    assert isinstance(thread, Unreadable)
    assert replay.asked == []


async def test_without_names_people_keep_their_ids() -> None:
    replay = CHANNEL.replay()
    replay.change("users.info", {"ok": False, "error": "missing_scope", "needed": "users:read", "provided": "x"})

    (thread,) = await read(CHANNEL, replay, CHANNEL.english)

    assert isinstance(thread, Document)
    assert "**U061F7AUR** (" in thread.text


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ({"error": "missing_scope", "needed": "channels:history"}, "channels:history.*OAuth & Permissions"),
        ({"error": "invalid_auth"}, "check token"),
        ({"error": "not_in_channel"}, "C024BE91L: invite the app"),
        ({"error": "fatal_error"}, "fatal_error"),
    ],
)
async def test_a_refused_channel_ends_the_run_with_what_to_do(error: dict[str, str], advice: str) -> None:
    replay = CHANNEL.replay()
    replay.change("conversations.history", {"ok": False, **error})

    async with CHANNEL.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match=advice):
            await source.entries()


async def test_a_limit_that_slack_tells_without_its_status_is_one_too() -> None:
    replay = CHANNEL.replay()
    replay.trouble("history", Exchange("", {"ok": False, "error": "ratelimited"}, 200, {"Retry-After": "60"}))

    async with CHANNEL.connected(replay) as source:
        assert len(await source.entries()) == 2
    assert replay.slept == [60.0]
