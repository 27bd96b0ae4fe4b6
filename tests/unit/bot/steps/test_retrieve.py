"""What is found when a part of the library is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.steps.retrieve import retrieve
from bot.vocabulary import Entities, RewrittenQuery
from connectors.embedding.port import EmbeddingUnavailable, Role, Vector
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import Library
from tests.shelf import shelf

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
        found = await retrieve(QUERY, library, hits=3)

    assert found.evidence[0].document_id == "pool.md"
    assert found.evidence[0].similarity is not None


async def test_without_the_embedding_words_find_it_and_the_failure_is_said() -> None:
    async with shelf() as library:
        library._embedding = Dead(library._embedding.identity, library._embedding.dimension)

        found = await retrieve(QUERY, library, hits=3)

    assert (found.evidence[0].document_id, found.evidence[0].similarity) == ("pool.md", None)
    assert (found.evidence[-1].kind, found.evidence[-1].text) == ("failure", "run `make setup`")


async def test_without_the_store_the_failure_is_all_there_is() -> None:
    class Gone(Library):
        async def search(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]  # it only raises
            raise VectorStoreUnavailable("the disk is full")

    async with shelf() as library:
        found = await retrieve(QUERY, Gone(library._embedding, library._vectors), hits=3)

    assert [one.text for one in found.evidence] == ["the disk is full"]
