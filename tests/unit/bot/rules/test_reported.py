"""Which questions report trouble, and what a report tells."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.entities import find_entities
from bot.rules.reported import LOOKED_BACK, reports_trouble, trouble_of
from bot.rules.routes import find_route
from bot.vocabulary import Picture, Query, RewrittenQuery
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
GRAPH = ServiceGraph([Service(name="checkout", aliases={"zh": ["结算"]}), Service(name="payments")])


def rewritten(text: str) -> RewrittenQuery:
    return RewrittenQuery(
        text=text,
        asked=text,
        searches=(text,),
        language="en",
        asked_at=NOW,
        route=find_route(text),
        entities=find_entities(text, GRAPH.mentioned, NOW),
    )


@pytest.mark.parametrize(
    ("text", "reports"),
    [
        pytest.param("checkout is slow since noon", True, id="slow-since-noon"),
        pytest.param("结算变慢了，怎么回事", True, id="slow-in-chinese"),
        pytest.param("CheckoutHighLatency is firing", True, id="an-alert-by-name"),
        pytest.param("it is slow", False, id="nothing-is-named"),
        pytest.param("how do I find out why checkout is slow?", False, id="asks-how"),
        pytest.param("结算变慢了怎么处理", False, id="asks-how-in-chinese"),
        pytest.param("checkout is down, who is on call?", False, id="asks-whom-to-call"),
        pytest.param("checkout is slow, did that happen before?", False, id="asks-what-was-before"),
        pytest.param("which alerts are firing at checkout", False, id="asks-for-a-list"),
        pytest.param("what does checkout depend on?", False, id="a-question"),
        pytest.param("restart checkout", False, id="an-order"),
    ],
)
def test_what_reports_trouble(text: str, *, reports: bool) -> None:
    assert reports_trouble(rewritten(text)) is reports


def test_in_the_thread_of_an_incident_it_is_a_question_about_that_one() -> None:
    said = rewritten("checkout is slow again")

    assert reports_trouble(said)
    assert not reports_trouble(said.model_copy(update={"incident": "i1"}))


def report(text: str, **other: object) -> Query:
    fields = {"question_id": "q1", "text": text, "language": "en", "asked_at": NOW, "author": "ann", **other}
    return Query.model_validate(fields)


def test_a_report_says_since_when() -> None:
    trouble = trouble_of(report("checkout is slow since noon"), rewritten("checkout is slow since noon"))

    assert (trouble.began, trouble.began_known) == (NOW - timedelta(hours=2), True)
    assert trouble.services == ("checkout",)


def test_without_a_time_the_last_while_is_looked_at() -> None:
    trouble = trouble_of(report("checkout is slow"), rewritten("checkout is slow"))

    assert (trouble.began, trouble.began_known) == (NOW - LOOKED_BACK, False)


def test_what_stands_on_a_picture_is_part_of_the_trouble() -> None:
    picture = Picture(name="alert.png", digest="d", text="PaymentsPoolExhausted\n20 of 20 in use")
    trouble = trouble_of(report("checkout is slow", pictures=(picture,)), rewritten("checkout is slow"))

    assert trouble.text == "checkout is slow\nPaymentsPoolExhausted 20 of 20 in use"


def test_the_readers_and_the_scope_are_those_of_the_question() -> None:
    asked = report("checkout is slow", groups=("payments",), scope={"tools": ["metrics"]})

    trouble = trouble_of(asked, rewritten("checkout is slow"))

    assert (trouble.groups, trouble.scope.tools) == (("payments",), ("metrics",))
