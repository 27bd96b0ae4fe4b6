"""What a line's values are, by their form alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.log_masks import masked


@pytest.mark.parametrize(
    ("line", "template"),
    [
        pytest.param("took 12.5ms, 3 tries, -7 left", "took <*>, <*> tries, <*> left", id="numbers"),
        pytest.param("at 2024-05-01T12:00:00.123Z from", "at <*> from", id="time"),
        pytest.param("job 3f2b8c1e-0000-4000-8000-1234567890ab done", "job <*> done", id="uuid"),
        pytest.param("from /10.0.0.7:5432 and fe80::1:2:3", "from <*>:<*> and <*>", id="addresses"),
        pytest.param("open /var/lib/x.db: no such file", "open <*>: no such file", id="path"),
        pytest.param("call https://a.example/b?c=1 failed", "call <*> failed", id="url"),
        pytest.param("db-1.prod.example.com:5432 refused", "<*>:<*> refused", id="host"),
        pytest.param("class org.slf4j.Logger loaded", "class org.slf4j.Logger loaded", id="a-class-is-no-host"),
        pytest.param("task_12_m_000001 is done", "<*> is done", id="identifier"),
        pytest.param("HTTP2 and ipv4 stay", "HTTP2 and ipv4 stay", id="names-with-a-digit"),
        pytest.param("sent 1,146 bytes (1.11 KB)  now", "sent <*> bytes now", id="restated"),
        pytest.param("retry=true code=0xdeadbeef", "retry=<*> code=<*>", id="keys"),
    ],
)
def test_values_are_masked(line: str, template: str) -> None:
    assert masked(line) == template


@given(st.text(max_size=300))
def test_any_text_is_masked_once_and_for_all(text: str) -> None:
    once = masked(text)

    assert "  " not in once
    assert len(masked("a" * 10_000 + text)) <= 4000


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_lines_that_differ_in_numbers_alone_are_equal(one: int, other: int) -> None:
    assert masked(f"read {one} rows") == masked(f"read {other} rows")
