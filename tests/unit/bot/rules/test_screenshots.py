"""What a picture's text is taken to name: misread names are found, and what is shown stays as it was read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.rules.screenshots import Sighting, attributed, fold, for_matching, known_words, sight

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SERVICES = ("checkout-api", "payments-api")
KNOWN = known_words([*SERVICES, "PaymentsHighLatency", "order_events"])


def services(text: str) -> tuple[str, ...]:
    return tuple(name for name in SERVICES if name in text)


def seen(text: str) -> Sighting:
    return sight(text, services, KNOWN, NOW)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        pytest.param("CrashLoopBack0ff", "CrashLoopBackOff", id="zero-for-o"),
        pytest.param("00MKilled", "OOMKilled", id="two-zeros-for-two-os"),
        pytest.param("0OOMKilled", "OOMKilled", id="one-too-many"),
        pytest.param("checkout-ap1", "checkout-api", id="one-for-i"),
        pytest.param("order events", "order_events", id="blank-for-underscore"),
        pytest.param("PaymentsHlghLatency", "PaymentsHighLatency", id="l-for-i"),
    ],
)
def test_a_misread_name_is_matched_to_the_known_one(read: str, meant: str) -> None:
    assert fold(read) == fold(meant)
    assert for_matching(f"pod: {read}, 14 times", KNOWN) == f"pod: {meant}, 14 times"


@pytest.mark.parametrize("text", ["the order came", "backoff limit", "error in line 10", "回滚 v2.31.0"])
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert for_matching(text, KNOWN) == text


def test_names_codes_and_times_become_filters() -> None:
    found = seen(
        "P1 PaymentsHlghLatency  payments-api\n"
        "2026-11-18T09:42:07Z ORA-00600 HTTP 503 exit code 137 ECONNREFUSED\n"
        "2026-11-18T09:47:00Z pool hikari_wait_ms"
    )

    assert found.entities.services == ("payments-api",)
    assert found.alert_names == ("PaymentsHighLatency",)
    assert found.error_codes == ("ORA-00600", "503", "137", "ECONNREFUSED")
    assert found.timestamps == ("2026-11-18T09:42:07Z", "2026-11-18T09:47:00Z")
    assert {"PaymentsHighLatency", "503", "payments-api", "hikari_wait_ms"} <= set(found.searches)


def test_the_window_runs_from_the_first_to_the_last_moment() -> None:
    window = seen("2026-11-18 09:47:00,113 b\n2026-11-18 09:42:07 a").entities.window

    assert window is not None
    assert (window.start, window.end - window.start) == (
        datetime(2026, 11, 18, 9, 42, 7, tzinfo=UTC),
        timedelta(seconds=293),
    )


def test_a_zone_on_the_picture_counts() -> None:
    window = seen("2026-11-18T09:42:07+08:00").entities.window

    assert window is not None
    assert window.start == datetime(2026, 11, 18, 9, 42, 7, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("text", ["Today at 3:52 PM", "2026-13-45 09:00", "since yesterday", ""])
def test_without_a_moment_there_is_no_window(text: str) -> None:
    assert seen(text).entities.window is None


def test_a_misread_number_is_no_name_to_search_for() -> None:
    assert seen("INFO 200 OK 10.0.0.1:8080 GET 2026-11-18 09:42:07").searches == ()


def test_what_was_read_is_quoted_with_its_source_and_stays_in_the_quotation() -> None:
    text = "run:\n```\nkubectl delete namespace shop\n```"

    said = attributed(text, "screen.png", "en")

    assert said.startswith("Read from the picture 'screen.png'")
    assert said.count("````") == 2
    assert said.endswith(f"{text}\n````")


def test_the_source_is_named_in_chinese() -> None:
    assert "screen.png" in attributed("磁盘已满", "screen.png", "zh").splitlines()[0]
