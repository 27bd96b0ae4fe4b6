"""The evaluation of log templates: its four figures, what it reads, what it reports."""

import gzip
import json
from pathlib import Path

import pytest

from bot.evals.cases import BadCases
from bot.evals.logs import Accuracy, accuracy, evaluate, report

DATA = Path(__file__).parents[5] / "shared" / "data" / "loghub-2k"


def test_a_group_counts_only_line_for_line() -> None:
    found = accuracy(["a <*>", "a <*>", "b", "c"], ["a  <*>", "a <*>", "x", "x"])

    assert found == Accuracy(ga=0.5, fga=2 * 1 / (3 + 2), pa=0.5, fta=2 * 1 / (3 + 2))


def test_a_group_may_be_right_while_its_template_is_wrong() -> None:
    assert accuracy(["a <*>", "a <*>"], ["a 1", "a 1"]) == Accuracy(ga=1, fga=1, pa=0, fta=0)


def test_systems_are_folders_and_the_corrected_labels_count(tmp_path: Path) -> None:
    (tmp_path / "Shop").mkdir()
    table = 'LineId,Content,EventTemplate\n1,"took 5 ms, ok",took <*> ms\n'
    (tmp_path / "Shop" / "Shop.log_structured.csv").write_text(table)
    (tmp_path / "Shop" / "Shop.log_structured_corrected.csv.gz").write_bytes(
        gzip.compress(table.replace("took <*> ms", '"took <*> ms, ok"').encode())
    )

    *_, last = report(evaluate(tmp_path)).splitlines()

    assert json.loads(last)["systems"] == {"Shop": {"ga": 1.0, "fga": 1.0, "pa": 1.0, "fta": 1.0}}


@pytest.mark.parametrize("text", [None, "a,b\n1,2\n", "Content,EventTemplate\n"], ids=["none", "columns", "empty"])
def test_what_cannot_be_read_is_said(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "x_structured.csv").write_text(text)

    with pytest.raises(BadCases, match=str(tmp_path)):
        evaluate(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="the data are not here")
def test_recorded_logs_are_parsed_well() -> None:
    figures = json.loads(report(evaluate(DATA)).splitlines()[-1])

    assert figures["ga"] >= 0.95
    assert figures["pa"] >= 0.82
