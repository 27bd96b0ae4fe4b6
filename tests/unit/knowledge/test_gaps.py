"""Gaps: what has no runbook, is old, undated, in no place, marked, said twice, or said differently."""

from datetime import date

import pytest

from knowledge.chunk import Chunk, Outline, StoredDocument
from knowledge.gap_wording import advice, heading, said
from knowledge.gaps import KINDS, Gap, Kind, Place, gaps_of_labels, gaps_of_texts
from knowledge.service_graph import Service, ServiceGraph
from knowledge.taxonomy import read_taxonomy

TODAY = date(2026, 11, 20)
GRAPH = ServiceGraph(
    [
        Service(name="mail", tier=3),
        Service(name="shop"),
        Service(name="payments", tier=1, team="pay"),
        Service(name="kafka", tier=1),
    ]
)


def outline(id: str, **labels: str | list[str]) -> Outline:
    return Outline(id, id.title(), "", {"kind": "page", "service": "kafka", "date": "2026-10-01", **labels}, 100)


def found(kind: Kind, *outlines: Outline, graph: ServiceGraph | None = None) -> list[Gap]:
    gaps = gaps_of_labels(outlines, graph or ServiceGraph(), TODAY, stale_days=365)
    return [gap for gap in gaps if gap.kind == kind]


def test_services_without_a_page_come_by_tier_and_then_by_incidents() -> None:
    incident = outline("crash", kind="incident", service=["kafka", "mail"])

    gaps = found("no_runbook", incident, graph=GRAPH)

    assert [(gap.subject, gap.details["incidents"]) for gap in gaps] == [
        ("kafka", "1"), ("payments", "0"), ("mail", "1"), ("shop", "0"),
    ]  # fmt: skip
    assert gaps[0].places == (Place("crash", "Crash", "", "2026-10-01"),)


def test_a_page_is_a_runbook_for_each_of_its_services() -> None:
    gaps = found("no_runbook", outline("both", service=["kafka", "payments"]), graph=GRAPH)

    assert [gap.subject for gap in gaps] == ["mail", "shop"]


def test_a_page_is_a_runbook_for_what_its_title_and_its_alerts_name() -> None:
    graph = ServiceGraph([Service(name="mail"), Service(name="vault", alerts=["VaultSealed"]), Service(name="shop")])
    page = Outline("p", "Mail does not leave", "", {"service": "kafka", "alerts": ["VaultSealed"]}, 10)

    assert [gap.subject for gap in found("no_runbook", page, graph=graph)] == ["shop"]


def test_symptoms_of_incidents_that_no_page_treats() -> None:
    outlines = [
        outline("one", kind="incident", service=["payments", "kafka"], symptom=["disk full", "lag"]),
        outline("two", kind="incident", service="payments", symptom="lag"),
        outline("page", service="kafka", symptom="disk full"),
    ]

    assert [(gap.subject, gap.details["service"], len(gap.places)) for gap in found("uncovered", *outlines)] == [
        ("lag", "payments", 2)
    ]


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        pytest.param({"date": "2025-11-20"}, [], id="a-year-old-to-the-day"),
        pytest.param({"date": "2025-11-19"}, ["stale"], id="a-day-more"),
        pytest.param({"date": "2030-01-01"}, [], id="a-date-to-come"),
        pytest.param({"date": ""}, ["undated"], id="no-date"),
        pytest.param({"date": "last week"}, ["undated"], id="no-such-date"),
        pytest.param({"date": "2020-01-01", "kind": "incident"}, [], id="history-does-not-get-old"),
        pytest.param({"service": ""}, ["unplaced"], id="in-no-place"),
        pytest.param({"service": [], "symptom": "lag"}, [], id="a-symptom-is-a-place"),
        pytest.param({"flags": ["instructions"]}, ["flagged"], id="marked"),
        pytest.param({"flags": []}, [], id="without-marks"),
    ],
)
def test_what_labels_tell_of_a_document(labels: dict[str, str | list[str]], kinds: list[str]) -> None:
    gaps = gaps_of_labels([outline("page", **labels)], ServiceGraph(), TODAY, stale_days=365)

    assert [gap.kind for gap in gaps] == kinds


