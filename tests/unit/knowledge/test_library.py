"""The library on its memory twins: adding, replacing, removing, finding."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.embedding.memory import MemoryEmbedding
from connectors.embedding.port import Parted, Role, Span, Vector
from connectors.vectors.memory import MemoryVectors
from connectors.vectors.port import Where
from knowledge.chunk import chunk_id
from knowledge.library import Chunk, Library, StoredDocument

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def document(id: str, *texts: str, **labels: str) -> StoredDocument:
    chunks = tuple(Chunk(chunk_id(id, n), id, n, f"part {n}", text) for n, text in enumerate(texts))
    return StoredDocument(id, id.upper(), f"https://x.example/{id}", {"language": "en", **labels}, chunks)


POOL = document("pool", "The connection pool is exhausted.", "Raise max_connections slowly.", service="payments")
DISK = document("disk", "The disk of the broker is full: delete old segments.", service="kafka")


@pytest.fixture
def vectors() -> MemoryVectors:
    return MemoryVectors()


@pytest.fixture
async def library(vectors: MemoryVectors) -> Library:
    library = Library(MemoryEmbedding(384), vectors)
    await library.add([POOL, DISK], NOW)
    await library.finish(NOW)
    return library


class Counting(MemoryEmbedding):
    """Counts the calls that a real embedding would pay for."""

    def __init__(self) -> None:
        super().__init__(384)
        self.calls: list[tuple[Role, int]] = []

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        self.calls.append((role, len(texts)))
        return await super().embed(texts, role)

    async def embed_parts(self, passages: Sequence[str], parts: Sequence[Sequence[Span]]) -> list[Parted]:
        self.calls.append(("passage", len(passages)))
        return await super().embed_parts(passages, parts)


async def test_finds_the_chunk_that_says_it(library: Library) -> None:
    best = (await library.search(["broker disk full"]))[0]

    assert (best.chunk, best.title, best.link) == (DISK.chunks[0], "DISK", "https://x.example/disk")
    assert best.labels == {"service": "kafka", "language": "en"}


async def test_each_chunk_comes_once_and_best_first(library: Library) -> None:
    hits = await library.search(["pool exhausted", "connection pool", "disk full"])

    assert len({hit.chunk.id for hit in hits}) == len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_the_limit_and_the_label_filter_hold(library: Library) -> None:
    assert len(await library.search(["pool disk"], limit=1)) == 1
    hits = await library.search(["disk full"], where={"service": ["payments"]})
    assert {hit.chunk.document_id for hit in hits} == {"pool"}


@pytest.mark.parametrize("queries", [[], [""], ["  \n"]])
async def test_no_question_no_hits(library: Library, queries: list[str]) -> None:
    assert await library.search(queries) == []


async def test_all_queries_are_embedded_in_one_call(vectors: MemoryVectors) -> None:
    embedding = Counting()
    library = Library(embedding, vectors)
    await library.add([POOL], NOW)
    await library.finish(NOW)
    embedding.calls.clear()

    await library.search(["one", "two", "one"])

    assert embedding.calls == [("query", 2)]


async def test_a_document_comes_back_in_reading_order(library: Library) -> None:
    assert await library.document("pool") == POOL
    assert await library.document("nothing") is None


async def test_a_new_version_takes_the_place_of_the_old_one(library: Library) -> None:
    await library.add([document("pool", "Rewritten: ask the platform team.")], LATER)

    stored = await library.document("pool")
    assert stored is not None
    assert [chunk.text for chunk in stored.chunks] == ["Rewritten: ask the platform team."]
    assert not [hit for hit in await library.search(["raise max_connections slowly"]) if "Raise" in hit.chunk.text]


async def test_between_writing_and_clearing_up_only_the_new_version_shows(vectors: MemoryVectors) -> None:
    class Interrupted(MemoryVectors):
        async def delete(self, collection: str, where: Where) -> None:
            """Killed before anything is deleted."""

    vectors = Interrupted()
    library = Library(MemoryEmbedding(384), vectors)
    await library.add([POOL], NOW)
    await library.finish(NOW)
    await library.add([document("pool", "The connection pool is larger now.")], LATER)

    hits = await library.search(["connection pool max_connections"])
    stored = await library.document("pool")

    assert [hit.chunk.text for hit in hits] == ["The connection pool is larger now."]
    assert stored is not None
    assert len(stored.chunks) == 1


async def test_a_document_without_text_leaves_nothing_behind(library: Library) -> None:
    await library.add([document("pool")], LATER)

    assert await library.document("pool") is None


async def test_what_is_removed_is_not_found(library: Library) -> None:
    await library.remove(["pool", "never there"])

    assert {hit.chunk.document_id for hit in await library.search(["pool"])} == {"disk"}


async def test_adding_twice_changes_nothing(library: Library) -> None:
    before = await library.facts()
    await library.add([POOL, DISK], NOW)

    assert await library.facts() == before


async def test_facts_count_pages_and_chunks_and_know_the_last_ingest(library: Library) -> None:
    await library.finish(LATER)
    facts = await library.facts()

    assert (facts.pages, facts.chunks, facts.advice) == (2, 3, "")
    assert (facts.embedding, facts.ingested_at) == ("memory:384", LATER.isoformat())


async def test_an_empty_library_answers_and_says_what_to_do() -> None:
    library = Library(MemoryEmbedding(384), MemoryVectors())

    assert await library.search(["anything"]) == []
    assert await library.document("x") is None
    assert "python -m ingest" in (await library.facts()).advice


async def test_an_index_is_searched_once_it_is_complete(vectors: MemoryVectors) -> None:
    library = Library(MemoryEmbedding(384), vectors)
    await library.add([POOL], NOW)

    await library.finish(NOW, complete=False)
    before = await library.search(["pool"]), await library.documents(), await library.document("pool")
    await library.finish(LATER)

    assert before == ([], [], None)
    assert len(await library.search(["pool"])) == 2
    assert await library.written() == 2


async def test_another_embedding_searches_the_old_index_by_words_until_its_own_is_complete(
    library: Library, vectors: MemoryVectors
) -> None:
    other = Library(MemoryEmbedding(64), vectors)
    await other.add([DISK], LATER)
    await other.finish(LATER, complete=False)

    hits = await other.search(["connection pool"])
    facts = await other.facts()

    assert {hit.chunk.document_id for hit in hits} == {"pool"}
    assert [hit.similarity for hit in hits] == [None, None]
    assert (facts.collection, facts.embedding, facts.pages) == (library.collection, "memory:384", 2)
    assert "python -m ingest --all" in facts.advice


async def test_a_complete_index_takes_the_place_of_the_old_one(library: Library, vectors: MemoryVectors) -> None:
    other = Library(MemoryEmbedding(64), vectors)
    await other.add([DISK], LATER)

    await other.finish(LATER)

    assert await vectors.collections() == (other.collection,)
    assert (await other.served(), (await other.facts()).advice) == (other.collection, "")
    assert {hit.chunk.document_id for hit in await other.search(["pool", "disk"])} == {"disk"}


async def test_what_is_removed_while_a_new_index_is_built_is_gone_from_the_old_one(
    library: Library, vectors: MemoryVectors
) -> None:
    other = Library(MemoryEmbedding(64), vectors)
    await other.add([POOL, DISK], LATER)

    await other.remove(["pool"])

    assert await library.document("pool") is None
    assert await other.written() == 1


SECRET = replace(document("secret", "The root password of the broker disk.", service="kafka"), readers=("sre", "dba"))


@pytest.mark.parametrize(
    "now", [replace(POOL, readers=("sre",)), replace(POOL, source_readers=("sre",)), document("pool")]
)
async def test_what_is_closed_while_a_new_index_is_built_is_closed_in_the_old_one(
    now: StoredDocument, library: Library, vectors: MemoryVectors
) -> None:
    other = Library(MemoryEmbedding(64), vectors)
    await other.add([now, DISK], LATER)

    assert [one.id for one in await library.documents()] == ["disk"]


async def test_a_page_that_is_opened_to_more_stays_in_the_old_index(vectors: MemoryVectors) -> None:
    closed = replace(POOL, readers=("sre",))
    library, other = Library(MemoryEmbedding(384), vectors), Library(MemoryEmbedding(64), vectors)
    await library.add([closed], NOW)
    await library.finish(NOW)
    await other.add([replace(POOL, readers=("dba", "sre"))], LATER)

    assert await library.document("pool", ["sre"]) is not None
    assert await library.document("pool", ["dba"]) is None


class Torn(MemoryVectors):
    """Killed between taking the new points in and throwing the old ones out."""

    async def delete(self, collection: str, where: Where) -> None:
        if not where.none_of:
            await super().delete(collection, where)


async def test_a_page_that_was_closed_is_closed_even_in_the_middle() -> None:
    library = Library(MemoryEmbedding(384), Torn())
    await library.add([POOL], NOW)
    await library.finish(NOW)
    await library.add([replace(POOL, chunks=POOL.chunks[:1], readers=("sre",))], LATER)

    assert await library.search(["connection pool max_connections"]) == []
    assert await library.documents() == []


async def test_a_private_page_is_there_for_its_readers_alone(library: Library) -> None:
    await library.add(
        [SECRET, replace(SECRET, id="deep", chunks=document("deep", "x").chunks, source_readers=("staff",))], NOW
    )

    for groups, seen in {
        (): set(),
        ("sre",): {"secret"},
        ("staff",): set(),
        ("dba", "staff"): {"secret", "deep"},
    }.items():
        hits = await library.search(["root password", "x"], groups, limit=50, where={"service": ["kafka"]})
        listed = {outline.id for outline in await library.documents(groups)}
        assert {hit.chunk.document_id for hit in hits} - {"disk"} == seen
        assert listed - {"pool", "disk"} == seen
        assert (await library.document("secret", groups) is not None) == ("secret" in seen)
        assert bool(await library.passages(hits, groups, 100, len)) == bool(hits)


async def test_a_page_that_was_closed_is_closed_in_the_same_moment(library: Library) -> None:
    await library.add([replace(POOL, readers=("sre",))], LATER)

    assert await library.document("pool") is None
    assert await library.document("pool", ["sre"]) == replace(POOL, readers=("sre",))
    assert {hit.chunk.document_id for hit in await library.search(["pool"])} == {"disk"}


async def test_documents_are_listed_by_title_and_filtered_by_label(library: Library) -> None:
    assert [outline.title for outline in await library.documents()] == ["DISK", "POOL"]
    (kafka,) = await library.documents(where={"service": ["kafka"]})
    assert (kafka.id, kafka.link, kafka.labels["service"], kafka.words) == (
        "disk",
        "https://x.example/disk",
        "kafka",
        10,
    )


async def test_two_hits_of_one_section_are_handed_on_as_the_section(vectors: MemoryVectors) -> None:
    library = Library(MemoryEmbedding(384), vectors)
    chunks = tuple(Chunk(chunk_id("p", n), "p", n, "Fix", text) for n, text in enumerate(["pool one", "pool two", "x"]))
    await library.add([StoredDocument("p", "Pool", "", {}, chunks)], NOW)
    await library.finish(NOW)
    hits = await library.search(["pool one two"], limit=2)

    (passage,) = await library.passages(hits, (), 100, lambda text: len(text.split()))

    assert (passage.text, passage.heading) == ("pool one\n\npool two\n\nx", "Fix")


async def test_the_means_are_kept_with_the_collection(library: Library, vectors: MemoryVectors) -> None:
    await library.finish(NOW)
    embedding = Counting()

    await Library(embedding, vectors).search(["pool"])

    assert embedding.calls == [("query", 1)]


async def test_what_is_noted_about_the_collection_is_never_a_hit(library: Library) -> None:
    await library.finish(NOW)

    assert len(await library.search(["anything"], limit=100)) == 3
