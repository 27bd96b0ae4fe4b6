"""Names that rules find in messages as engineers type them."""

from datetime import UTC, datetime

import pytest

from bot.rules.entities import find_entities, replace_environment
from bot.rules.routes import find_route
from knowledge.language import language_of
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(name="checkout", aliases={"zh": ["结算"]}),
        Service(name="cart", aliases={"zh": ["购物车"]}),
        Service(name="orders", aliases={"en": ["order-api"]}),
    ]
)


@pytest.mark.parametrize(
    ("text", "services", "environments"),
    [
        pytest.param("checkout is slow in prod", ("checkout",), ("production",), id="plain"),
        pytest.param("结算在预发环境报 503", ("checkout",), ("staging",), id="chinese"),
        pytest.param("bounce order-api on staging please", ("orders",), ("staging",), id="alias"),
        pytest.param("cartoon network", (), (), id="part-of-a-word-is-no-name"),
        pytest.param("cart's redis before checkout", ("cart", "checkout"), (), id="order-of-mention"),
        pytest.param("stage the product", (), ("staging",), id="stage-is-an-environment"),
    ],
)
def test_services_and_environments(text: str, services: tuple[str, ...], environments: tuple[str, ...]) -> None:
    found = find_entities(text, GRAPH.mentioned, NOW)

    assert (found.services, found.environments) == (services, environments)


@pytest.mark.parametrize(
    ("text", "identifiers"),
    [
        ("CheckoutHighLatency is firing", ("CheckoutHighLatency",)),
        ("pods get OOMKilled", ("OOMKilled",)),
        ("pg_stat_activity shows 100 rows", ("pg_stat_activity", "100")),
        ("HTTP 503 from 10.0.0.7:8080", ("HTTP", "503", "10.0.0.7:8080")),
        ("why is the site slow", ()),
    ],
)
def test_identifiers_stay_whole(text: str, identifiers: tuple[str, ...]) -> None:
    assert find_entities(text, GRAPH.mentioned, NOW).identifiers == identifiers


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("why is checkout slow", "en"),
        ("结算为什么慢", "zh"),
        ("payments 服务 OOMKilled 怎么办", "zh"),
        ("what does 结算 mean here", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("pool size of payments in production", "pool size of payments in staging"),
        ("pool size of payments?", "pool size of payments in staging"),
        ("支付的连接池大小", "支付的连接池大小，预发环境"),
        ("生产环境支付的连接池大小", "预发环境支付的连接池大小"),
    ],
)
def test_another_environment(text: str, after: str) -> None:
    assert replace_environment(text, "staging") == after


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("hello", "chat"),
        ("谢谢！", "chat"),
        ("restart payments in staging", "action"),
        ("重启一下生产环境的 payments", "action"),
        ("how do I restart payments", "question"),
        ("can I restart payments?", "question"),
        ("重启会丢订单吗", "question"),
        ("how many unresolved incidents does payments have", "data"),
        ("payments 团队有多少个未解决的故障？", "data"),
        ("checkout is down", "incident"),
        ("购物车打不开", "incident"),
        ("what does CheckoutHighLatency mean", "question"),
        ("help me understand the pool settings", "question"),
    ],
)
def test_routes(text: str, route: str) -> None:
    assert find_route(text) == route
