"""Tables and examples found by meaning."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.rules.sql_descriptions import Example
from bot.rules.sql_linking import link
from bot.rules.sql_search import Nearness, Search
from bot.rules.terms import content_terms
from connectors.configuration import Roots
from connectors.embedding.memory import MemoryEmbedding
from connectors.embedding.port import EmbeddingUnavailable, Role, Vector
from connectors.load import load
from connectors.vectors.port import VectorStore
from knowledge.library import Library
from tests.unit.bot.rules.sql_shop import SHOP

ASKED = Example(question="deployments that were rolled back", sql="SELECT 1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with load("vectors", "memory", {}, Roots(tmp_path, tmp_path)) as opened:
        yield opened


async def test_tables_and_examples_are_found(store: VectorStore) -> None:
    search = Search(Library(MemoryEmbedding(384), store).annex("schema"))

    near = await search.near("deployments that were rolled back in prod", "", SHOP, [ASKED])

    assert max(near.scores, key=lambda name: near.scores[name]) == "deployment"
    assert near.similar[0] > 0.5


async def test_each_role_finds_its_own_tables_alone(store: VectorStore) -> None:
    search = Search(Library(MemoryEmbedding(384), store).annex("schema"))
    small = type(SHOP)(SHOP.tables[:1])

    await search.near("service", "leads", SHOP, [])

    assert set((await search.near("service", "", small, [])).tables) == {"deployment"}


class Dead(MemoryEmbedding):
    """An embedding that died."""

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        raise EmbeddingUnavailable("dead")


async def test_without_meaning_words_are_left(store: VectorStore) -> None:
    near = await Search(Library(Dead(384), store).annex("schema")).near("deployments", "", SHOP, [ASKED])

    assert near == await Search(None).near("deployments", "", SHOP, []) == Nearness()
    assert link("deployments", SHOP, content_terms, near=near.scores).tables[0].name == "deployment"
