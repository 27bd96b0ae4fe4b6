"""The evaluation of incident memory: its figures and its report on twins."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.incidents import evaluate, read_cases, report
from bot.evals.suites import run
from knowledge.service_graph import Service, ServiceGraph
from tests.shelf import INCIDENTS, SHELF, shelf

NOW = datetime(2026, 3, 4, tzinfo=UTC)
GRAPH = ServiceGraph([Service(name="payments"), Service(name="checkout", depends_on=["payments"])])
OURS = Path(__file__).parents[3] / "evals" / "incidents"
RIGHT = {
    "_id": "q1",
    "text": "PaymentsPoolExhausted",
    "language": "en",
    "incident": "INC-3",
    "because": {
        "symptoms": ["connections exhausted"],
        "names": ["PaymentsPoolExhausted"],
        "components": ["connection pool"],
        "sentences": ["PaymentsPoolExhausted"],
    },
}
WRONG = {**RIGHT, "_id": "q2", "because": {}}
MISSED = {"_id": "q3", "text": "too many connections", "incident": "INC-99"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, [RIGHT, WRONG, MISSED])))
    return tmp_path


async def test_figures_tell_found_from_rightly_explained(folder: Path) -> None:
    async with shelf([*SHELF, *INCIDENTS]) as library:
        *lines, last = report(await evaluate(folder, library, GRAPH, NOW)).split("\n")

    figures = json.loads(last)
    assert (figures["recall@1"], figures["recall@3"], figures["reasons_right"], figures["n"]) == (
        0.6667, 0.6667, 0.5, 3,
    )  # fmt: skip
    assert any(line.startswith("q3: INC-99 is not found") for line in lines)
    assert any(line.startswith("q2: wrong reason: SharedNames") for line in lines)


async def test_a_library_without_incidents_is_no_result(folder: Path) -> None:
    async with shelf(SHELF) as library:
        with pytest.raises(BadCases, match="python -m ingest"):
            await evaluate(folder, library, GRAPH, NOW)


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_bad_cases_name_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "queries.jsonl").write_text(text)

    with pytest.raises(BadCases, match=r"queries\.jsonl"):
        read_cases(tmp_path)


def test_the_suite_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("incidents", [str(tmp_path)]) == 1
    assert "queries.jsonl" in capsys.readouterr().err


def test_our_cases_are_in_both_languages_and_each_about_another_incident() -> None:
    cases = read_cases(OURS)

    assert sorted(case.language for case in cases) == ["en"] * 10 + ["zh"] * 10
    assert len({case.incident for case in cases}) == len(cases)
