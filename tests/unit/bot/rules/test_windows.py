"""Words of time in both languages, read at one fixed moment: Wednesday 2026-03-04 15:30 UTC."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.windows import find_window

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
MONDAY, LAST_MONDAY = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 2, 23, tzinfo=UTC)
SIX = timedelta(hours=6)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param("errors of ledger today", MIDNIGHT, NOW, id="today"),
        pytest.param("in the past day", NOW - timedelta(days=1), NOW, id="past-day-without-a-number"),
        pytest.param("over the last 24 hours", NOW - timedelta(hours=24), NOW, id="last-24-hours"),
        pytest.param("last 15 min", NOW - timedelta(minutes=15), NOW, id="last-15-min"),
        pytest.param("past couple of hours", NOW - timedelta(hours=2), NOW, id="couple-of-hours"),
        pytest.param("since 2h ago", NOW - timedelta(hours=2), NOW, id="2h-ago"),
        pytest.param("half an hour ago", NOW - timedelta(minutes=30), NOW, id="half-an-hour-ago"),
        pytest.param("slow since noon", MIDNIGHT + timedelta(hours=12), NOW, id="since-noon"),
        pytest.param("since 14:05", MIDNIGHT + timedelta(hours=14, minutes=5), NOW, id="clock"),
        pytest.param("since 6pm", MIDNIGHT - timedelta(hours=6), NOW, id="clock-not-yet-today-is-yesterday"),
        pytest.param("logs since last Thursday", MIDNIGHT - 6 * DAY, NOW, id="since-a-weekday"),
        pytest.param("since Wednesday", MIDNIGHT - 7 * DAY, NOW, id="since-todays-weekday-is-a-week-ago"),
        pytest.param("上周五以来的日志", MIDNIGHT - 5 * DAY, NOW, id="zh-since-a-weekday"),
        pytest.param("since 2026-03-01", MIDNIGHT - 3 * DAY, NOW, id="since-a-date"),
        pytest.param("2026-03-01以来", MIDNIGHT - 3 * DAY, NOW, id="zh-since-a-date"),
        pytest.param("yesterday", MIDNIGHT - timedelta(days=1), MIDNIGHT, id="yesterday"),
        pytest.param("since yesterday", MIDNIGHT - timedelta(days=1), NOW, id="since-yesterday"),
        pytest.param("which alerts last week", LAST_MONDAY, MONDAY, id="last-week"),
        pytest.param("who is on call tomorrow", MIDNIGHT + DAY, MIDNIGHT + 2 * DAY, id="tomorrow"),
        pytest.param("最近24小时的错误", NOW - timedelta(hours=24), NOW, id="zh-last-24-hours"),
        pytest.param("过去半小时", NOW - timedelta(minutes=30), NOW, id="zh-half-hour"),
        pytest.param("近三天", NOW - timedelta(days=3), NOW, id="zh-three-days"),
        pytest.param("两个小时前开始的", NOW - timedelta(hours=2), NOW, id="zh-two-hours-ago"),
        pytest.param("上周哪个服务的告警最多？", LAST_MONDAY, MONDAY, id="zh-last-week"),
        pytest.param("昨晚 coredns 解析失败", MIDNIGHT - SIX, MIDNIGHT + SIX, id="zh-last-night"),
        pytest.param("下午3点开始变慢", MIDNIGHT + timedelta(hours=15), NOW, id="zh-clock"),
    ],
)  # fmt: skip
def test_named_spans(text: str, start: datetime, end: datetime) -> None:
    window = find_window(text, NOW)

    assert window is not None
    assert (window.start, window.end) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "how do I rotate the TLS certificate",
        "p99 is at 5",
        "证书怎么轮换",
        "at 3 replicas",
        "last resort",
        "top 10 hosts",
    ],
)
def test_no_span_is_invented(text: str) -> None:
    assert find_window(text, NOW) is None
