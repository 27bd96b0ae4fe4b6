"""Which past incidents are found for a description, in which order, and for whom."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.embedding.memory import MemoryEmbedding
from connectors.embedding.port import EmbeddingUnavailable, Role, Vector
from connectors.vectors.memory import MemoryVectors
from knowledge.chunk import StoredDocument
from knowledge.library import Library
from knowledge.reasons import SameServices, SameSymptom, SharedNames, Trouble
from knowledge.service_graph import Service, ServiceGraph
from knowledge.similarity import similar
from tests.shelf import INCIDENTS, SHELF, incident_page, shelf

NOW = datetime(2026, 3, 4, tzinfo=UTC)
GRAPH = ServiceGraph(
    [Service(name="payments"), Service(name="checkout", depends_on=["payments"]), Service(name="search")]
)


@pytest.fixture
async def library() -> AsyncIterator[Library]:
    async with shelf([*SHELF, *INCIDENTS]) as opened:
        yield opened


async def found(documents: Sequence[StoredDocument], description: str, *groups: str) -> list[str]:
    async with shelf(documents) as opened:
        return [one.incident.id for one in await similar(opened, GRAPH, Trouble(description, NOW, groups=groups))]


async def test_the_incident_with_the_symptom_comes_first_and_says_why(library: Library) -> None:
    first, *_ = await similar(library, GRAPH, Trouble("PaymentsPoolExhausted at payments", NOW))

    assert first.incident.id == "INC-3"
    assert first.reasons[:2] == (SameSymptom(("connections exhausted",)), SharedNames(("PaymentsPoolExhausted",)))
    assert SameServices(("payments",)) in first.reasons


async def test_a_symptom_is_found_in_the_other_language(library: Library) -> None:
    ids = {one.incident.id for one in await similar(library, GRAPH, Trouble("支付连接池耗尽", NOW, ("payments",)))}

    assert ids == {"INC-3", "INC-27"}


async def test_pages_are_no_incidents(library: Library) -> None:
    every = await similar(library, GRAPH, Trouble("payments pool exhausted", NOW), limit=20)

    assert {one.incident.document_id for one in every} <= {one.id for one in INCIDENTS}


@pytest.mark.parametrize("description", ["how is the TLS certificate rotated", "grass grows", "rollback", "取消迁移"])
async def test_without_a_reason_nothing_is_similar(library: Library, description: str) -> None:
    assert await similar(library, GRAPH, Trouble(description, NOW)) == []


async def test_a_cause_or_a_fix_is_no_symptom() -> None:
    told = incident_page("inc-1", "Mails late", "## Summary\n\nMails came late.\n\n## Fix\n\nRestarted zebra_worker.")

    assert await found([told], "zebra_worker restarted") == []


async def test_a_private_incident_is_found_by_its_readers_only() -> None:
    private = [replace(one, readers=("security",)) for one in INCIDENTS]

    assert await found(private, "PaymentsPoolExhausted") == []
    assert await found(private, "PaymentsPoolExhausted", "storefront") == []
    assert await found(private, "PaymentsPoolExhausted", "storefront", "security") == ["INC-3", "INC-27"]


async def test_of_two_that_are_equally_similar_the_later_comes_first() -> None:
    text = "## Summary\n\nThe disk of the broker was full."
    old = incident_page("inc-1", "Disk full", text, started="2026-01-01")
    new = incident_page("inc-2", "Disk full", text, started="2026-02-01")

    assert await found([old, new], "disk full") == ["INC-2", "INC-1"]


async def test_recency_only_breaks_ties() -> None:
    old = incident_page("inc-1", "DiskFull on node-07", "## Summary\n\nThe disk was full.", started="2026-01-01")
    new = incident_page("inc-2", "Disk full", "## Summary\n\nA broker had no room left.", started="2026-02-01")

    assert await found([old, new], "disk full on node-07") == ["INC-1", "INC-2"]


async def test_open_tickets_do_not_crowd_out_incidents() -> None:
    tickets = [
        incident_page(f"ops-{n}", "Disk full", "The disk is full.", kind="ticket", status="open") for n in range(20)
    ]

    assert await found([*tickets, incident_page("inc-1", "Disk full", "The disk was full.")], "disk full") == ["INC-1"]


class Dead(MemoryEmbedding):
    """An embedding that does not answer any more."""

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        raise EmbeddingUnavailable("run `make setup`")


async def test_without_the_embedding_words_find_it() -> None:
    vectors = MemoryVectors()
    before, after = Library(MemoryEmbedding(384), vectors), Library(Dead(384), vectors)
    await before.add(INCIDENTS, NOW)
    await before.finish(NOW)

    first, *_ = await similar(after, GRAPH, Trouble("PaymentsPoolExhausted, connection pool exhausted", NOW))

    assert (first.incident.id, first.similarity) == ("INC-3", None)


async def test_an_empty_library_has_nothing_similar() -> None:
    assert await found([], "disk full") == []
