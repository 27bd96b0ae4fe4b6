"""Whom a log line speaks of."""

import pytest

from bot.rules.blame import blamed
from knowledge.service_graph import Service, ServiceGraph
from tests.unit.bot.incident_stage import SHOP


@pytest.mark.parametrize(
    ("line", "service"),
    [
        pytest.param("checkout: payments answered 503: pool exhausted", "payments", id="it-says-who-failed"),
        pytest.param(
            "POST /buy failed: checkout/checkout answered 502: inventory/reserve: KeyError", "inventory", id="hops"
        ),
        pytest.param(
            '{"level": "error", "message": "no space left", "service": "payments"}', "payments", id="its-writer"
        ),
        pytest.param(
            '{"service": "checkout", "error": "call of payments timed out"}', "payments", id="writer-and-callee"
        ),
        pytest.param(
            '{"service": "payments", "error": "storefront sent no basket"}', "payments", id="a-caller-is-not-blamed"
        ),
        pytest.param("POST /payments failed: KeyError", "", id="a-route-is-no-service"),
        pytest.param("payments-db: no space left", "", id="a-longer-name-is-another"),
        pytest.param("neither inventory nor bank answered", "", id="two-that-do-not-need-each-other"),
        pytest.param("no space left on device", "", id="nobody"),
    ],
)
def test_who_is_spoken_of(line: str, service: str) -> None:
    assert blamed(line, SHOP) == service


def test_the_longest_name_counts() -> None:
    graph = ServiceGraph([Service(name="orders"), Service(name="orders-db")])

    assert blamed("cannot reach orders-db: refused", graph) == "orders-db"


def test_without_services_nobody_is_blamed() -> None:
    assert blamed("checkout failed", ServiceGraph()) == ""
