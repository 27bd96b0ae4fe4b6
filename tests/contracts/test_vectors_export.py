"""Exports: all points of a collection in batches, the same on every store."""

import uuid
from dataclasses import astuple

import pytest

from connectors.vectors.port import Point, VectorStore, Where
from tests.contracts.vector_stores import LAYOUT, POINTS, SEARCH, id_of, numbers, point, unit


async def test_what_is_exported_is_what_was_stored(filled: VectorStore) -> None:
    await filled.upsert("runbooks", [Point(id_of(6), {}, {}, {"kind": "about"})])

    found = [one async for page in filled.export("runbooks", batch=2) for one in page]

    assert [(one.id, dict(one.payload)) for one in found[:5]] == [(one.id, dict(one.payload)) for one in POINTS]
    assert found[5] == Point(id_of(6), {}, {}, {"kind": "about"})
    for one, stored in zip(found[:5], POINTS, strict=True):
        for name, vector in stored.dense.items():
            assert unit(one.dense[name]) == pytest.approx(unit(vector), abs=1e-6)
        pairs = dict(zip(one.sparse["words"].indices, one.sparse["words"].values, strict=True))
        assert pairs == pytest.approx(dict(zip(*astuple(stored.sparse["words"]), strict=True)), abs=1e-6)


@pytest.mark.parametrize(("batch", "sizes"), [(2, [2, 2, 1]), (5, [5]), (256, [5])])
async def test_an_export_comes_in_batches(filled: VectorStore, batch: int, sizes: list[int]) -> None:
    assert [len(page) async for page in filled.export("runbooks", batch=batch)] == sizes


async def test_an_export_can_be_of_some(filled: VectorStore) -> None:
    pages = [page async for page in filled.export("runbooks", Where({"service": ["checkout"]}), 1)]

    assert [[one.id for one in page] for page in pages] == [[id_of(1)], [id_of(3)]]


async def test_nothing_is_exported_of_an_empty_collection(store: VectorStore) -> None:
    assert [page async for page in store.export("runbooks")] == []


async def test_an_export_goes_on_while_others_write(filled: VectorStore) -> None:
    found = []
    async for page in filled.export("runbooks", batch=2):
        await filled.delete("runbooks", Where({"service": ["checkout"]}))
        await filled.upsert("runbooks", [point(9, [0.0, 1.0, 0.0, 0.0], {})])
        found += [uuid.UUID(one.id).int for one in page]

    assert set(found) - {3, 9} == {1, 2, 4, 5}
    assert found == sorted(set(found))


async def test_an_export_stays_with_its_collection(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    await filled.point_alias("library", "runbooks")
    found = []
    async for page in filled.export("library", batch=2):
        await filled.point_alias("library", "runbooks-2")
        found += page

    assert len(found) == 5


async def test_an_export_can_be_stored_again(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    async for page in filled.export("runbooks"):
        await filled.upsert("runbooks-2", page)

    hits = [await filled.search(name, SEARCH) for name in ("runbooks", "runbooks-2")]

    assert numbers(hits[0]) == numbers(hits[1])
    assert [hit.score for hit in hits[0]] == pytest.approx([hit.score for hit in hits[1]], abs=1e-5)
