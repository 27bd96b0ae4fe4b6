"""The catalogue finds gaps once for each reader, and tells nobody of what they may not read."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.embedding.memory import MemoryEmbedding
from connectors.vectors.memory import MemoryVectors
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.catalogue import Catalogue, Order
from knowledge.chunk import Chunk, Outline, StoredDocument, chunk_id
from knowledge.library import Library
from knowledge.service_graph import Service, ServiceGraph

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ORDER = Order(ServiceGraph([Service(name="payments", tier=1), Service(name="vault", tier=2)]))
LONG = " ".join(f"step {n} looks at partition {n * 3} of the topic" for n in range(30))


def page(id: str, text: str, *readers: str, **labels: str) -> StoredDocument:
    chunk = Chunk(chunk_id(id, 0), id, 0, "", text)
    described = {"kind": "page", "language": "en", "service": "payments", "date": "2026-10-01", **labels}
    return StoredDocument(id, id, "", described, (chunk,), readers)


OPEN = page("open", f"{LONG}\n\n`A_B=1` rules.")
SECRET = page("secret", f"{LONG}\n\n`A_B=2` rules.", "security", service="payments")
VAULT = page("vault", "Nothing to see.", "security", service="vault", date="2020-01-01")


class Counting(Library):
    """Counts how often a document is read, and may be told to fail."""

    reads = 0
    broken = False

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        if self.broken:
            raise VectorStoreUnavailable("gone")
        self.reads += 1
        return await super().document(document_id, groups)


@pytest.fixture
async def library() -> Counting:
    library = Counting(MemoryEmbedding(384), MemoryVectors())
    await library.add([OPEN, SECRET, VAULT], NOW)
    await library.finish(NOW)
    return library


@pytest.fixture
def catalogue(library: Counting) -> Catalogue:
    return Catalogue(library, ORDER)


async def told(catalogue: Catalogue, *groups: str) -> list[tuple[str, str]]:
    found = await catalogue.gaps(groups, NOW)
    assert found.complete
    return [(gap.kind, gap.subject) for gap in found.found]


async def test_members_learn_of_everything(catalogue: Catalogue) -> None:
    assert await told(catalogue, "security") == [("contradiction", "A_B"), ("duplicate", "open"), ("stale", "vault")]


async def test_others_learn_nothing_of_private_pages(catalogue: Catalogue) -> None:
    await told(catalogue, "security")

    assert await told(catalogue) == [("no_runbook", "vault")]
    assert [one.id for one in await catalogue.outlines(())] == ["open"]


async def test_texts_are_compared_once_for_each_set_of_groups(catalogue: Catalogue, library: Counting) -> None:
    await asyncio.gather(told(catalogue, "a", "security"), told(catalogue, "security", "a", "a"))
    await told(catalogue, "security", "a")

    assert library.reads == 3


async def test_an_ingest_has_them_compared_again(catalogue: Catalogue, library: Counting) -> None:
    await told(catalogue, "security")
    await library.remove(["open"])
    await library.finish(NOW + timedelta(hours=1))

    assert await told(catalogue, "security") == [("stale", "vault")]


async def test_what_is_closed_between_two_ingests_is_told_no_longer(catalogue: Catalogue, library: Counting) -> None:
    await library.add([replace(SECRET, readers=())], NOW)
    assert ("contradiction", "A_B") in await told(catalogue)
    await library.add([SECRET], NOW + timedelta(minutes=1))

    assert await told(catalogue) == [("no_runbook", "vault")]


async def test_without_patience_labels_alone_are_told(catalogue: Catalogue) -> None:
    found = await catalogue.gaps(("security",), NOW, patience_seconds=0)

    assert (found.complete, [gap.kind for gap in found.found]) == (False, ["stale"])


async def test_a_comparison_that_failed_is_tried_again(catalogue: Catalogue, library: Counting) -> None:
    library.broken = True
    with pytest.raises(VectorStoreUnavailable):
        await catalogue.gaps((), NOW)
    library.broken = False

    assert await told(catalogue) == [("no_runbook", "vault")]


async def test_an_empty_library_has_only_services_without_runbooks() -> None:
    catalogue = Catalogue(Library(MemoryEmbedding(384), MemoryVectors()), ORDER)

    assert await told(catalogue) == [("no_runbook", "payments"), ("no_runbook", "vault")]
    assert await catalogue.outlines(()) == list[Outline]()
