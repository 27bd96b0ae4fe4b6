"""The retrieval evaluation: its figures by hand, its report, and one run on twins."""

import gzip
import json
import math
from pathlib import Path

import pytest

from bot.evals.retrieval import BadCases, evaluate, ndcg, read_cases, recall, reciprocal_rank, report
from bot.evals.suites import run
from ingest.settings import Settings

RANKED = ["x", "a", "y", "b"]
GRADES = {"a": 1.0, "b": 2.0}


def test_recall_is_the_share_of_the_relevant_documents() -> None:
    assert [recall(RANKED, GRADES, k) for k in (1, 2, 4)] == [0, 0.5, 1]


def test_ndcg_takes_the_grade_as_gain() -> None:
    gained = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)

    assert ndcg(RANKED, GRADES, 10) == pytest.approx(gained / ideal)
    assert ndcg(["b", "a"], GRADES, 10) == 1
    assert ndcg(["x"], GRADES, 10) == 0


def test_the_reciprocal_rank_is_of_the_first_relevant() -> None:
    assert (reciprocal_rank(RANKED, GRADES), reciprocal_rank(["x"], GRADES)) == (0.5, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    corpus = [
        {"_id": "d/1", "title": "Disk", "text": "The disk of the broker is full."},
        {"_id": "d/2", "title": "连接池", "text": "连接池耗尽，请检查退款。", "lang": "zh"},
    ]
    queries = [
        {"_id": "q1", "text": "broker disk full", "lang": "en"},
        {"_id": "q2", "text": "连接池耗尽", "lang": "zh"},
        {"_id": "q3", "text": "nobody knows", "lang": "en"},
    ]
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, corpus)).encode()))
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td/1\t2\nq2\td/2\t1\nq3\td/1\t0\n")
    return tmp_path


def twins(home: Path) -> Settings:
    return Settings.model_validate({"home": home, "ports": {"embedding": "memory", "vectors": "memory"}})


async def test_documents_go_in_and_questions_find_them(folder: Path) -> None:
    outcomes = await evaluate(folder, twins(folder / "home"), lambda done, total: None)
    *table, last = report(outcomes).split("\n")

    figures = json.loads(last)
    assert list(figures) == ["recall@1", "recall@5", "recall@10", "ndcg@10", "mrr", "ms_per_query", "n"]
    assert (figures["recall@1"], figures["n"]) == (1.0, 2)
    assert [line.split()[0] for line in table[1:]] == ["lang=en", "lang=zh", "all"]


async def test_the_real_home_is_never_touched(folder: Path) -> None:
    await evaluate(folder, twins(folder / "home"), lambda done, total: None)

    assert not (folder / "home").exists()


def test_a_header_line_is_optional(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("q1\td/1\t1\n")

    assert [case.id for case in read_cases(folder).cases] == ["q1"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("queries.jsonl", "{"),
        ("queries.jsonl", '{"text": "x"}'),
        ("qrels.tsv", "q1 d/1 1"),
        ("qrels.tsv", "q1\td/1\tx"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content)

    with pytest.raises(BadCases, match=file.replace(".", r"\.")):
        read_cases(folder)


def test_an_unknown_suite_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("poetry", []) == 1
    assert "retrieval" in capsys.readouterr().err
