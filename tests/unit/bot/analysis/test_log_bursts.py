"""Which templates are new, which burst, and how rarely chance is taken for either."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.log_bursts import LogLine, Span, changes

BASELINE, WINDOW = Span(0, 3600), Span(3600, 3900)


def steady(text: str, every: float, until: float = 3900) -> list[LogLine]:
    return [LogLine(at * every, text) for at in range(int(until / every))]


def test_a_template_never_seen_before_is_new() -> None:
    lines = [
        *steady("request served in 5 ms", 10),
        LogLine(3700, "pool of db exhausted"),
        LogLine(3650, "pool of db exhausted"),
    ]

    found = changes(lines, WINDOW, BASELINE)

    assert [(one.kind, one.template, one.count, one.first_seen) for one in found] == [
        ("new", "pool of db exhausted", 2, 3650)
    ]


def test_far_more_lines_than_before_burst() -> None:
    lines = [*steady("retry of call 7", 60), *(LogLine(3600 + at, f"retry of call {at}") for at in range(100))]

    (found,) = changes(lines, WINDOW, BASELINE)

    assert (found.kind, found.template, found.expected, found.sample) == (
        "bursting",
        "retry of call <*>",
        5,
        "retry of call 7",
    )
    assert found.false_discovery < 1e-9


def test_refused_requests_burst_by_themselves() -> None:
    served = steady("GET /cart HTTP/1.1 status: 200", 3)
    refused = [LogLine(3600 + at, "GET /cart HTTP/1.1 status: 503") for at in range(30)]

    (found,) = changes(served + refused, WINDOW, BASELINE)

    assert (found.kind, found.template, found.count) == ("new", "5xx GET <*> HTTP/<*> status: <*>", 30)


def test_the_usual_pace_is_no_burst() -> None:
    assert changes(steady("request served", 7), WINDOW, BASELINE) == []


def test_what_comes_in_clumps_is_no_burst_when_it_does_so_again() -> None:
    lines = [LogLine(hour * 600 + at, "nightly job wrote a row") for hour in range(7) for at in range(100)]

    assert changes(lines, WINDOW, BASELINE) == []


def test_chance_is_seldom_taken_for_a_burst() -> None:
    chance = random.Random(3)  # noqa: S311  # seeded on purpose
    templates = [" ".join(["tick"] * words) + "!" * marks for words in range(1, 15) for marks in range(15)]
    lines = [LogLine(chance.uniform(0, 3900), one) for one in templates for _ in range(chance.randint(5, 80))]

    found = changes(lines, WINDOW, BASELINE)

    assert [one for one in found if one.kind == "bursting"] == []


def test_spans_may_not_overlap() -> None:
    with pytest.raises(ValueError, match="overlap"):
        changes([], Span(0, 10), Span(5, 20))


def test_a_span_ends_after_its_start() -> None:
    with pytest.raises(ValueError, match="end after its start"):
        Span(5, 5)


@given(st.lists(st.tuples(st.floats(0, 3900), st.sampled_from(["one failed", "two went well"])), max_size=40))
def test_findings_are_of_the_window_and_least_likely_first(lines: list[tuple[float, str]]) -> None:
    found = changes([LogLine(*line) for line in lines], WINDOW, BASELINE)

    assert all(one.first_seen in WINDOW and one.count >= 1 and 0 <= one.false_discovery <= 1 for one in found)
    assert [one.false_discovery for one in found] == sorted(one.false_discovery for one in found)
