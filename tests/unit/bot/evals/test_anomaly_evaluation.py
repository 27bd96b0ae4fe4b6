"""The evaluation of anomaly scores: what it reads, and what it reports."""

import json
import tarfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.evals.anomaly import evaluate, report
from bot.evals.cases import BadCases

START = datetime(2026, 1, 1)  # noqa: DTZ001 - the files say no zone


def row(place: int, value: float) -> str:
    return f"{START + timedelta(minutes=5 * place)},{value}"


def write(folder: Path, *, packed: bool = False) -> Path:
    def limits(first: int, last: int) -> list[str]:
        return [f"{START + timedelta(minutes=5 * place)}.000000" for place in (first, last)]

    series = {
        "real/shift.csv": ["timestamp,value", *(row(at, at % 7 + 50 * (at >= 600)) for at in range(1000))],
        "calm/wave.csv": ["timestamp,value", *(row(at, at % 7) for at in range(1000))],
    }
    for name, lines in series.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text("\n".join(lines))
    (folder / "windows.json").write_text(json.dumps({"real/shift.csv": [limits(600, 650)], "calm/wave.csv": []}))
    if packed:
        with tarfile.open(folder / "data.tar.xz", "w:xz") as archive:
            for name in series:
                archive.add(folder / name, name)
                (folder / name).unlink()
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_figures_overall_and_per_category(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 - a parameter
    said = report(evaluate(write(tmp_path, packed=packed))).splitlines()

    figures = json.loads(said[-1])
    assert said[0] == "calm/wave.csv: no anomalies, 0 false alarms"
    assert (figures["nab_score"], figures["n"], figures["false_alarms"]) == (100, 2, 0)
    assert figures["by_category"]["calm"] == {"nab_score": None, "vus_pr": None, "false_alarms": 0, "n": 1}
    assert 0.1 < figures["vus_pr"] == figures["by_category"]["real"]["vus_pr"] <= 1


def test_what_no_window_file_names_is_left_out(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "windows.json").write_text('{"calm/wave.csv": []}')

    assert [one.series.name for one in evaluate(tmp_path)] == ["calm/wave.csv"]
    assert json.loads(report(evaluate(tmp_path)).splitlines()[-1])["nab_score"] is None


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("windows.json", "{", "windows.json"),
        ("windows.json", "{}", "no series that windows.json names"),
        ("real/shift.csv", "timestamp,value\nyesterday,1", "each row is a time and a value"),
        ("data.tar.xz", "not packed", "data.tar.xz"),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path, name: str, content: str, says: str) -> None:
    write(tmp_path)
    (tmp_path / name).write_text(content)

    with pytest.raises(BadCases, match=says):
        evaluate(tmp_path)
