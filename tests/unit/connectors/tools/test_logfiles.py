"""Log files of this machine: which lie where, what is in a window, and that nothing outside the folder is read."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from connectors.configuration import BadSettings, Roots, validate
from connectors.tools.logfile_entries import entries, moment_of, read_window, readable
from connectors.tools.logfiles import LogFiles, Search, Settings
from connectors.tools.questions import Window

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
AT = NOW.timestamp()


def logs(folder: Path, **table: object) -> LogFiles:
    settings = validate(Settings, {"folder": "logs", **table}, Roots(folder, folder), "logfiles")
    return LogFiles(settings, NOW.timestamp)


def written(folder: Path, name: str, *lines: str) -> Path:
    file = folder / "logs" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    os.utime(file, (AT, AT))
    return file


def said(minutes_ago: float, message: str, level: str = "info") -> str:
    return json.dumps(
        {"time": (NOW - dt.timedelta(minutes=minutes_ago)).isoformat(), "level": level, "message": message}
    )


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('{"time": "2026-03-02T09:00:00Z", "message": "x"}', id="json"),
        pytest.param('{"msg": "x", "ts": 1772442000.0}', id="json-seconds"),
        pytest.param('{"msg": "x", "timestamp": 1772442000000}', id="json-milliseconds"),
        pytest.param("2026-03-02 09:00:00,000 ERROR x", id="python"),
        pytest.param("[2026-03-02T10:00:00.000+01:00] x", id="brackets-and-offset"),
        pytest.param("time=2026-03-02T09:00:00.000000000Z level=info msg=x", id="logfmt"),
        pytest.param('time="2026-03-02T09:00:00Z" level=info', id="logfmt-quoted"),
        pytest.param("2026/03/02 09:00:00 [error] 7#7: x", id="nginx-errors"),
        pytest.param('10.0.0.7 - - [02/Mar/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 5', id="nginx-access"),
    ],
)
def test_a_line_says_when_it_was_written(line: str) -> None:
    assert moment_of(line, dt.UTC) == AT


@pytest.mark.parametrize(
    "line", ["", "  File x, line 3", '{"message": "x"}', "{broken", "2026-13-40 09:00:00 x", "[]", "{}"]
)
def test_a_line_without_a_time_says_none(line: str) -> None:
    assert moment_of(line, dt.UTC) is None


def test_a_time_without_an_offset_is_one_of_the_zone() -> None:
    assert moment_of("2026-03-02 11:00:00 x", dt.timezone(dt.timedelta(hours=2))) == AT


def test_lines_of_a_stack_trace_belong_to_their_entry() -> None:
    lines = ["2026-03-02 09:00:00 ERROR failed", "Traceback (most recent call last):", "KeyError: 'x'"]

    [one] = entries(lines, dt.UTC, "checkout")

    assert one.text == "\n".join(lines)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(
            '{"time": "t", "level": "error", "message": "failed", "user": 7}', "ERROR failed user=7", id="json"
        ),
        pytest.param(
            '{"msg": "failed", "stack": "Traceback\\nKeyError"}', "failed\nTraceback\nKeyError", id="stack-last"
        ),
        pytest.param('{"ts": 1, "data": {"a": 1}}', '{"ts": 1, "data": {"a": 1}}', id="without-a-message"),
        pytest.param("{broken", "{broken", id="no-json"),
        pytest.param("2026-03-02 09:00:00 ERROR x", "2026-03-02 09:00:00 ERROR x", id="plain"),
    ],
)
def test_json_reads_like_a_plain_line(line: str, text: str) -> None:
    assert readable(line) == text


async def test_trouble_comes_before_what_is_frequent(tmp_path: Path) -> None:
    routine = [said(9 - n / 10, f"GET /stock 200 in {n} ms") for n in range(50)]
    written(tmp_path, "orders.log", *routine, said(1, "cannot write: no space left on device, write failed", "error"))

    result = await logs(tmp_path).search(_search("orders"))

    lines = result.text.splitlines()
    assert lines[0] == "51 lines, 2 patterns:"
    assert "no space left on device" in lines[1]
    assert result.series[0].points
    assert sum(count for _, count in result.series[0].points) == 51


async def test_words_are_looked_for_as_they_are_written(tmp_path: Path) -> None:
    written(tmp_path, "orders.log", said(2, "a.c (1)"), said(1, "abc (1)"))

    result = await logs(tmp_path).search(_search("orders", text="A.C ("))

    assert "a.c (1)" in result.text
    assert "abc" not in result.text


async def test_the_last_lines_end_at_the_end_of_the_span(tmp_path: Path) -> None:
    written(tmp_path, "orders.log", *(said(30 - n, f"entry {n}") for n in range(30)))

    result = await logs(tmp_path).call(
        "log_tail", {"service": "orders", "lines": 2, "end": (NOW - dt.timedelta(minutes=10)).isoformat()}
    )

    assert result.table
    assert ["entry 19" in row[2] or "entry 20" in row[2] for row in result.table.rows] == [True, True]
    assert result.truncated


async def test_nothing_in_the_span_is_said(tmp_path: Path) -> None:
    written(tmp_path, "orders.log", said(90, "long ago"))

    assert (await logs(tmp_path).search(_search("orders"))).text.startswith("No entries from 2026-03-02 08:00")


async def test_a_service_may_have_a_pattern_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, "orders/app-1.log", said(2, "one"))
    written(tmp_path, "java/payments-api.log", said(1, "two"))
    tools = logs(tmp_path, files="{service}/app-*.log", services={"payments": "java/payments-api*.log"})

    assert "two" in (await tools.search(_search("payments"))).text
    assert "2 lines" in (await tools.search(_search(""))).text


async def test_an_unknown_service_is_told_who_has_files(tmp_path: Path) -> None:
    written(tmp_path, "orders.log", said(1, "x"))

    assert "those of orders" in (await logs(tmp_path).search(_search("order"))).text


async def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(said(1, "password"), "utf-8")
    written(tmp_path, "orders.log", said(1, "x"))
    (tmp_path / "logs" / "passwd.log").symlink_to(secret)
    (tmp_path / "logs" / "out").symlink_to(tmp_path)

    tools = logs(tmp_path, services={"all": "out/*.txt"})

    assert "password" not in (await tools.search(_search(""))).text
    assert "no log files of all" in (await tools.search(_search("all"))).text


async def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    written(tmp_path, "orders.log", said(1, "x"))
    os.mkfifo(tmp_path / "logs" / "pipe.log")

    assert "1 lines" in (await logs(tmp_path).search(_search(""))).text


@pytest.mark.parametrize("pattern", ["../{service}.log", "/var/log/{service}.log", "app.log", ""])
def test_a_pattern_stays_in_the_folder_and_names_the_service(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(BadSettings):
        logs(tmp_path, files=pattern)


def test_a_window_of_a_large_file_is_read_without_the_rest(tmp_path: Path) -> None:
    file = written(
        tmp_path, "orders.log", *(f"{NOW - dt.timedelta(seconds=20_000 - n)} entry {n}" for n in range(20_000))
    )
    window = Window(AT - 11_000, AT - 10_990)

    read = read_window(file, window, dt.UTC, 2_000, "orders")

    assert [one.text.split()[-1] for one in read.entries] == [str(n) for n in range(9_000, 9_011)]
    assert read.whole


def test_what_is_too_much_is_cut_at_its_beginning(tmp_path: Path) -> None:
    file = written(tmp_path, "orders.log", *(said(60 - n / 10, f"entry {n}") for n in range(600)))

    read = read_window(file, Window(AT - 3600, AT), dt.UTC, 1_000, "orders")

    assert not read.whole
    assert "entry 599" in read.entries[-1].text
    assert len(read.entries) < 20


def test_lines_that_never_say_when_are_all_read(tmp_path: Path) -> None:
    file = written(tmp_path, "orders.log", *(f"entry {n}" for n in range(30)))

    assert len(read_window(file, Window(AT - 60, AT), dt.UTC, 1_000_000, "orders").entries) == 30


async def test_the_checkup_says_what_is_missing(tmp_path: Path) -> None:
    [fact] = await logs(tmp_path).checkup()
    assert fact.level == "FAIL"

    written(tmp_path, "orders.txt", "x")
    [fact] = await logs(tmp_path).checkup()
    assert fact.level == "WARN"

    written(tmp_path, "orders.log", said(1, "x"))
    assert [fact.level for fact in await logs(tmp_path).checkup()] == ["OK"]


def _search(service: str, text: str = "") -> Search:
    return Search(service=service, text=text)
