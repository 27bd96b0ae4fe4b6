"""What alerts are about: services by their canonical names, pods, and machines."""

from typing import Any

import pytest

from bot.rules.alert_parts import grouped, part_of, services_of
from connectors.alerts.port import Alert
from tests.unit.bot.watchtower import GRAPH, NOON, alert


def about(service: str = "", **more: Any) -> Alert:
    return alert(**{"name": "Slow", "service": service, "summary": "", **more})


@pytest.mark.parametrize(
    ("one", "part"),
    [
        pytest.param(about("checkout"), ("Service", "checkout", "checkout"), id="service"),
        pytest.param(about("结算"), ("Service", "checkout", "checkout"), id="alias"),
        pytest.param(about("billing"), ("Service", "billing", "billing"), id="unknown-to-the-graph"),
        pytest.param(
            about("checkout", labels={"pod": "checkout-7d9c5b-x2x4q"}),
            ("Pod", "checkout-7d9c5b-x2x4q", "checkout"),
            id="pod",
        ),
        pytest.param(about("checkout", labels={"pod": "api-0"}), ("Service", "checkout", "checkout"), id="named-else"),
        pytest.param(
            about("node-exporter", labels={"instance": "10.0.0.1:9100"}), ("Node", "10.0.0.1", ""), id="machine"
        ),
        pytest.param(about(summary="payments is slow"), ("Service", "payments", "payments"), id="in-its-text"),
        pytest.param(about(), ("Service", "Slow", ""), id="nothing-said"),
    ],
)
def test_the_part(one: Alert, part: tuple[str, str, str]) -> None:
    found = part_of(one, GRAPH)

    assert (found.kind, found.name, found.service) == part


def test_the_services_that_an_alert_names() -> None:
    one = about("checkout", description="waiting for payments")

    assert services_of(one, GRAPH) == ("checkout", "payments")


def test_addresses_of_consoles_are_no_evidence() -> None:
    one = grouped(about("checkout", summary="slow, see https://grafana.example.com/d/1"), NOON, GRAPH)

    assert one.evidence == ("slow, see  ",)
