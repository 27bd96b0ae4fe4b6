"""Services are recognised by every name they have, and the graph is asked both ways."""

from pathlib import Path

import pytest

from knowledge.service_graph import BadServices, Service, ServiceGraph, read_services

GRAPH = ServiceGraph(
    [
        Service(
            name="checkout", aliases={"zh": ["结算"], "en": ["place order"]}, depends_on=["payments", "orders-db"],
            metrics=["checkout_seconds", "pool_size"],
        ),
        Service(name="payments", aliases={"zh": ["支付"], "en": ["pay"]}, depends_on=["bank", "orders-db"],
                metrics=["pool_size"], alerts=["PaymentsPoolExhausted"]),
        Service(name="orders", aliases={"en": ["order service"]}, depends_on=["orders-db"]),
        Service(name="orders-db", kind="datastore"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Checkout is slow", ("checkout",), id="by-name"),
        pytest.param("支付和结算都报错", ("payments", "checkout"), id="by-chinese-alias-in-order"),
        pytest.param("I cannot place  order", ("checkout",), id="by-alias-of-two-words"),
        pytest.param("orders-db is full", ("orders-db",), id="the-longest-name"),
        pytest.param("PaymentsPoolExhausted fired", ("payments",), id="by-alert"),
        pytest.param("checkout_seconds rises", ("checkout",), id="by-its-own-metric"),
        pytest.param("pool_size rises", (), id="not-by-a-shared-metric"),
        pytest.param("pod checkout-7d9c restarted", ("checkout",), id="by-its-pod"),
        pytest.param("payroll, precheckout, display", (), id="not-inside-a-word"),
        pytest.param("", (), id="not-in-nothing"),
    ],
)
def test_a_service_is_recognised(text: str, names: tuple[str, ...]) -> None:
    assert GRAPH.mentioned(text) == names


def test_dependencies_are_followed_down() -> None:
    assert GRAPH.depends_on("checkout") == ("payments", "orders-db")
    assert GRAPH.depends_on("checkout", indirectly=True) == ("payments", "orders-db", "bank")


def test_dependents_are_followed_up_also_from_what_is_only_named() -> None:
    assert GRAPH.dependents("orders-db") == ("checkout", "payments", "orders")
    assert GRAPH.dependents("bank", indirectly=True) == ("payments", "checkout")


def test_a_circle_ends() -> None:
    circle = ServiceGraph([Service(name="a", depends_on=["b"]), Service(name="b", depends_on=["a"])])

    assert circle.depends_on("a", indirectly=True) == ("b",)


def test_an_unknown_service_has_no_neighbours() -> None:
    assert GRAPH.depends_on("nobody") == GRAPH.dependents("nobody") == ()


def test_an_empty_graph_recognises_nothing() -> None:
    assert ServiceGraph().mentioned("anything at all") == ()


@pytest.mark.parametrize("text", ["services: [", "services: [{team: x}]", "services: 3"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "services.yaml").write_text(text)

    with pytest.raises(BadServices, match=r"services\.yaml"):
        read_services(tmp_path / "services.yaml")
