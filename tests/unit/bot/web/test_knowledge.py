"""The web API of what is known: a tree and gaps for each visitor, out of what that visitor may read."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from bot.assistant import Assistant
from bot.membership import Membership
from bot.settings import Proxy, Web
from bot.web.router import build_router
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Person
from connectors.embedding.memory import MemoryEmbedding
from connectors.vectors.memory import MemoryVectors
from knowledge.catalogue import Order
from knowledge.chunk import Chunk, StoredDocument, chunk_id
from knowledge.library import Library
from knowledge.service_graph import Service, ServiceGraph
from tests.unit.bot.web.front_end import Site

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORDER = Order(ServiceGraph([Service(name="checkout", tier=1), Service(name="kafka", tier=1)]))
MEMBER = Person("ann", "Ann", "security", "en")
Opened = Callable[..., Awaitable[httpx.AsyncClient]]


def page(id: str, text: str, *readers: str, **labels: str | list[str]) -> StoredDocument:
    described: dict[str, str | list[str]] = {"kind": "page", "language": "en", "date": "2026-10-01", **labels}
    chunk = Chunk(chunk_id(id, 0), id, 0, "", text)
    return StoredDocument(id, id.title(), "javascript:alert(1)", described, (chunk,), readers)


LONG = " ".join(f"step {n} looks at partition {n * 3} of the topic" for n in range(30))
DOCUMENTS = [
    page("slow", f"{LONG} `A_B=1`", service="checkout", symptom=["slow", "errors"], owner="payments"),
    page("breach", f"{LONG} `A_B=2`", "security", service=["checkout", "vault"], source="safe", flags=["instructions"]),
    page("crash", "It crashed.", kind="incident", service="checkout", language="zh"),
]


@pytest.fixture
async def visit(site: Site) -> AsyncIterator[Opened]:
    library = Library(MemoryEmbedding(384), MemoryVectors())
    await library.add(DOCUMENTS, NOW)
    await library.finish(NOW)
    assistant = Assistant(site.state, library, Membership(MemoryDirectory([MEMBER])), ORDER)
    web = Web(proxy=Proxy(addresses=("127.0.0.1",)))
    app = FastAPI()
    app.include_router(build_router(assistant, web, lambda: NOW))
    async with AsyncExitStack() as opened:

        async def as_visitor(name: str = "bob", address: str = "127.0.0.1") -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, client=(address, 50000))
            browser = httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8080", headers={"X-Forwarded-User": name}
            )
            return await opened.enter_async_context(browser)

        yield as_visitor


async def test_the_tree_counts_documents_and_knows_empty_services(visit: Opened) -> None:
    known = (await (await visit()).get("/api/knowledge")).json()

    assert [(one["key"], one["count"]) for one in known["tree"]] == [("checkout", 2), ("kafka", 0)]
    assert known["total"] == 2
    assert known["ingested_at"] == NOW.isoformat()


async def test_a_document_in_the_list_has_no_link_that_leads_nowhere(visit: Opened) -> None:
    listed = (await (await visit()).get("/api/knowledge?kind=page")).json()["documents"]

    assert listed == [
        {"id": "slow", "title": "Slow", "link": "", "kind": "page", "language": "en", "owner": "payments",
         "date": "2026-10-01"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("service=checkout", ["crash", "slow"]),
        ("service=checkout&symptom=slow", ["slow"]),
        ("service=checkout&component=", ["crash", "slow"]),
        ("service=", []),
        ("kind=incident&kind=page&language=zh", ["crash"]),
        ("words=SLO", ["slow"]),
        ("service=vault", []),
    ],
)
async def test_documents_are_narrowed_down(visit: Opened, query: str, ids: list[str]) -> None:
    known = (await (await visit()).get(f"/api/knowledge?{query}")).json()

    assert [one["id"] for one in known["documents"]] == ids
    assert known["total"] == len(ids)


@pytest.mark.parametrize("query", ["kind=" + "x" * 300, "unknown=1", "words=" + "x" * 300])
async def test_a_bad_question_gets_a_sentence(visit: Opened, query: str) -> None:
    answer = await (await visit()).get(f"/api/knowledge?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_private_page_is_nowhere_for_others(visit: Opened) -> None:
    browser = await visit("bob")
    answers = [
        await browser.get(f"/api/{path}")
        for path in ("knowledge", "knowledge?service=vault", "knowledge?source=safe&words=breach", "knowledge/gaps")
    ]

    for word in ("Breach", "breach", "security", "A_B", "instructions"):
        assert not any(word in answer.text.replace("words=breach", "") for answer in answers)
    assert answers[0].json()["facets"]["source"] == []
    assert [kind["kind"] for kind in answers[3].json()["kinds"]] == ["no_runbook"]


async def test_a_member_sees_it_counted_and_its_gaps(visit: Opened) -> None:
    browser = await visit("ann")
    known = (await browser.get("/api/knowledge")).json()
    gaps = (await browser.get("/api/knowledge/gaps")).json()

    assert [(one["key"], one["count"]) for one in known["tree"]] == [("checkout", 3), ("kafka", 0), ("vault", 1)]
    assert known["facets"]["source"] == [{"key": "safe", "count": 1}]
    assert [kind["kind"] for kind in gaps["kinds"]] == ["no_runbook", "contradiction", "duplicate", "flagged"]
    assert gaps["complete"]


async def test_a_contradiction_names_both_passages(visit: Opened) -> None:
    gaps = (await (await visit("ann")).get("/api/knowledge/gaps")).json()
    contradiction = next(kind for kind in gaps["kinds"] if kind["kind"] == "contradiction")

    (gap,) = contradiction["gaps"]
    assert gap["said"] == {"en": "A_B, checkout, 1 ≠ 2", "zh": "A_B，checkout，1 ≠ 2"}
    assert {place["document_id"] for place in gap["places"]} == {"slow", "breach"}
    assert all("`A_B=" in place["quote"] and place["chunk_id"] for place in gap["places"])
    assert contradiction["advice"]["zh"].endswith("。")


@pytest.mark.parametrize("path", ["/api/knowledge", "/api/knowledge/gaps", "/knowledge"])
async def test_strangers_are_sent_away(visit: Opened, path: str) -> None:
    assert (await (await visit(address="10.1.1.1")).get(path)).status_code == 401


async def test_without_a_session_the_page_leads_to_the_login(site: Site) -> None:
    answer = await (await site.browser(Web(token=SecretStr("secret")))).get("/knowledge")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fknowledge")


async def test_the_page_is_served_with_its_policy(visit: Opened) -> None:
    page = await (await visit()).get("/knowledge")

    assert "knowledge.js" in page.text
    assert "require-trusted-types-for 'script'" in page.headers["content-security-policy"]
