"""What pages state is found by rules, and two pages contradict each other only when they speak of the same thing."""

import pytest

from knowledge.chunk import Chunk, StoredDocument
from knowledge.contradictions import contradictions
from knowledge.quantities import Value, value
from knowledge.service_graph import Service, ServiceGraph
from knowledge.statements import statements

GRAPH = ServiceGraph(
    [Service(name="payments", aliases={"en": ["pay"]}), Service(name="orders-db", aliases={"zh": ["缓存"]})]
)


def page(id: str, text: str, service: str | list[str] = "payments", heading: str = "") -> StoredDocument:
    return StoredDocument(id, id, "", {"service": service}, (Chunk(f"{id}-0", id, 0, heading, text),))


def stated(text: str, heading: str = "") -> list[tuple[str, float | str, tuple[str, ...]]]:
    found = statements(page("a", text, heading=heading), GRAPH)
    return [(one.key, one.value.amount, tuple(sorted(one.qualifiers))) for one in found]


def disagree(one: StoredDocument, other: StoredDocument) -> bool:
    return bool(contradictions([*statements(one, GRAPH), *statements(other, GRAPH)]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("40", Value("number", 40), id="number"),
        pytest.param("40 000", Value("number", 40000), id="thousands"),
        pytest.param("60 s", Value("duration", 60), id="seconds"),
        pytest.param("1 分钟", Value("duration", 60), id="chinese-minutes"),
        pytest.param("2Gi", Value("size", 2 * 2**30), id="gibibytes"),
        pytest.param("2048 MiB", Value("size", 2 * 2**30), id="mebibytes"),
        pytest.param("95 %", Value("percent", 95), id="percent"),
        pytest.param("`volatile-ttl`", Value("word", "volatile-ttl"), id="a-word"),
        pytest.param("disabled", Value("word", "off"), id="a-switch"),
        pytest.param("NODE", None, id="a-place-for-a-value"),
        pytest.param("3 or 4", None, id="more-than-a-value"),
        pytest.param("6–9", None, id="a-range"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_values_with_units_become_comparable(text: str, expected: Value | None) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [("90 s", "90 s"), ("120 s", "2 min"), ("24 h", "1 d"), ("2048Mi", "2 GiB"), ("1.5Gi", "1536 MiB"),
     ("3 %", "3 %"), ("0.95", "0.95"), ("0 s", "0 s"), ("400", "400"), ("off", "off")],
)  # fmt: skip
def test_values_are_shown_in_a_unit_that_fits(text: str, shown: str) -> None:
    assert str(value(text)) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("The default is `DB_POOL_MAX=40`.", [("DB_POOL_MAX", 40, ())], id="assignment"),
        pytest.param("`lock_timeout` is 5 s.", [("lock_timeout", 5, ())], id="is"),
        pytest.param("`lock_timeout` 默认为 5 秒。", [("lock_timeout", 5, ())], id="is-in-chinese"),
        pytest.param("The pool holds 40 connections.", [("pool connections", 40, ())], id="limit"),
        pytest.param("连接池是 40 个连接。", [("pool connections", 40, ())], id="limit-in-chinese"),
        pytest.param(
            "The pool holds 40 connections in production, and in staging the pool holds 10 connections.",
            [("pool connections", 40, ()), ("pool connections", 10, ("staging",))],
            id="a-clause-for-each-environment",
        ),
        pytest.param("- **Port:** 8443", [("port", 8443, ())], id="field"),
        pytest.param("payments listens on port 8443.", [("port", 8443, ())], id="port"),
        pytest.param("The rmi module listens on port 8443.", [], id="the-port-of-a-part"),
        pytest.param("负责人：支付组", [], id="a-name-that-is-no-ascii-word"),
        pytest.param("Owner: payments team", [("owner", "payments", ())], id="owner"),
        pytest.param("```yaml\nDB_POOL_MAX: 40\n```", [("DB_POOL_MAX", 40, ())], id="configuration"),
        pytest.param("```sh\nset env DB_POOL_MAX=60\n```", [], id="a-command-states-nothing"),
        pytest.param("Raise it with `DB_POOL_MAX=60`.", [], id="an-order-states-nothing"),
        pytest.param("把 `DB_POOL_MAX=60` 设为上限前先问。", [], id="an-order-in-chinese"),
        pytest.param("Before May it was `DB_POOL_MAX=20`.", [], id="the-past-states-nothing"),
        pytest.param("`DB_POOL_MAX` is about 40.", [], id="approximate"),
        pytest.param("`jobs_total` is 0.", [], id="a-metric-is-observed"),
        pytest.param(
            "| | production | staging |\n|---|---|---|\n| pool size (`DB_POOL_MAX`) | 20 | **5** |",
            [("DB_POOL_MAX", 20, ()), ("DB_POOL_MAX", 5, ("staging",))],
            id="columns-of-environments",
        ),
        pytest.param("| key | 值 |\n|---|---|\n| memory limit | 2Gi |", [("memory limit", 2 * 2**30, ())], id="values"),
        pytest.param("| step | result |\n|---|---|\n| 1 | 5 |", [], id="any-other-table"),
        pytest.param(
            "`PaymentsPoolExhausted`: above 0.95 for 3 minutes.",
            [("PaymentsPoolExhausted above", 0.95, ()), ("PaymentsPoolExhausted for", 180, ())],
            id="alert",
        ),
        pytest.param("Above 95 % page by `PaymentsPoolExhausted`.", [], id="an-alert-in-passing"),
    ],
)
def test_statements(text: str, expected: list[tuple[str, float, tuple[str, ...]]]) -> None:
    assert stated(text) == expected


