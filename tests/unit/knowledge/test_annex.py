"""An annex of the library: texts that are found by their names, and never among documents."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.configuration import Roots
from connectors.load import load
from knowledge.annex import Annex
from knowledge.library import Library
from tests.shelf import page

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
TEXTS = {"refund": "refund: money back to a customer", "host": "host: a machine and its address"}


@pytest.fixture(params=["memory", "edge"])
async def library(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Library]:
    roots = Roots(tmp_path, tmp_path)
    async with (
        load("embedding", "memory", {}, roots) as embedding,
        load("vectors", request.param, {}, roots) as vectors,
    ):
        yield Library(embedding, vectors)


@pytest.fixture
def annex(library: Library) -> Annex:
    return library.annex("schema")


async def test_the_text_that_says_it_is_nearest(annex: Annex) -> None:
    await annex.keep("a", TEXTS)

    found = await annex.near("a", "refund of a customer")

    assert max(found, key=lambda name: found[name].score) == "refund"
    assert found["refund"].similarity > found["host"].similarity


async def test_only_what_changed_is_written(annex: Annex) -> None:
    assert await annex.keep("a", TEXTS) == 2
    assert await annex.keep("a", TEXTS) == 0
    assert await annex.keep("a", {**TEXTS, "host": "host: a machine"}) == 1


async def test_what_is_no_longer_there_is_forgotten(annex: Annex) -> None:
    await annex.keep("a", TEXTS)

    await annex.keep("a", {"host": TEXTS["host"]})

    assert set(await annex.near("a", "refund")) == {"host"}


async def test_a_view_knows_nothing_of_another(annex: Annex) -> None:
    await annex.keep("a", TEXTS)
    await annex.keep("b", {"secret": "refund of the chief"})

    assert set(await annex.near("a", "refund")) == {"refund", "host"}
    assert await annex.near("c", "refund") == {}


async def test_documents_and_annexes_do_not_meet(library: Library, annex: Annex) -> None:
    await annex.keep("a", TEXTS)
    await library.add([page("pool.md", "Pool", "Mitigate", "Raise the pool of the payments service.")], NOW)
    await library.finish(NOW)

    assert {hit.chunk.document_id for hit in await library.search(["refund to a customer"])} <= {"pool.md"}
    assert set(await annex.near("a", "pool of payments")) == {"refund", "host"}
    assert [one.id for one in await library.documents()] == ["pool.md"]


async def test_another_embedding_begins_anew_and_drops_the_former(tmp_path: Path) -> None:
    roots = Roots(tmp_path, tmp_path)
    async with load("vectors", "memory", {}, roots) as vectors:
        for dimension in (32, 64):
            async with load("embedding", "memory", {"dimension": dimension}, roots) as embedding:
                await Library(embedding, vectors).annex("schema").keep("a", TEXTS)
        left = await vectors.collections()

    assert [name.startswith("schema-") for name in left] == [True]
