"""Why a past incident is similar, and when it is not."""

from datetime import UTC, datetime, timedelta

import pytest

from knowledge.incidents import Incident
from knowledge.reasons import (
    BACKED,
    NEAR,
    NearInMeaning,
    Neighbours,
    Reason,
    SameComponents,
    SameServices,
    SameSymptom,
    SameTime,
    SharedNames,
    Trouble,
    reasons,
    shared_names,
)
from knowledge.service_graph import Service, ServiceGraph

GRAPH = ServiceGraph(
    [
        Service(name="checkout", aliases={"zh": ["结算"]}, depends_on=["payments"]),
        Service(name="payments", aliases={"zh": ["支付"]}, depends_on=["postgres"]),
        Service(name="postgres"),
        Service(name="search"),
    ]
)
MONDAY = datetime(2026, 1, 19, 10, 42, tzinfo=UTC)
PAST = Incident(
    id="INC-3", title="Nobody could pay", link="", document_id="inc-3", symptom="connection pool exhausted",
    services=("payments",), components=("ledger",), started=MONDAY,
    observed="The first pod was full at 20 of 20.\n\n| 10:45 | `PaymentsPoolExhausted` on node-07, carrier_401 |",
)  # fmt: skip
NOW = datetime(2026, 2, 4, 3, tzinfo=UTC)


def why(description: str, *services: str, similarity: float | None = 0.0, at: datetime = NOW) -> tuple[Reason, ...]:
    return reasons(PAST, Trouble(description, at, services), similarity, GRAPH)


def test_a_symptom_is_the_same_in_both_languages() -> None:
    assert why("支付的连接池耗尽", "payments")[0] == SameSymptom(("connections exhausted",))
    assert why("connection pool exhausted", "payments")[0] == SameSymptom(("connections exhausted",))


def test_the_same_symptom_at_a_service_that_has_nothing_to_do_with_it_is_not_similar() -> None:
    assert why("too many connections", "search") == ()
    assert why("too many connections") == (SameSymptom(("connections exhausted",)),)


def test_service_component_and_time_make_nothing_similar() -> None:
    assert why("the ledger of payments is blue", "payments", at=MONDAY) == ()


def test_a_service_that_it_depends_on_is_named_with_the_way_there() -> None:
    deep = Incident("INC-4", "Too many connections", "", "inc-4", services=("postgres",))

    found = reasons(deep, Trouble("too many connections", NOW, ("checkout",)), 0.0, GRAPH)

    assert found[-1] == Neighbours(("checkout", "payments", "postgres"))
    assert reasons(deep, Trouble("too many connections", NOW, ("search",)), 0.0, GRAPH) == ()


def test_what_depends_on_a_service_is_no_neighbour() -> None:
    assert not any(isinstance(reason, Neighbours) for reason in why("PaymentsPoolExhausted", "postgres"))


def test_names_are_shared_exactly() -> None:
    assert why("PaymentsPoolExhausted fired")[1] == SharedNames(("PaymentsPoolExhausted",))
    assert SharedNames(("carrier_401",)) in why("全是 carrier_401")


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        pytest.param("5xx since noon", "5xx at checkout", ("5xx",), id="status"),
        pytest.param("退出码 137", "exit code 137", ("exit code 137",), id="exit-code-in-both-languages"),
        pytest.param("node-11 is gone", "the clock of node-07", ("node-*",), id="host-pattern"),
        pytest.param("node-07 is gone", "the clock of node-07", ("node-07",), id="host"),
        pytest.param("search-2 is gone", "search-1 was gone", (), id="pods-of-a-service-are-no-hosts"),
        pytest.param("OOMKILLED", "oomkilled", (), id="plain-words-are-no-names"),
        pytest.param("pg_wal grows", "`pg_wal` 372 GiB", ("pg_wal",), id="metric"),
        pytest.param("clickstream.raw lags", "clickstream.raw took 55%", ("clickstream.raw",), id="topic"),
        pytest.param("about 500 orders, 450 ms", "500 orders, 450 ms", ("500",), id="an-amount-may-pass-for-a-status"),
        pytest.param("latency 450 ms", "450 ms", (), id="a-measure-is-no-status"),
        pytest.param("checkout and payments", "checkout and payments", (), id="services-are-no-names"),
    ],
)
def test_shared_names(one: str, other: str, shared: tuple[str, ...]) -> None:
    assert shared_names(one, other, GRAPH) == shared


def test_near_in_meaning_quotes_the_incidents_own_sentence() -> None:
    assert why("pods are full one after the other", similarity=NEAR) == (
        NearInMeaning("The first pod was full at 20 of 20."),
    )


def test_what_is_less_near_needs_another_reason_beside_it() -> None:
    assert why("the customers are angry", similarity=BACKED) == ()
    assert why("the customers are angry", "payments", similarity=BACKED) == (
        NearInMeaning("connection pool exhausted"),
        SameServices(("payments",)),
    )


def test_without_meaning_words_alone_carry_it() -> None:
    assert NearInMeaning("The first pod was full at 20 of 20.") in why("first pod full", similarity=None)
    assert why("zebra giraffe", similarity=None) == ()


def test_a_component_is_found_in_the_description() -> None:
    assert SameComponents(("ledger",)) in why("PaymentsPoolExhausted in the ledger")


def test_the_time_of_the_week_is_said_when_nothing_better_is() -> None:
    week_later = MONDAY + timedelta(days=7, minutes=30)

    assert why("too many connections", at=week_later)[-1] == SameTime(0, 10)
    assert not any(isinstance(one, SameTime) for one in why("too many connections", at=week_later + timedelta(hours=2)))
    assert not any(isinstance(one, SameTime) for one in why("too many connections", "payments", at=week_later))