def test_the_oldest_page_comes_first() -> None:
    gaps = found("stale", outline("b", date="2024-05-01"), outline("a", date="2023-05-01"))

    assert [(gap.subject, gap.details["days"]) for gap in gaps] == [("A", "1299"), ("B", "933")]


def stored(id: str, text: str, **labels: str) -> StoredDocument:
    described = {"kind": "page", "service": "payments", "language": "en", "date": "2026-01-01", **labels}
    return StoredDocument(id, id.title(), "", described, (Chunk(f"{id}-0", id, 0, "", text),))


LONG = " ".join(f"step {n} looks at partition {n * 3} of the topic" for n in range(30))


def test_contradictions_quote_both_places_the_newer_first() -> None:
    pages = [stored("old", "`A_B=1` rules."), stored("new", "`A_B=2` rules.", date="2026-02-02")]

    (gap,) = gaps_of_texts(pages, GRAPH)

    assert (gap.kind, gap.subject) == ("contradiction", "A_B")
    assert gap.details == {"service": "payments", "values": "2 ≠ 1", "for": ""}
    assert [(one.title, one.chunk_id, one.quote) for one in gap.places] == [
        ("New", "new-0", "`A_B=2` rules."),
        ("Old", "old-0", "`A_B=1` rules."),
    ]


def test_incidents_are_history_and_contradict_nobody() -> None:
    assert gaps_of_texts([stored("a", "`A_B=1`"), stored("b", "`A_B=2`", kind="incident")], GRAPH) == []


def test_twins_in_two_languages_are_no_duplicates() -> None:
    assert gaps_of_texts([stored("a", LONG), stored("b", LONG, language="zh")], GRAPH) == []
    assert [gap.kind for gap in gaps_of_texts([stored("a", LONG), stored("b", LONG)], GRAPH)] == ["duplicate"]


GAPS = [
    (
        Gap("no_runbook", "kafka", details={"tier": "1", "team": "platform", "incidents": "2"}),
        "kafka, tier 1, platform, 2 incidents",
        "kafka，1 级，platform，2 起事件",
    ),
    (Gap("no_runbook", "shop", details={"tier": "", "team": "", "incidents": "0"}), "shop", "shop"),
    (
        Gap("uncovered", "no such symptom", details={"service": "kafka", "incidents": "1"}),
        "no such symptom, kafka, 1 incident",
        "no such symptom，kafka，1 起事件",
    ),
    (
        Gap("contradiction", "A_B", details={"service": "kafka", "for": "each, staging", "values": "1 ≠ 2"}),
        "A_B, kafka, for each one, staging, 1 ≠ 2",
        "A_B，kafka，每个，预发环境，1 ≠ 2",
    ),
    (
        Gap("contradiction", "KafkaSlow above", details={"service": "KafkaSlow", "for": "", "values": "2 s ≠ 1 min"}),
        "KafkaSlow above, 2 s ≠ 1 min",
        "KafkaSlow 高于，2 s ≠ 1 min",
    ),
    (
        Gap("duplicate", "T", details={"documents": "2", "percent": "91"}),
        "2 documents, up to 91 % alike",
        "2 份文档，最多 91% 相同",
    ),
    (
        Gap("stale", "T", details={"date": "2020-01-01", "days": "9"}),
        "T, 2020-01-01, 9 days ago",
        "T，2020-01-01，9 天前",
    ),
    (Gap("flagged", "T", details={"flags": "instructions"}), "T, instructions", "T，instructions"),
    (Gap("undated", "T"), "T", "T"),
]


@pytest.mark.parametrize(("gap", "english", "chinese"), GAPS)
def test_each_gap_is_told_in_one_line(gap: Gap, english: str, chinese: str) -> None:
    assert (said(gap, "en", read_taxonomy()), said(gap, "zh", read_taxonomy())) == (english, chinese)


def test_a_symptom_is_told_by_its_title() -> None:
    symptom = next(iter(read_taxonomy().topics["symptom"].values()))
    gap = Gap("uncovered", symptom.key, details={"service": "", "incidents": "3"})

    assert said(gap, "zh", read_taxonomy()) == f"{symptom.zh}，3 起事件"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_heading_and_says_what_to_do(kind: Kind) -> None:
    for language in ("en", "zh"):
        assert len(heading(kind, language)) > 3
        assert advice(kind, language).endswith((".", "。"))