def test_a_heading_says_what_the_values_below_it_hold_for() -> None:
    assert stated("`DB_POOL_MAX=5`", heading="Sizes › Staging") == [("DB_POOL_MAX", 5, ("staging",))]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("`DB_POOL_MAX=40`", "`DB_POOL_MAX` = 60", True, id="one-setting-two-values"),
        pytest.param("The pool holds 40 connections.", "The pay pool holds 60 connections.", True, id="one-limit"),
        pytest.param("连接池是 40 个连接。", "The pool holds 60 connections.", True, id="across-languages"),
        pytest.param("Owner: payments", "Owner: the platform team", True, id="two-owners"),
        pytest.param("payments listens on port 8080.", "- Port: 8081", True, id="two-ports"),
        pytest.param("Host: db-1.example", "Hostname: db-2.example", True, id="two-hosts"),
        pytest.param("Version: 6.2.3", "Version: 6.3.0", True, id="two-versions"),
        pytest.param("`PaymentsSlowNow`: above 2 s", "`PaymentsSlowNow`：超过 3 秒", True, id="two-thresholds"),
        pytest.param("`DB_POOL_MAX=40`", "In staging it is `DB_POOL_MAX=60`", False, id="another-environment"),
        pytest.param("`DB_POOL_MAX=40` in production", "`DB_POOL_MAX=60`", True, id="production-goes-without-saying"),
        pytest.param("The memory limit is 2Gi per pod.", "The memory limit is 4Gi.", False, id="per-pod-or-not"),
        pytest.param("`lock_timeout=60s`", "`lock_timeout` is 1 minute", False, id="the-same-in-other-units"),
        pytest.param("`lock_timeout=60`", "`lock_timeout=5s`", False, id="units-that-do-not-compare"),
        pytest.param("`DB_POOL_MAX=40`\n\n`DB_POOL_MAX=60`", "`DB_POOL_MAX=20`", False, id="a-page-with-several-cases"),
        pytest.param("The read timeout is 5 s.", "The connect timeout is 3 s.", False, id="two-timeouts"),
    ],
)
def test_pages_contradict_each_other(one: str, other: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert disagree(page("a", one), page("b", other)) is expected


def test_pages_of_different_services_may_differ() -> None:
    assert not disagree(page("a", "`DB_POOL_MAX=40`"), page("b", "`DB_POOL_MAX=60`", service="orders-db"))
    assert not disagree(page("a", "`DB_POOL_MAX=40`", service=[]), page("b", "`DB_POOL_MAX=60`", service=[]))


def test_a_line_that_names_another_service_speaks_of_that_one() -> None:
    other = page("b", "For orders-db it is `DB_POOL_MAX=60`.")

    assert not disagree(page("a", "`DB_POOL_MAX=40`"), other)
    assert disagree(page("a", "`DB_POOL_MAX=40`", service="orders-db"), other)


def test_a_setting_of_several_services_is_told_once() -> None:
    both = ["payments", "orders-db"]
    said = [*statements(page("a", "`A_B=1`", both), GRAPH), *statements(page("b", "`A_B=2`", both), GRAPH)]

    assert [(one.key, [said.quote for said in one.statements]) for one in contradictions(said)] == [
        ("A_B", ["`A_B=1`", "`A_B=2`"])
    ]


def test_a_name_with_many_values_stands_for_many_things() -> None:
    said = [one for n in range(5) for one in statements(page(str(n), f"`A_B={n}`"), GRAPH)]

    assert contradictions(said) == []
