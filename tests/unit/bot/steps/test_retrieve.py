"""What is found when a part of the library is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.steps.retrieve import Wanted, retrieve
from bot.vocabulary import Entities, RewrittenQuery
from connectors.embedding.memory import MemoryEmbedding
from connectors.embedding.port import EmbeddingUnavailable, Role, Vector
from connectors.vectors.memory import MemoryVectors
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.chunk import chunk_id
from knowledge.library import Chunk, Library, StoredDocument
from tests.shelf import SHELF, shelf

WANTED = Wanted(3, 500, len)
NOW = datetime(2026, 3, 1, tzinfo=UTC)

QUERY = RewrittenQuery(
    text="payments pool", asked="payments pool", searches=("payments pool exhausted",), language="en",
    asked_at=datetime(2026, 3, 4, tzinfo=UTC), route="question", entities=Entities(),
)  # fmt: skip


@dataclass
class Dead:
    identity: str
    dimension: int

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        raise EmbeddingUnavailable("run `make setup`")


async def test_everything_there_finds_by_meaning_and_words() -> None:
    async with shelf() as library:
        found = await retrieve(QUERY, library, WANTED, {})

    assert found.evidence[0].document_id == "pool.md"
    assert found.evidence[0].similarity is not None


async def test_a_page_brings_the_remedies_of_its_front_matter() -> None:
    named = replace(SHELF[0], labels={"remedies": ["resize-pool", "restart-service"]})
    async with shelf([named, replace(SHELF[2], labels={"remedies": "renew"})]) as library:
        found = await retrieve(QUERY, library, Wanted(9, 500, len), {})

    told = {one.document_id: one.remedies for one in found.evidence}
    assert told == {"pool.md": ("resize-pool", "restart-service"), "tls.md": ("renew",)}


async def test_without_the_embedding_words_find_it_and_the_failure_is_said() -> None:
    vectors = MemoryVectors()
    library = Library(MemoryEmbedding(384), vectors)
    await library.add(SHELF, NOW)
    await library.finish(NOW)

    found = await retrieve(QUERY, Library(Dead("memory:384", 384), vectors), WANTED, {})

    assert (found.evidence[0].document_id, found.evidence[0].similarity) == ("pool.md", None)
    assert (found.evidence[-1].kind, found.evidence[-1].text) == ("failure", "run `make setup`")


async def test_without_the_store_the_failure_is_all_there_is() -> None:
    class Gone(MemoryVectors):
        async def aliases(self) -> Mapping[str, str]:
            raise VectorStoreUnavailable("the disk is full")

    found = await retrieve(QUERY, Library(MemoryEmbedding(384), Gone()), WANTED, {})

    assert [one.text for one in found.evidence] == ["the disk is full"]


async def test_only_what_the_asker_may_read_is_found() -> None:
    async with shelf([replace(one, readers=("sre",)) for one in SHELF]) as library:
        outside = await retrieve(QUERY, library, WANTED, {})
        inside = await retrieve(QUERY.model_copy(update={"groups": ("sre",)}), library, WANTED, {})

    assert not [one for one in outside.evidence if one.kind == "document"]
    assert inside.evidence[0].document_id == "pool.md"


async def test_a_section_of_which_much_was_found_comes_whole() -> None:
    texts = ["The payments pool is exhausted.", "Raise the payments pool.", "Tell the payments team."]
    chunks = tuple(Chunk(chunk_id("p", n), "p", n, "Fix", text) for n, text in enumerate(texts))

    async with shelf([StoredDocument("p", "Pool", "", {}, chunks)]) as library:
        (whole,) = (await retrieve(QUERY, library, Wanted(2, 500, len), {})).evidence
        short = (await retrieve(QUERY, library, Wanted(2, 20, len), {})).evidence

    assert whole.text == "\n\n".join(texts)
    assert [whole.text[one.at :].startswith(text) for one, text in zip(whole.places, texts, strict=True)] == [
        True
    ] * len(texts)
    assert len(short) == 2
    assert whole.id not in {one.id for one in short}
