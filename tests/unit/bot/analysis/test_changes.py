"""Which change explains a break: a truth table of time, place, environment and kind."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.changes import Breakage, rank_changes
from connectors.tools.port import Change
from knowledge.service_graph import Service, ServiceGraph

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(name="web", depends_on=["checkout"]),
        Service(name="checkout", depends_on=["payment"], aliases={"en": ["the till"]}),
        Service(name="payment", depends_on=["postgres"]),
        Service(name="mailer"),
    ]
)
BROKE = Breakage(NOON, ("checkout",), "production")


def change(minutes_before: float = 5, service: str = "checkout", **more: str) -> Change:
    return Change(
        id=f"{service} {minutes_before} {more}",
        at=NOON - timedelta(minutes=minutes_before),
        service=service,
        summary="A change",
        **more,
    )


@pytest.mark.parametrize(
    ("made", "relation", "ruled_out"),
    [
        pytest.param(change(), "same service", None, id="the service itself"),
        pytest.param(change(service="The Till"), "same service", None, id="by its alias"),
        pytest.param(change(service="payment"), "dependency", None, id="what it needs"),
        pytest.param(change(service="postgres"), "indirect dependency", None, id="what that needs"),
        pytest.param(change(service="web"), "caller", None, id="what calls it"),
        pytest.param(change(service="mailer"), "unrelated", "unrelated service", id="no path"),
        pytest.param(change(service="dns"), "unknown", None, id="not in the graph"),
        pytest.param(change(-1), "same service", None, id="as good as at once"),
        pytest.param(change(-3), "same service", "after the break", id="afterwards"),
        pytest.param(change(60 * 24 * 30), "same service", None, id="long ago"),
        pytest.param(change(environment="prod"), "same service", None, id="the same environment by another word"),
        pytest.param(change(environment="staging"), "same service", "another environment", id="elsewhere"),
        pytest.param(change(-3, "mailer"), "unrelated", "after the break", id="the first of two reasons"),
    ],
)
def test_what_may_explain_it(made: Change, relation: str, ruled_out: str | None) -> None:
    (said,) = rank_changes([made], GRAPH, BROKE)

    assert (said.relation, said.ruled_out) == (relation, ruled_out)
    assert (said.score == 0) == (ruled_out is not None)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(change(5), change(50), id="sooner before"),
        pytest.param(change(5), change(5, "payment"), id="nearer"),
        pytest.param(change(20), change(5, "postgres"), id="near enough outweighs a little later"),
        pytest.param(change(5, "payment"), change(5, "web"), id="below rather than above"),
        pytest.param(change(5), change(5, kind="documentation"), id="what runs rather than what is read"),
        pytest.param(change(600, "web"), change(1, "mailer"), id="anything rather than what is ruled out"),
    ],
)
def test_one_explains_it_better(better: Change, worse: Change) -> None:
    ranked = rank_changes([worse, better], GRAPH, BROKE)

    assert [one.change for one in ranked] == [better, worse]


def test_a_change_below_all_that_broke_explains_more_than_one_below_some() -> None:
    both = Breakage(NOON, ("web", "mailer"))
    graph = ServiceGraph(
        [Service(name="web", depends_on=["dns", "cache"]), Service(name="mailer", depends_on=["dns"])],
    )

    ranked = rank_changes([change(5, "cache"), change(5, "dns")], graph, both)

    assert [one.change.service for one in ranked] == ["dns", "cache"]


@given(st.lists(st.tuples(st.floats(-500, 5000), st.sampled_from(["checkout", "payment", "web", "mailer", "x"]))))
def test_nothing_is_lost_and_scores_fall(made: list[tuple[float, str]]) -> None:
    changes = [change(*one) for one in made]

    ranked = rank_changes(changes, GRAPH, BROKE)

    assert sorted(one.change.id for one in ranked) == sorted(one.id for one in changes)
    assert all(1 >= a.score >= b.score >= 0 for a, b in pairwise(ranked))
    assert all(one.ruled_out for one in ranked if one.lead < timedelta(minutes=-2))
