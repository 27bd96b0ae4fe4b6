"""When the incident memory is asked, and what it says in the question's language."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.plugins.incidents import Incidents, said
from bot.rules.entities import find_entities
from bot.rules.routes import find_route
from bot.vocabulary import Language, RewrittenQuery, Scope
from knowledge.language import language_of
from knowledge.reasons import (
    NearInMeaning,
    Neighbours,
    Reason,
    SameComponents,
    SameServices,
    SameSymptom,
    SameTime,
    SharedNames,
)
from knowledge.service_graph import Service, ServiceGraph
from tests.shelf import INCIDENTS, SHELF, incident_page, shelf

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(name="payments", aliases={"zh": ["支付"]}),
        Service(name="checkout", aliases={"zh": ["结算"]}, depends_on=["payments"]),
    ]
)


def query(text: str, *groups: str, **knowledge: tuple[str, ...]) -> RewrittenQuery:
    return RewrittenQuery(
        text=text, asked=text, searches=(text,), language=language_of(text), asked_at=NOON, route=find_route(text),
        entities=find_entities(text, GRAPH.mentioned, NOON), groups=groups, scope=Scope(knowledge=knowledge),
    )  # fmt: skip


@pytest.fixture
async def plugin() -> AsyncIterator[Incidents]:
    async with shelf([*SHELF, *INCIDENTS]) as library:
        yield Incidents(library, GRAPH)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("checkout is slow", True),
        ("结算很慢，以前发生过吗", True),
        ("have we had this before", True),
        ("how do I rotate the certificate", False),
        ("restart payments", False),
        ("how big is the payments pool", False),
    ],
)
async def test_it_is_asked_about_trouble_only(plugin: Incidents, text: str, wanted: bool) -> None:  # noqa: FBT001  # a table column
    assert plugin.wants(query(text)) is wanted


async def test_it_tells_what_happened_and_why_that_is_similar(plugin: Incidents) -> None:
    first, *_ = await plugin.gather(query("PaymentsPoolExhausted at payments, has this happened before?"))

    assert (first.kind, first.document_id, first.link) == ("incident", "inc-3", "https://wiki.example/inc-3")
    assert (first.title, first.heading) == (
        "INC-3: Nobody could pay: refunds leaked database connections", "payments, checkout",
    )  # fmt: skip
    assert first.text.split("\n")[:4] == [
        "- Symptom: connection pool exhausted, checkout slow",
        "- Cause: The refund handler returned early, without commit or rollback.",
        "- Fix: rolled payments back to 5.8.6",
        "- Started 2026-01-19 10:42 UTC, lasted 49 min, SEV1.",
    ]
    assert "both name PaymentsPoolExhausted" in first.text.split("\n")[4]


async def test_it_speaks_the_language_of_the_question(plugin: Incidents) -> None:
    first, *_ = await plugin.gather(query("支付连接池耗尽，以前发生过吗？"))

    assert "- 开始于 2026-02-18 14:12 UTC，持续 22 分钟。" in first.text
    assert "- 相似之处：现象相同（连接耗尽）" in first.text


async def test_who_did_not_ask_for_the_past_gets_two_at_most() -> None:
    many = [replace(INCIDENTS[0], id=f"inc-{n}") for n in range(5)]
    async with shelf(
        [incident_page(one.id, one.title, one.chunks[0].text, service=["payments"]) for one in many]
    ) as of:
        plugin = Incidents(of, GRAPH)
        told = await plugin.gather(query("PaymentsPoolExhausted fired, the pool of payments is empty"))
        asked = await plugin.gather(query("PaymentsPoolExhausted fired at payments, has it happened before?"))

    assert (len(told), len(asked)) == (2, 3)


async def test_what_is_only_a_little_similar_is_told_to_who_asks(plugin: Incidents) -> None:
    assert [one.document_id for one in await plugin.gather(query("something ran out of memory"))] == []
    assert [one.document_id for one in await plugin.gather(query("it ran out of memory, happened before?"))] == [
        "inc-38"
    ]


async def test_a_private_incident_is_told_to_its_readers_only() -> None:
    async with shelf([replace(one, readers=("security",)) for one in INCIDENTS]) as library:
        plugin = Incidents(library, GRAPH)
        stranger = await plugin.gather(query("PaymentsPoolExhausted, happened before?", "storefront"))
        reader = await plugin.gather(query("PaymentsPoolExhausted, happened before?", "security"))

    assert stranger == ()
    assert "inc-3" in [one.document_id for one in reader]


@pytest.mark.parametrize(
    ("knowledge", "told"),
    [
        ({"service": ("payments",)}, True),
        ({"service": ("search",)}, False),
        ({"kind": ("incident",)}, True),
        ({"kind": ("runbook",)}, False),
    ],
)
async def test_a_channel_of_certain_pages_is_told_of_no_others(
    plugin: Incidents, knowledge: dict[str, tuple[str, ...]], *, told: bool
) -> None:
    found = await plugin.gather(query("PaymentsPoolExhausted at payments, happened before?", **knowledge))

    assert ("inc-3" in [one.document_id for one in found]) is told


async def test_an_empty_library_says_nothing() -> None:
    async with shelf([]) as library:
        assert await Incidents(library, GRAPH).gather(query("checkout is slow, happened before?")) == ()


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (SameSymptom(("high latency",)), "the same symptom (high latency)", "现象相同（延迟高）"),
        (SharedNames(("5xx", "node-*")), "both name 5xx, node-*", "都提到 5xx、node-*"),
        (NearInMeaning("It hung."), "near in meaning: “It hung.”", "描述相近：“It hung.”"),
        (SameServices(("payments",)), "the same service (payments)", "同一服务（payments）"),
        (
            Neighbours(("checkout", "payments")),
            "one depends on the other (checkout › payments)",
            "有依赖关系（checkout › payments）",
        ),
        (SameComponents(("dns", "ledger")), "the same component (DNS, ledger)", "同一组件（域名解析、ledger）"),
        (SameTime(0, 5), "the same time of the week (Mon 05:00)", "一周中的同一时间（周一 05:00）"),
    ],
)
def test_every_reason_has_words_in_both_languages(reason: Reason, english: str, chinese: str) -> None:
    languages: tuple[Language, ...] = ("en", "zh")

    assert tuple(said(reason, language) for language in languages) == (english, chinese)
