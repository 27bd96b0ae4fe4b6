"""What the queue says many times a second gets into the log once a minute."""

import logging

from connectors.state.queue import Seldom


def said(line: int, second: float) -> logging.LogRecord:
    record = logging.LogRecord("dbos", logging.WARNING, "queue.py", line, "disk full", None, None)
    record.created = second
    return record


def test_a_place_is_heard_once_a_minute() -> None:
    seldom = Seldom()

    assert [seldom.filter(said(1, second)) for second in (1000.0, 1000.1, 1059.0, 1060.0)] == [True, False, False, True]


def test_another_place_is_heard_at_once() -> None:
    seldom = Seldom()

    assert [seldom.filter(said(line, 1000.0)) for line in (1, 2)] == [True, True]
