"""Log lines as patterns."""

import pytest

from connectors.tools.patterns import Line, message_of, patterns, sampled, told


def lines(*texts: str) -> list[Line]:
    return [Line(float(n), text) for n, text in enumerate(texts)]


def test_lines_that_differ_in_numbers_and_names_fall_together() -> None:
    (found,) = patterns(
        lines(*[f"2026-03-02 09:00:0{n} INFO order {n * 17} of 10.0.0.{n}:80 took {n}.5ms" for n in range(9)])
    )

    assert found.template == "INFO order <n> of <ip> took <n>ms"
    assert (found.count, found.first, found.last, found.sample.at) == (9, 0.0, 8.0, 8.0)


def test_trouble_comes_first_however_rare() -> None:
    found = patterns(lines(*["user logged in"] * 50, "connection refused by db"))

    assert [one.template for one in found] == ["connection refused by db", "user logged in"]


def test_requests_that_failed_stand_apart() -> None:
    found = patterns(lines(*["GET /orders HTTP/1.1 200 12ms"] * 5, *["GET /orders HTTP/1.1 503 12ms"] * 2))

    assert [(one.count, one.template.split()[0]) for one in found] == [(2, "5xx"), (5, "GET")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('{"level":"error","msg":"pool is empty","order":1}', "error pool is empty", id="json"),
        pytest.param('{"message":"first\\nsecond"}', "first", id="json-lines"),
        pytest.param('{"code": 7}', '{"code": 7}', id="json-without-words"),
        pytest.param('{"broken', '{"broken', id="no-json"),
        pytest.param("Traceback:\n  File x\n  File y", "Traceback:", id="stack-trace"),
    ],
)
def test_what_a_line_says(text: str, said: str) -> None:
    assert message_of(text) == said


def test_uuids_hashes_and_times_are_no_difference() -> None:
    first = "job 123e4567-e89b-12d3-a456-426614174000 at 2026-03-02T09:00:00Z sum 4bf92f3577b34da6 done"
    second = "job 00000000-e89b-12d3-a456-426614174999 at 2026-03-03T10:00:00Z sum 00f067aa0ba902b7 done"

    assert [one.template for one in patterns(lines(first, second))] == ["job <uuid> at <time> sum <hex> done"]


def test_what_is_left_out_is_counted() -> None:
    text, table, more = told(lines("apple falls", "a dog barks loudly", "water", "one two three four five"), 2)

    assert more
    assert (len(table.rows), text.splitlines()[0]) == (2, "4 lines, 4 patterns:")
    assert text.endswith("… and 2 more patterns.")


def test_a_very_long_line_is_cut_in_its_sample() -> None:
    assert len(sampled(Line(None, "x" * 5000))) < 700


def test_an_empty_line_is_one() -> None:
    assert [one.template for one in patterns(lines("", "   "))] == ["<empty>"]
