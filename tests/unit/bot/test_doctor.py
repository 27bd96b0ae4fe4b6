"""The doctor: every check survives what is wrong, and says how to mend it."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.checks.examination import Examination, Finding
from bot.doctor import CHECKS, examine, findings, report
from bot.model_pull import Disk
from bot.settings import Settings
from connectors.configuration import BadSettings

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    memory = dict.fromkeys(("embedding", "vectors", "state", "directory", "ocr"), "memory")
    ports = {**memory, "llm": []}
    return Settings.model_validate({"home": tmp_path / "home", "models": tmp_path / "models", "ports": ports})


def deny(folder: Path) -> None:
    raise PermissionError(13, "Permission denied", str(folder))


async def test_every_check_comes_to_a_finding(settings: Settings) -> None:
    found = await findings(Examination(settings, NOW))

    assert {one.check for one in found} >= set(CHECKS) - {"models"}


async def test_a_full_disk_and_a_read_only_home_are_named(settings: Settings) -> None:
    full = await findings(Examination(settings, NOW, disk=Disk(free_bytes=lambda _: 10**8)), ["disk"])
    closed = await findings(Examination(settings, NOW, disk=Disk(try_writing=deny)), ["disk"])

    assert [one.level for one in full] == ["WARN", "WARN"]
    assert [(one.level, one.mend) for one in closed] == [
        ("FAIL", "Allow it, or set NIGHTSHIFT_HOME."),
        ("WARN", "Allow it, or set NIGHTSHIFT_MODELS."),
    ]


async def test_a_missing_model_says_how_to_get_it(settings: Settings) -> None:
    ports = settings.ports.model_copy(update={"embedding": "onnx"})

    [found] = await findings(Examination(settings.model_copy(update={"ports": ports}), NOW), ["models"])

    assert (found.level, found.mend) == ("FAIL", "Run `python -m bot models pull`.")


async def test_a_part_that_cannot_be_opened_is_a_finding_not_a_traceback(settings: Settings) -> None:
    ports = settings.ports.model_copy(update={"embedding": "onnx", "vectors": "gone"})
    broken = Examination(settings.model_copy(update={"ports": ports}), NOW)

    found = await findings(broken, ["embedding", "index"])

    assert [one.level for one in found] == ["FAIL", "FAIL"]
    assert all("\n" not in one.text for one in found)


@pytest.mark.parametrize(
    ("vendor", "level", "text"),
    [(None, "OK", "switched off"), ("memory", "OK", "memory, for any language"), ("onnx", "FAIL", "models pull")],
)
async def test_a_reranker_is_tried_where_one_is_switched_on(
    settings: Settings, vendor: str | None, level: str, text: str
) -> None:
    ports = settings.ports.model_copy(update={"rerank": vendor})

    [found] = await findings(Examination(settings.model_copy(update={"ports": ports}), NOW), ["rerank"])

    assert found.level == level
    assert text in found.text


@pytest.mark.parametrize(
    ("vendor", "level", "text"),
    [(None, "OK", "switched off"), ("memory", "OK", "memory"), ("paddle", "FAIL", "models pull")],
)
async def test_what_reads_screenshots_is_tried(settings: Settings, vendor: str | None, level: str, text: str) -> None:
    ports = settings.ports.model_copy(update={"ocr": vendor})

    [found] = await findings(Examination(settings.model_copy(update={"ports": ports}), NOW), ["ocr"])

    assert found.level == level
    assert text in found.text


@pytest.mark.parametrize(
    ("vendor", "forbidden", "level", "text"),
    [
        (None, {}, "OK", "no database to ask"),
        ("memory", {}, "OK", "memory: 1 tables"),
        ("memory", {"refund.mail": []}, "FAIL", "names refund.mail, which is not in the database"),
        ("sqlite", {}, "FAIL", "correct path under [connectors.sql.sqlite]"),
    ],
)
async def test_the_database_of_questions_is_looked_at(
    settings: Settings, vendor: str | None, forbidden: dict[str, list[str]], level: str, text: str
) -> None:
    tables = {"memory": {"tables": {"refund": {"columns": [{"name": "id"}]}}}, "sqlite": {"path": "gone.db"}}
    changed = {
        "ports": settings.ports.model_copy(update={"sql": vendor}),
        "data": settings.data.model_copy(update={"forbidden": forbidden}),
        "connectors": {"sql": tables},
    }

    [found] = await findings(Examination(settings.model_copy(update=changed), NOW), ["data"])

    assert found.level == level
    assert text in found.text


async def test_an_empty_index_says_to_ingest(settings: Settings) -> None:
    [found] = await findings(Examination(settings, NOW), ["index"])

    assert (found.level, "python -m ingest" in found.mend) == ("FAIL", True)


@pytest.mark.parametrize("key", ["glossary", "taxonomy"])
async def test_a_file_of_the_team_that_cannot_be_read_is_named(key: str, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text("x = [")
    knowledge = settings.knowledge.model_copy(update={key: file})
    (found,) = await findings(Examination(settings.model_copy(update={"knowledge": knowledge}), NOW), ["files"])

    assert (found.level, str(file) in found.text, found.mend) == ("FAIL", True, "")


async def test_a_clock_behind_its_own_files_is_noticed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "state.db").touch()
    os.utime(tmp_path / "home" / "state.db", (NOW.timestamp() + 3600,) * 2)

    [found] = await findings(Examination(settings, NOW), ["clock"])

    assert (found.level, found.mend) == ("WARN", "Set the clock (NTP).")


async def test_a_port_of_another_program_fails(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        web = settings.web.model_copy(update={"port": other.getsockname()[1]})

        [found] = await findings(Examination(settings.model_copy(update={"web": web}), NOW), ["port"])

    assert found.level == "FAIL"
    assert found.text.startswith("Another program uses port ")


async def test_an_unknown_check_offers_the_nearest(settings: Settings) -> None:
    with pytest.raises(BadSettings, match="did you mean disk"):
        await findings(Examination(settings, NOW), ["disc"])


def test_the_report_has_a_line_for_each_finding_and_one_to_mend_it() -> None:
    text = report([Finding("disk", "OK", "9 GB free"), Finding("llm", "WARN", "none", "Set ports.llm.")])

    assert text.splitlines() == [
        "OK    disk       9 GB free",
        "WARN  llm        none",
        "                 → Set ports.llm.",
    ]


def test_only_a_failure_fails(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [examine(Examination(settings, NOW), [name], as_json=True) for name in ("llm", "index")]

    assert codes == [0, 1]
    assert json.loads(capsys.readouterr().out.partition("]")[0] + "]")[0]["level"] == "WARN"
