"""When evidence is enough, and what is looked for when it is not."""

from datetime import UTC, datetime

import pytest

from bot.rules.entities import find_entities
from bot.rules.terms import content_terms
from bot.steps.judge import Found, judge_by_rules
from bot.steps.refine import refine
from bot.vocabulary import Evidence, RewrittenQuery
from knowledge.service_graph import Service, ServiceGraph

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GRAPH = ServiceGraph([Service(name="payments"), Service(name="checkout")])


def query(text: str) -> RewrittenQuery:
    return RewrittenQuery(
        text=text, asked=text, searches=(text,), language="en", asked_at=NOON, route="question",
        entities=find_entities(text, GRAPH.mentioned, NOON),
    )  # fmt: skip


def found(text: str, similarity: float = 0.3, kind: str = "document") -> Found:
    one = Evidence(id="e", kind=kind, title="Page", text=text, similarity=similarity)  # type: ignore[arg-type]  # a kind
    return Found((one,), {1: one} if kind != "failure" else {})


@pytest.mark.parametrize(
    ("asked", "evidence", "enough"),
    [
        pytest.param("payments pool size", found("The payments pool size is 20."), True, id="near"),
        pytest.param("payments pool size", found("The payments pool size is 20.", 0.0), False, id="words-alone"),
        pytest.param("payments pool size", found("Cats sleep.", 0.1), False, id="far"),
        pytest.param("checkout pool size", found("The payments pool size is 20."), False, id="another-service"),
        pytest.param("PoolFull on payments", found("The payments pool size is 20."), False, id="unseen-identifier"),
        pytest.param("who is on call", found("Ann is.", 0.0, "people"), True, id="a-table-answers-exactly"),
        pytest.param("payments pool size", found("timeout", 0.0, "failure"), False, id="a-failure-is-no-evidence"),
        pytest.param("payments pool size", Found((), {}), False, id="nothing"),
    ],
)
def test_enough(asked: str, evidence: Found, enough: bool) -> None:  # noqa: FBT001  # a table column
    assert judge_by_rules(query(asked), evidence, content_terms, GRAPH.mentioned).enough is enough


def test_what_is_missing_is_looked_for_next_with_the_service() -> None:
    asked = query("PoolFull on payments")
    verdict = judge_by_rules(asked, found("The payments pool size is 20."), content_terms, GRAPH.mentioned)

    narrower = refine(asked, verdict)

    assert narrower is not None
    assert narrower.searches[0] == "payments PoolFull"
    assert narrower.entities == asked.entities


def test_what_was_looked_for_already_is_not_looked_for_again() -> None:
    asked = query("PoolFull on payments")
    verdict = judge_by_rules(asked, found("The payments pool size is 20."), content_terms, GRAPH.mentioned)
    narrower = refine(asked, verdict)

    assert narrower is not None
    assert refine(narrower, verdict) is None


def incident_of(services: str) -> Found:
    """A past incident that is near; its text names both services."""
    one = Evidence(
        id="i", kind="incident", title="INC-3", heading=services, similarity=0.5,
        text="- Symptom: the pool is exhausted\n- Similar because: one depends on the other (checkout › payments).",
    )  # fmt: skip
    return Found((one,), {1: one})


@pytest.mark.parametrize(
    ("asked", "services", "enough"),
    [
        pytest.param("pool exhausted", "payments", True, id="near"),
        pytest.param("payments pool exhausted", "payments, search", True, id="same-service"),
        pytest.param("checkout pool exhausted", "payments", False, id="another-service"),
        pytest.param("PoolFull on payments, has it happened before?", "payments", True, id="asked-for-the-past"),
        pytest.param("PoolFull on checkout, has it happened before?", "payments", False, id="the-past-of-another"),
        pytest.param("PoolFull on payments", "payments", False, id="unseen-identifier"),
    ],
)
def test_a_past_incident_counts_for_its_own_services(asked: str, services: str, enough: bool) -> None:  # noqa: FBT001  # a table column
    assert judge_by_rules(query(asked), incident_of(services), content_terms, GRAPH.mentioned).enough is enough
