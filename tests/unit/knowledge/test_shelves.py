"""Documents on shelves: counted once above, on each shelf they belong to, and narrowed down by facets and titles."""

import pytest

from knowledge.chunk import Outline
from knowledge.service_graph import Service, ServiceGraph
from knowledge.shelves import Shelf, facets, narrowed, tree

GRAPH = ServiceGraph([Service(name="storefront"), Service(name="checkout"), Service(name="kafka")])


def outline(id: str, **labels: str | list[str]) -> Outline:
    return Outline(id, id.title(), "", labels, 100)


SLOW = outline("slow", service=["checkout", "storefront"], component="release", symptom=["high latency", "errors"])
POOL = outline("pool", service="checkout", component="connection pool", symptom="exhausted", owner="payments")
CRASH = outline("crash", service="checkout", kind="incident", language="en", owner="payments")
STYLE = outline("how we write", kind="page", language="zh")
LEGACY = outline("old", service="abacus")
ALL = [SLOW, POOL, CRASH, STYLE, LEGACY]


def test_services_stand_in_the_graphs_order_then_others_then_what_has_none() -> None:
    assert [(one.key, one.count) for one in tree(ALL, GRAPH)] == [
        ("storefront", 1),
        ("checkout", 3),
        ("abacus", 1),
        ("", 1),
    ]


def test_services_that_nothing_is_known_about_stand_there_when_asked_for() -> None:
    assert [(one.key, one.count) for one in tree([LEGACY], GRAPH, empty=True)] == [
        ("storefront", 0),
        ("checkout", 0),
        ("kafka", 0),
        ("abacus", 1),
    ]


def test_a_document_counts_once_above_all_of_its_symptoms() -> None:
    checkout = next(one for one in tree(ALL, GRAPH) if one.key == "checkout")

    assert checkout.shelves == (
        Shelf("connection pool", 1, (Shelf("exhausted", 1),)),
        Shelf("release", 1, (Shelf("errors", 1), Shelf("high latency", 1))),
        Shelf("", 1),
    )


def test_a_shelf_without_anything_to_tell_apart_has_none_below() -> None:
    assert tree([LEGACY], GRAPH) == (Shelf("abacus", 1),)


@pytest.mark.parametrize(
    ("choice", "words", "ids"),
    [
        pytest.param({}, "", ["slow", "pool", "crash", "how we write", "old"], id="nothing-chosen"),
        pytest.param({"kind": ["incident"]}, "", ["crash"], id="one-kind"),
        pytest.param({"kind": ["page"], "language": ["zh", "en"]}, "", ["how we write"], id="both-must-hold"),
        pytest.param({"kind": ["page"]}, "", ["slow", "pool", "how we write", "old"], id="no-kind-is-a-page"),
        pytest.param({"service": ["checkout"]}, "", ["slow", "pool", "crash"], id="a-place"),
        pytest.param({"service": [""]}, "", ["how we write"], id="no-service"),
        pytest.param({"kind": []}, "WRITE how", ["how we write"], id="words-in-any-order"),
        pytest.param({"owner": ["nobody"]}, "", [], id="nothing-left"),
    ],
)
def test_documents_are_narrowed_down(choice: dict[str, list[str]], words: str, ids: list[str]) -> None:
    assert [one.id for one in narrowed(ALL, choice, words)] == ids


def test_a_facet_counts_as_if_it_had_not_been_chosen_itself() -> None:
    found = facets(ALL, {"kind": ["incident"], "owner": ["payments"]})

    assert found["kind"] == [Shelf("incident", 1), Shelf("page", 1)]
    assert found["owner"] == [Shelf("payments", 1)]
    assert found["language"] == [Shelf("en", 1)]


def test_what_was_chosen_is_listed_even_when_no_document_has_it() -> None:
    assert Shelf("ticket", 0) in facets(ALL, {"kind": ["ticket"]})["kind"]
