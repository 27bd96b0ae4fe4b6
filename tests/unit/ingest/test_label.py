"""Labels: the author's word first, then rules over known names."""

import pytest

from connectors.sources.port import Document
from ingest.label import label
from knowledge.chunk import Labels
from knowledge.service_graph import Service, ServiceGraph

GRAPH = ServiceGraph([Service(name="payments", aliases={"zh": ["支付"]}), Service(name="kafka")])


def labelled(text: str, title: str = "Page", **own: str | list[str]) -> Labels:
    return label(Document("a.md", title, text, "", "", "text/markdown", own), text, "docs", GRAPH)


def test_the_authors_labels_win() -> None:
    labels = labelled("kafka kafka kafka disk full", title="kafka", service="payments", symptom="odd", language="zh")

    assert (labels["service"], labels["symptom"], labels["language"]) == ("payments", "odd", "zh")


def test_the_source_and_the_language_are_added() -> None:
    assert labelled("磁盘已满怎么办") == {"source": "docs", "language": "zh", "symptom": ["disk full"]}


def test_a_service_in_the_title_is_the_subject() -> None:
    assert labelled("kafka\n" * 9, title="支付超时")["service"] == ["payments"]


def test_without_one_a_service_must_be_named_three_times() -> None:
    assert "service" not in labelled("kafka\nkafka")
    assert labelled("kafka\nkafka\nkafka")["service"] == ["kafka"]


def test_plural_keys_are_the_same_label() -> None:
    assert labelled("x", services=["a", "b"])["service"] == ["a", "b"]


def test_hostile_keys_and_values_are_made_harmless() -> None:
    labels = labelled("x", **{"A.b[c]": "v", "--": "v", "long": "y" * 9999, "many": ["z"] * 999})

    assert set(labels) == {"a_b_c", "long", "many", "source", "language"}
    assert (len(labels["long"]), len(labels["many"])) == (200, 20)


def test_the_source_cannot_be_forged() -> None:
    assert labelled("x", source="official")["source"] == "docs"


@pytest.mark.parametrize(
    ("text", "symptom"),
    [("Pod OOMKilled", "out of memory"), ("连接池耗尽", "connections exhausted"), ("5xx above 2 %", "errors")],
)
def test_common_symptoms_are_recognised(text: str, symptom: str) -> None:
    assert labelled(text)["symptom"] == [symptom]
