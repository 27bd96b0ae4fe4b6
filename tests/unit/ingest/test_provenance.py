"""Who may read a document and what kind it is."""

import pytest

from connectors.sources.port import Document
from ingest.provenance import Closed, Terms, kind_of, labelled, readers_of
from knowledge.service_graph import Service, ServiceGraph
from knowledge.taxonomy import read_taxonomy

OURS = read_taxonomy()


def document(id: str = "a.md", text: str = "", **labels: str | list[str]) -> Document:
    return Document(id, "A", text, "1", id, "text/markdown", labels)


def limited(groups: tuple[str, ...], /, **labels: str | list[str]) -> Document:
    return Document("a.md", "A", "", "1", "a.md", "text/markdown", labels, readers=groups)


@pytest.mark.parametrize(
    ("found", "readers"),
    [
        pytest.param(document(), (), id="no-limit"),
        pytest.param(document(readers=["sre", "dba"]), ("dba", "sre"), id="front-matter"),
        pytest.param(document(Groups="sre， dba"), ("dba", "sre"), id="as-one-line"),
        pytest.param(limited(("sre",)), ("sre",), id="origin"),
        pytest.param(limited(("sre", "dba"), readers="dba"), ("dba",), id="front-matter-narrows"),
        pytest.param(limited(("sre",), readers="everyone"), ("sre",), id="front-matter-never-widens"),
        pytest.param(document(readers="sre", groups=["sre", "dba"]), ("sre",), id="both-names"),
        pytest.param(document(readers="*"), (), id="star"),
        pytest.param(document(text="---\n\nReaders of this page: all."), (), id="a-rule-and-a-word"),
    ],
)
def test_the_narrowest_limit_holds(found: Document, readers: tuple[str, ...]) -> None:
    assert readers_of(found) == readers


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(limited(("sre",), readers="dba"), "names no group that its origin", id="contradiction"),
        pytest.param(document(readers=" , "), "names no group", id="nameless"),
        pytest.param(document(readers=[]), "write `readers: ", id="empty"),
        pytest.param(document(text="---\ntitle: [x\nreaders: [sre]\n---\n"), "not YAML", id="broken"),
        pytest.param(document(text="\n---\nreaders: [sre\n"), "not YAML", id="unclosed"),
    ],
)
def test_a_limit_that_cannot_be_kept_closes_the_document(found: Document, reason: str) -> None:
    with pytest.raises(Closed, match=reason):
        readers_of(found)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        pytest.param(document(), "page", id="page"),
        pytest.param(document(kind="Postmortem"), "incident", id="front-matter"),
        pytest.param(document("x/incidents/1.md", kind="page"), "page", id="front-matter-wins"),
        pytest.param(document(kind="Deployment"), "page", id="a-word-that-is-no-kind"),
        pytest.param(document("Incidents/2026/1.md"), "incident", id="folder"),
        pytest.param(document("incidents.md"), "page", id="only-the-name"),
        pytest.param(document(symptom="slow", fix="restart"), "incident", id="symptom-and-fix"),
        pytest.param(document(symptom="slow"), "page", id="only-a-symptom"),
    ],
)
def test_the_kind_of_a_document(found: Document, kind: str) -> None:
    assert kind_of(found, "docs") == kind


def test_a_source_called_incidents_holds_incidents_but_tickets_stay_tickets() -> None:
    ticket = Document("1", "A", "", "1", "1", "text/markdown", kind="ticket")

    assert kind_of(document(), "incidents") == "incident"
    assert kind_of(ticket, "incidents") == "ticket"


def test_labels_of_the_source_lie_below_the_documents_and_its_readers_are_no_label() -> None:
    terms = Terms(labels={"service": "checkout", "owner": "sre"})
    found = labelled(document(service="payments", readers="sre"), "docs", terms)

    assert found.labels == {"service": "payments", "owner": "sre", "kind": "page"}


def test_a_source_can_say_what_its_pages_are() -> None:
    terms = Terms(labels={"kind": "incident"})

    assert labelled(document(), "docs", terms).labels["kind"] == "incident"
    assert labelled(document(kind="page"), "docs", terms).labels["kind"] == "page"


def test_other_readers_labels_or_services_make_another_version() -> None:
    graph = ServiceGraph([Service(name="checkout")])
    marks = {
        Terms().mark(ServiceGraph(), OURS),
        Terms(("sre",)).mark(ServiceGraph(), OURS),
        Terms(labels={"owner": "sre"}).mark(ServiceGraph(), OURS),
        Terms().mark(graph, OURS),
    }

    assert len(marks) == 4
    assert Terms().mark(graph, OURS) == Terms().mark(ServiceGraph([Service(name="checkout", team="another")]), OURS)


@pytest.mark.parametrize(
    ("former", "now", "closes"),
    [
        pytest.param((), ("sre",), True, id="everybody-to-some"),
        pytest.param(("dba",), ("sre",), True, id="some-to-others"),
        pytest.param(("dba", "sre"), ("sre",), True, id="fewer"),
        pytest.param(("sre",), ("dba", "sre"), False, id="more"),
        pytest.param(("a|b",), ("a|b",), False, id="the-same"),
        pytest.param(("sre",), (), False, id="some-to-everybody"),
    ],
)
def test_new_readers_close_what_others_could_read(
    *, former: tuple[str, ...], now: tuple[str, ...], closes: bool
) -> None:
    assert Terms(now).closes("v|1" + Terms(former, {"owner": "a"}).mark(ServiceGraph(), OURS)) is closes


def test_what_is_stored_under_no_mark_may_be_open_to_everybody() -> None:
    assert Terms(("sre",)).closes("")
    assert not Terms().closes("")
