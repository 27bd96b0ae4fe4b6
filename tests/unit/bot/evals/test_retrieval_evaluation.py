"""The retrieval evaluation: its figures by hand, its report, and one run on twins."""

import gzip
import json
import math
from pathlib import Path

import pytest

from bot.evals.cases import BadCases, read_cases
from bot.evals.measures import ndcg, percentile, recall, reciprocal_rank
from bot.evals.retrieval import evaluate, report
from bot.evals.suites import run
from ingest.settings import Settings

RANKED = ["x", "a", "y", "b"]
GRADES = {"a": 1.0, "b": 2.0}


def test_recall_is_the_share_of_the_relevant_documents_that_so_many_places_can_hold() -> None:
    assert [recall(RANKED, GRADES, k) for k in (1, 2, 4)] == [0, 0.5, 1]
    assert recall(["a", "x", "b"], GRADES, 1) == 1


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0, 0.5, 0.75, 0.95)] == [1, 2, 3, 4]


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
    evaluation = await evaluate(folder, twins(folder / "home"), lambda done, total: None)
    *table, last = report(evaluation).split("\n")

    figures = json.loads(last)
    product = ["recall@1", "recall@5", "recall@10", "ndcg@10", "mrr", "ms_per_query", "ms_p95", "n"]
    assert list(figures) == [*product, "index", "ablations", "groups"]
    assert (figures["recall@1"], figures["n"], figures["index"]["documents"]) == (1.0, 2, 2)
    assert list(figures["ablations"]) == ["dense", "sparse", "dense+sentences", "hybrid", "+variants"]
    assert [line.split()[0] for line in table if line][6:] == ["recall@1", "lang=en", "lang=zh", "all", "index:"]


async def test_with_a_reranker_its_line_is_the_last_of_the_table(folder: Path) -> None:
    settings = twins(folder / "home")
    settings = settings.model_copy(update={"ports": settings.ports.model_copy(update={"rerank": "memory"})})

    evaluation = await evaluate(folder, settings, lambda done, total: None)

    assert list(evaluation.outcomes)[-1] == "+rerank"


def test_a_question_whose_pages_are_all_in_the_other_language_asks_for_that_language(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("q1\td/1\t1\nq2\td/2\t1\n")
    corpus = [{"_id": "d/1", "text": "Disk", "lang": "en"}, {"_id": "d/2", "text": "Pool", "lang": "en"}]
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, corpus)).encode()))

    assert [case.languages for case in read_cases(folder).cases] == [(), ("en",)]


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
