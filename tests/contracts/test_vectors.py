"""The vector-store seam: the same calls give the same answers on every store, and the embedded one survives crashes."""

import asyncio
import json
import math
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import astuple, replace
from pathlib import Path

import pytest
import stamina

from connectors.configuration import BadSettings, Roots
from connectors.load import load
from connectors.vectors.port import (
    Hit,
    Layout,
    Payload,
    Point,
    Search,
    Sparse,
    VectorStore,
    VectorStoreUnavailable,
    Where,
)

SERVER = os.environ.get("NIGHTSHIFT_QDRANT_URL", "")  # noqa: TID251 - where the suite's own server is, if any
LAYOUT = Layout(dense={"text": 4, "english": 2}, sparse=("words",), keywords=("service", "tags"))
ALL = Where()

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


def id_of(number: int) -> str:
    return str(uuid.UUID(int=number))


def numbers(hits: list[Hit]) -> list[int]:
    return [uuid.UUID(hit.id).int for hit in hits]


def point(number: int, dense: list[float], words: dict[int, float], payload: Payload | None = None) -> Point:
    sparse = Sparse(list(words), list(words.values()))
    return Point(id_of(number), {"text": dense, "english": dense[:2]}, {"words": sparse}, payload or {})


POINTS = [
    point(
        1,
        [1.0, 0.1, 0.0, 0.0],
        {7: 1.0, 9: 0.5},
        {"service": "checkout", "tags": ["disk", "urgent"], "groups": ["sre"]},
    ),
    point(2, [0.9, 0.4, 0.1, 0.0], {7: 0.3}, {"service": "search", "tags": ["disk"], "groups": ["web", "payments"]}),
    point(
        3,
        [0.2, 1.0, 0.0, 0.3],
        {9: 2.0, 11: 1.0},
        {"service": "checkout", "tags": ["memory"], "groups": ["web", "dba"]},
    ),
    point(4, [0.0, 0.3, 1.0, 0.2], {4_294_967_295: 1.5}, {"service": "登录", "tags": []}),
    point(5, [0.1, 0.0, 0.2, 1.0], {11: 0.7, 7: 0.1}, {"tags": "urgent", "pages": 3, "ratio": 0.5, "open": True}),
]
SEARCH = Search(
    dense={"text": [1.0, 0.2, 0.1, 0.0], "english": [0.5, 1.0]}, sparse={"words": Sparse([7, 11], [1.0, 0.4])}
)


async def connected(stack: AsyncExitStack, vendor: str, table: Mapping[str, object], folder: Path) -> VectorStore:
    roots = Roots(home=folder, models=folder)
    store: VectorStore = await stack.enter_async_context(load("vectors", vendor, table, roots))
    return store


@pytest.fixture(params=["memory", "edge", "edge-shared", "server-in-memory", "server"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with AsyncExitStack() as stack:
        if request.param == "server" and not SERVER:
            pytest.skip("no Qdrant server: set NIGHTSHIFT_QDRANT_URL to the address of one that may be written to")
        if request.param == "edge-shared":
            owner = await connected(stack, "edge", {}, tmp_path)
            assert await owner.collections() == ()
        tables = {"server": {"url": SERVER}, "server-in-memory": {"location": ":memory:"}}
        vendor = request.param.split("-")[0]
        found = await connected(stack, vendor, tables.get(request.param, {}), tmp_path)
        await cleared(found)
        await found.ensure("runbooks", LAYOUT)
        yield found
        await cleared(found)


async def cleared(store: VectorStore) -> None:
    for alias in ("library", "second"):
        await store.drop_alias(alias)
    for collection in ("runbooks", "runbooks-2"):
        await store.drop(collection)


@pytest.fixture
async def filled(store: VectorStore) -> VectorStore:
    await store.upsert("runbooks", POINTS)
    return store


async def test_a_point_comes_back_as_it_was_stored(filled: VectorStore) -> None:
    hits = await filled.fetch("runbooks", ALL)

    assert [(hit.id, dict(hit.payload), hit.score) for hit in hits] == [
        (one.id, dict(one.payload), 0.0) for one in POINTS
    ]


async def test_a_fetch_stops_at_its_limit(filled: VectorStore) -> None:
    assert numbers(await filled.fetch("runbooks", ALL, limit=2)) == [1, 2]


async def test_every_point_of_many_is_fetched(store: VectorStore) -> None:
    await store.upsert("runbooks", [point(n, [1.0, n, 0.0, 0.0], {n: 1.0}) for n in range(1, 2_101)])

    assert numbers(await store.fetch("runbooks", ALL)) == list(range(1, 2_101))


async def test_the_same_id_replaces_the_point(filled: VectorStore) -> None:
    await filled.upsert("runbooks", [point(1, [0.0, 0.0, 0.0, 1.0], {1: 1.0}, {"service": "new"})])

    assert await filled.count("runbooks", ALL) == 5
    assert await filled.count("runbooks", Where({"service": ["new"]})) == 1


async def test_nothing_to_store_stores_nothing(store: VectorStore) -> None:
    await store.upsert("runbooks", [])

    assert await store.count("runbooks", ALL) == 0


async def test_fused_order_and_scores_are_the_same_everywhere(filled: VectorStore, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        twin = await connected(stack, "memory", {}, tmp_path)
        await twin.ensure("runbooks", LAYOUT)
        await twin.upsert("runbooks", POINTS)
        expected = await twin.search("runbooks", SEARCH)

    hits = await filled.search("runbooks", SEARCH)

    assert numbers(hits) == numbers(expected) == [1, 3, 2, 5, 4]
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-4)
    assert hits[0].payload["service"] == "checkout"


async def test_a_single_leg_keeps_its_own_scores(filled: VectorStore) -> None:
    stored = POINTS[0].dense["text"]

    hits = await filled.search("runbooks", Search({"text": stored}, {}, limit=1))

    assert [hit.score for hit in hits] == pytest.approx([1.0], abs=1e-5)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        pytest.param(Search({"text": [0.0, 0.2, 1.0, 0.1]}, {}), [4, 5, 3, 2, 1], id="dense-alone"),
        pytest.param(Search({}, {"words": Sparse([9, 11], [1.0, 1.0])}), [3, 5, 1], id="sparse-finds-sharers-only"),
        pytest.param(Search({}, {"words": Sparse([4_294_967_295], [1.0])}), [4], id="largest-index"),
        pytest.param(Search({}, {"words": Sparse([12345], [1.0])}), [], id="sparse-without-a-match"),
        pytest.param(Search({"text": [0.0, 0.2, 1.0, 0.1]}, {"words": Sparse([], [])}, limit=1), [4], id="empty-leg"),
        pytest.param(Search({}, {}), [], id="no-legs"),
        pytest.param(Search({"text": [1.0, 0.2, 0.0, 0.0]}, {}, limit=2), [1, 2], id="limit"),
        pytest.param(Search({"text": [1.0, 0.2, 0.0, 0.0]}, {}, limit=3, prefetch=1), [1, 2, 3], id="limit-wins"),
        pytest.param(
            Search({"text": [1.0, 0.2, 0.0, 0.0]}, {}, Where({"service": ["checkout"]})), [1, 3], id="filtered"
        ),
    ],
)
async def test_searches(filled: VectorStore, search: Search, expected: list[int]) -> None:
    assert numbers(await filled.search("runbooks", search)) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(Where({"service": ["checkout"]}), [1, 3], id="one-value"),
        pytest.param(Where({"service": ["checkout", "search"]}), [1, 2, 3], id="either-value"),
        pytest.param(Where({"service": ["登录"]}), [4], id="chinese"),
        pytest.param(Where({"tags": ["urgent"]}), [1, 5], id="member-of-a-list-or-the-value-itself"),
        pytest.param(Where({"service": ["checkout"], "tags": ["disk"]}), [1], id="both-keys"),
        pytest.param(Where(none_of={"tags": ["disk"]}), [3, 4, 5], id="none-of"),
        pytest.param(Where({"service": ["checkout"]}, {"tags": ["urgent"]}), [3], id="any-of-and-none-of"),
        pytest.param(Where(none_of={"tags": ["memory"], "service": ["search"]}), [1, 4, 5], id="none-of-either-key"),
        pytest.param(Where({"tags": ["disk", "memory"], "groups": ["sre", "dba"]}), [1, 3], id="two-lists"),
        pytest.param(Where({"tags": ["disk"]}, {"groups": ["web"]}), [1], id="one-list-without-the-other"),
        pytest.param(Where({"service": []}), [], id="none-of-no-values-matches"),
        pytest.param(Where({"tags": []}), [], id="no-values-for-a-list"),
        pytest.param(Where({"groups": []}), [], id="no-values-for-a-list-without-an-index"),
        pytest.param(Where({"groups": [], "service": ["checkout"]}), [], id="no-values-beside-a-match"),
        pytest.param(Where({"colour": []}), [], id="no-values-for-a-key-nobody-has"),
        pytest.param(Where(none_of={"service": []}), [1, 2, 3, 4, 5], id="no-values-exclude-nothing"),
        pytest.param(Where({"colour": ["red"]}), [], id="a-key-nobody-has"),
    ],
)
async def test_conditions(filled: VectorStore, where: Where, expected: list[int]) -> None:
    assert numbers(await filled.fetch("runbooks", where)) == expected
    assert await filled.count("runbooks", where) == len(expected)
    assert sorted(numbers(await filled.search("runbooks", Search(SEARCH.dense, {}, where)))) == expected


@pytest.mark.parametrize("key", ["label.service", "on call", "a-b", "服务", "owners[]", "list[0]", "label:x", "it's"])
async def test_a_key_is_a_name_and_never_a_path(filled: VectorStore, key: str) -> None:
    await filled.ensure("runbooks", Layout(LAYOUT.dense, LAYOUT.sparse, (key,)))
    await filled.upsert("runbooks", [point(6, [0.0, 1.0, 0.0, 0.0], {}, {key: ["payments"]})])

    assert numbers(await filled.fetch("runbooks", Where({key: ["payments"]}))) == [6]
    assert numbers(await filled.fetch("runbooks", Where(none_of={key: ["payments"]}))) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("key", ["", 'a"b', "a\\b"])
async def test_a_key_that_cannot_be_written_is_named(filled: VectorStore, key: str) -> None:
    with pytest.raises(VectorStoreUnavailable, match="cannot be filtered by"):
        await filled.count("runbooks", Where({key: ["payments"]}))


async def test_a_point_without_vectors_is_kept_and_never_found_by_search(filled: VectorStore) -> None:
    await filled.upsert("runbooks", [Point(id_of(6), {}, {}, {"kind": "about"})])

    assert numbers(await filled.fetch("runbooks", Where({"kind": ["about"]}))) == [6]
    assert 6 not in numbers(await filled.search("runbooks", SEARCH))


async def test_what_is_deleted_is_not_found(filled: VectorStore) -> None:
    await filled.delete("runbooks", Where({"service": ["checkout"]}))

    assert numbers(await filled.fetch("runbooks", ALL)) == [2, 4, 5]
    assert sorted(numbers(await filled.search("runbooks", SEARCH))) == [2, 4, 5]


async def test_a_condition_without_values_deletes_nothing(filled: VectorStore) -> None:
    await filled.delete("runbooks", Where({"service": []}))

    assert await filled.count("runbooks", ALL) == 5


async def test_deleting_everything_leaves_the_collection(filled: VectorStore) -> None:
    await filled.delete("runbooks", ALL)

    assert await filled.count("runbooks", ALL) == 0
    assert "runbooks" in await filled.collections()


async def test_settling_changes_no_answer(filled: VectorStore) -> None:
    before = await filled.search("runbooks", SEARCH)
    await filled.settle("runbooks")

    assert numbers(await filled.search("runbooks", SEARCH)) == numbers(before)


async def test_ensuring_again_keeps_the_points(filled: VectorStore) -> None:
    await filled.ensure("runbooks", LAYOUT)

    assert await filled.count("runbooks", ALL) == 5


async def test_a_collection_for_other_vectors_is_refused(filled: VectorStore) -> None:
    with pytest.raises(VectorStoreUnavailable, match="other vectors"):
        await filled.ensure("runbooks", Layout(dense={"text": 8}))


async def test_a_vector_of_another_length_is_refused(filled: VectorStore) -> None:
    with pytest.raises(VectorStoreUnavailable):
        await filled.upsert("runbooks", [Point(id_of(9), {"text": [1.0, 2.0]}, {}, {})])

    assert await filled.count("runbooks", ALL) == 5


async def test_a_search_by_an_unknown_vector_is_refused(filled: VectorStore) -> None:
    with pytest.raises(VectorStoreUnavailable):
        await filled.search("runbooks", Search({"nope": [1.0]}, {}))


async def test_collections_come_and_go(store: VectorStore) -> None:
    await store.ensure("runbooks-2", Layout(dense={"text": 4}))
    assert {"runbooks", "runbooks-2"} <= set(await store.collections())

    await store.drop("runbooks-2")
    await store.drop("runbooks-2")

    assert "runbooks-2" not in await store.collections()


async def test_a_collection_that_does_not_exist_is_named(store: VectorStore) -> None:
    with pytest.raises(VectorStoreUnavailable, match="nowhere"):
        await store.count("nowhere", ALL)


async def test_many_callers_at_once(filled: VectorStore) -> None:
    found = await asyncio.gather(*(filled.search("runbooks", SEARCH) for _ in range(40)))

    assert {tuple(numbers(hits)) for hits in found} == {(1, 3, 2, 5, 4)}


async def test_the_layout_can_be_read(store: VectorStore, request: pytest.FixtureRequest) -> None:
    await store.ensure("runbooks", Layout(dict(LAYOUT.dense), LAYOUT.sparse, ("on call",)))

    layout = await store.layout("runbooks")

    assert (layout.dense, layout.sparse) == (LAYOUT.dense, LAYOUT.sparse)
    # The client's own store makes no indexes.
    if "server-in-memory" not in request.node.name:
        assert layout.keywords == ("on call", "service", "tags")


async def test_an_alias_stands_for_its_collection_in_every_call(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    await filled.ensure("library", LAYOUT)
    await filled.upsert("library", [point(6, [0.0, 1.0, 0.0, 0.0], {}, {"service": "new"})])
    await filled.delete("library", Where({"service": ["checkout"]}))
    await filled.settle("library")

    assert await filled.count("library", ALL) == await filled.count("runbooks", ALL) == 4
    assert numbers(await filled.fetch("library", ALL)) == [2, 4, 5, 6]
    assert sorted(numbers(await filled.search("library", SEARCH))) == [2, 4, 5, 6]
    assert await filled.layout("library") == await filled.layout("runbooks")
    assert [one.id async for page in filled.export("library") for one in page] == [id_of(n) for n in (2, 4, 5, 6)]
    assert (await filled.collections(), dict(await filled.aliases())) == (("runbooks",), {"library": "runbooks"})


async def test_an_alias_is_switched_to_another_collection(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    for collection, expected in (("runbooks", 5), ("runbooks-2", 0), ("runbooks", 5)):
        await filled.point_alias("library", collection)

        assert await filled.count("library", ALL) == expected
        assert await filled.aliases() == {"library": collection}


async def test_searches_never_miss_while_an_alias_is_switched(filled: VectorStore) -> None:
    await filled.ensure("runbooks-2", LAYOUT)
    await filled.upsert("runbooks-2", POINTS[:4])
    await filled.point_alias("library", "runbooks")

    async def switch() -> None:
        for turn in range(20):
            await filled.point_alias("library", ("runbooks-2", "runbooks")[turn % 2])

    counts = await asyncio.gather(switch(), *(filled.count("library", ALL) for _ in range(60)))

    assert set(counts[1:]) <= {4, 5}


async def test_an_alias_of_an_alias_names_the_collection(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    await filled.point_alias("second", "library")

    assert await filled.aliases() == {"library": "runbooks", "second": "runbooks"}


@pytest.mark.parametrize("name", ["runbooks", "library"])
async def test_a_collection_in_use_under_an_alias_is_not_dropped(filled: VectorStore, name: str) -> None:
    await filled.point_alias("library", "runbooks")

    with pytest.raises(VectorStoreUnavailable, match="in use as library"):
        await filled.drop(name)
    assert await filled.count("library", ALL) == 5


async def test_a_dropped_alias_leaves_the_collection(filled: VectorStore) -> None:
    await filled.point_alias("library", "runbooks")
    for _ in range(2):
        await filled.drop_alias("library")

    assert (await filled.aliases(), await filled.count("runbooks", ALL)) == ({}, 5)
    with pytest.raises(VectorStoreUnavailable, match="library"):
        await filled.count("library", ALL)


@pytest.mark.parametrize(
    ("alias", "collection", "said"),
    [
        pytest.param("library", "nowhere", "nowhere", id="no-such-collection"),
        pytest.param("runbooks", "runbooks", "has that name", id="its-own-name"),
        pytest.param("runbooks-2", "runbooks", "has that name", id="the-name-of-another"),
    ],
)
async def test_an_alias_that_cannot_be_is_refused(filled: VectorStore, alias: str, collection: str, said: str) -> None:
    await filled.ensure("runbooks-2", LAYOUT)

    with pytest.raises(VectorStoreUnavailable, match=said):
        await filled.point_alias(alias, collection)
    assert await filled.aliases() == {}


def unit(vector: Sequence[float]) -> list[float]:
    return [value / math.hypot(*vector) for value in vector]


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


PARTED = Layout({"text": 4}, ("words",), ("service",), parts={"sentences": 3})


def named(*numbers: int) -> Where:
    return Where(ids=[id_of(number) for number in numbers])


EACH = named(*range(1, 400))


def parted(number: int, text: list[float], parts: list[list[float]], words: list[int] | None = None) -> Point:
    sparse = {"words": Sparse(words, [1.0] * len(words))} if words else {}
    payload: Payload = {"service": "odd" if number % 2 else "even"}
    return Point(id_of(number), {"text": text}, sparse, payload, {"sentences": parts} if parts else {})


PARTED_POINTS = [
    parted(1, [1.0, 0.0, 0.0, 0.0], [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [-3.0, 0.0, 0.0]]),
    parted(2, [1.0, 0.1, 0.0, 0.0], [[0.0, 0.0, 2.0]]),
    parted(3, [1.0, 0.2, 0.0, 0.0], [[0.0, 1.0, 0.0], [5.0, 0.5, 0.0]]),
    parted(4, [1.0, 0.3, 0.0, 0.0], []),
    parted(5, [1.0, 0.9, 0.0, 0.0], [[2.0, 0.0, 0.0]], [7]),
]
TEXT, SENTENCE = {"text": [1.0, 0.0, 0.0, 0.0]}, {"sentences": [4.0, 0.0, 0.0]}


@pytest.fixture
async def library(store: VectorStore) -> VectorStore:
    await store.ensure("runbooks-2", PARTED)
    await store.upsert("runbooks-2", PARTED_POINTS)
    return store


async def test_a_point_is_as_near_as_its_best_part(library: VectorStore) -> None:
    hits = await library.search("runbooks-2", Search({}, {}, EACH, parts=SENTENCE))

    assert numbers(hits) == [5, 3, 1, 2]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 5 / math.hypot(5, 0.5), math.sqrt(0.5), 0.0], abs=1e-3)
    assert hits[0].payload == {"service": "odd"}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        pytest.param(Search({}, {}, named(1, 2, 3), limit=2, parts=SENTENCE), [3, 1], id="of-three"),
        pytest.param(Search({}, {}, EACH, limit=1, prefetch=5, parts=SENTENCE), [5], id="limit"),
        pytest.param(Search({}, {}, Where({"service": ["even"]}, ids=EACH.ids), parts=SENTENCE), [2], id="filtered"),
        pytest.param(Search({}, {}, Where(ids=[]), parts=SENTENCE), [], id="none"),
        pytest.param(Search({}, {}, named(4, 77), parts=SENTENCE), [], id="without-parts-or-unknown"),
    ],
)
async def test_searches_by_parts(library: VectorStore, search: Search, expected: list[int]) -> None:
    assert numbers(await library.search("runbooks-2", search)) == expected


@pytest.mark.parametrize("parts", [{}, SENTENCE], ids=["whole", "parts"])
async def test_a_payload_can_stay_where_it_is(library: VectorStore, parts: dict[str, list[float]]) -> None:
    full = await library.search("runbooks-2", Search({} if parts else TEXT, {}, EACH, parts=parts))
    bare = await library.search("runbooks-2", Search({} if parts else TEXT, {}, EACH, parts=parts, payload=False))

    assert [(hit.id, hit.score) for hit in bare] == [(hit.id, hit.score) for hit in full]
    assert (full[0].payload, {str(hit.payload) for hit in bare}) == ({"service": "odd"}, {"{}"})


async def test_a_replaced_point_has_its_new_parts_alone(library: VectorStore) -> None:
    await library.upsert("runbooks-2", [parted(5, [1.0, 0.9, 0.0, 0.0], []), parted(4, [1.0] * 4, [[1.0, 0.2, 0.0]])])

    assert numbers(await library.search("runbooks-2", Search({}, {}, EACH, parts=SENTENCE))) == [3, 4, 1, 2]


async def test_parts_are_exported_and_can_be_stored_again(library: VectorStore) -> None:
    found = [one async for page in library.export("runbooks-2", batch=2) for one in page]
    await library.upsert("runbooks-2", found)

    assert (await library.layout("runbooks-2")).parts == {"sentences": 3}
    assert [len(one.parts.get("sentences", ())) for one in found] == [3, 1, 2, 0, 1]
    for one, stored in zip(found, PARTED_POINTS, strict=True):
        for part, was in zip(one.parts.get("sentences", ()), stored.parts.get("sentences", ()), strict=True):
            assert unit(part) == pytest.approx(unit(was), abs=1e-3)
    assert numbers(await library.search("runbooks-2", Search({}, {}, EACH, parts=SENTENCE))) == [5, 3, 1, 2]


async def test_many_parts_are_stored_and_searched(library: VectorStore) -> None:
    many = [parted(n, [1.0, n / 100, 0.0, 0.0], [[1.0, n / 10 + i, 0.0] for i in range(40)]) for n in range(1, 301)]
    await library.upsert("runbooks-2", many)

    assert await library.count("runbooks-2", EACH) == 300
    assert numbers(await library.search("runbooks-2", Search({}, {}, EACH, limit=3, parts=SENTENCE))) == [1, 2, 3]


@pytest.mark.parametrize("asked", [{}, {"sentences": 4}, {"lines": 3}, {"sentences": 3, "lines": 3}])
async def test_a_collection_for_other_parts_is_refused(library: VectorStore, asked: dict[str, int]) -> None:
    with pytest.raises(VectorStoreUnavailable, match="other vectors"):
        await library.ensure("runbooks-2", replace(PARTED, parts=asked))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"sentences": [[1.0, 2.0]]}, id="shorter"),
        pytest.param({"sentences": [[1.0, 2.0, 3.0], [1.0, 2.0]]}, id="of-different-lengths"),
        pytest.param({"sentences": []}, id="none-under-a-name"),
        pytest.param({"lines": [[1.0, 2.0, 3.0]]}, id="unknown"),
    ],
)
async def test_parts_that_do_not_fit_are_refused(library: VectorStore, parts: dict[str, list[list[float]]]) -> None:
    with pytest.raises(VectorStoreUnavailable):
        await library.upsert("runbooks-2", [Point(id_of(9), {}, {}, {}, parts)])

    assert await library.count("runbooks-2", EACH) == 5


@pytest.mark.parametrize("parts", [{"sentences": [1.0]}, {"lines": [1.0, 0.0, 0.0]}], ids=["shorter", "unknown"])
async def test_a_search_by_parts_that_do_not_fit_is_refused(
    library: VectorStore, parts: dict[str, list[float]]
) -> None:
    with pytest.raises(VectorStoreUnavailable):
        await library.search("runbooks-2", Search({} if parts else TEXT, {}, EACH, parts=parts))


@pytest.mark.parametrize(
    ("dense", "parts", "said"),
    [
        pytest.param({}, SENTENCE, "names the points", id="no-candidates"),
        pytest.param(TEXT, SENTENCE, "by them alone", id="another-vector"),
        pytest.param({}, {**SENTENCE, "lines": [1.0]}, "not by those of sentences, lines", id="two-names"),
    ],
)
def test_a_search_by_parts_that_makes_no_sense_cannot_be_made(
    dense: dict[str, list[float]], parts: dict[str, list[float]], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Search(dense, {}, parts=parts)


# What only a folder on disk can promise.


async def test_an_alias_is_found_after_reopening(tmp_path: Path) -> None:
    for expected in ({}, {"library": "runbooks"}):
        async with AsyncExitStack() as stack:
            store = await connected(stack, "edge", {}, tmp_path)
            await store.ensure("runbooks", LAYOUT)
            assert await store.aliases() == expected
            await store.point_alias("library", "runbooks")


SWITCHER = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.contracts.test_vectors import LAYOUT, POINTS, connected

rename = Path.rename

def pause(written, target):
    if written.name.startswith(".aliases") and sys.argv[2] == "before":
        print("paused", flush=True), sys.stdin.read()
    rename(written, target)
    if written.name.startswith(".aliases"):
        print("paused", flush=True), sys.stdin.read()

async def main():
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, Path(sys.argv[1]))
        await store.ensure("runbooks-2", LAYOUT)
        Path.rename = pause
        await store.point_alias("library", "runbooks-2")

asyncio.run(main())
"""


def killed_while_switching(folder: Path, moment: str) -> None:
    program = [sys.executable, "-c", SWITCHER, str(folder), moment]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "paused\n"
        process.kill()


@pytest.mark.parametrize(("moment", "named"), [("before", "runbooks"), ("after", "runbooks-2")])
async def test_a_switch_killed_half_way_leaves_the_old_or_the_new(moment: str, named: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)
        await store.point_alias("library", "runbooks")
    killed_while_switching(tmp_path, moment)

    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert await store.aliases() == {"library": named}
        assert await store.collections() == ("runbooks", "runbooks-2")


async def test_a_damaged_file_of_aliases_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / ".aliases.json").write_text("[")
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="delete that folder"):
            await store.aliases()


async def test_points_are_found_after_reopening(tmp_path: Path) -> None:
    for expected in (0, 5):
        async with AsyncExitStack() as stack:
            store = await connected(stack, "edge", {}, tmp_path)
            await store.ensure("runbooks", LAYOUT)
            assert await store.count("runbooks", EACH) == expected
            await store.upsert("runbooks", POINTS)


async def test_the_next_in_line_takes_over_when_the_owner_closes(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as first:
            owner = await connected(first, "edge", {}, tmp_path)
            await owner.ensure("runbooks", LAYOUT)
            heir = await connected(stack, "edge", {}, tmp_path)
            await heir.upsert("runbooks", POINTS)
            assert (owner.owner, heir.owner) == (True, False)  # type: ignore[attr-defined] # the edge store's own

        assert await heir.count("runbooks", EACH) == 5
        assert heir.owner  # type: ignore[attr-defined] # the edge store's own


OWNER = """
import asyncio, signal, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.contracts.test_vectors import LAYOUT, POINTS, connected

async def main():
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, Path(sys.argv[1]))
        await store.ensure("runbooks", LAYOUT)
        await store.upsert("runbooks", POINTS)
        print("stored", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the folder open and stored the points."""
    program = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        yield process
        process.kill()


async def test_another_process_is_reached(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert numbers(await store.search("runbooks", SEARCH)) == [1, 3, 2, 5, 4]
        assert not store.owner  # type: ignore[attr-defined] # the edge store's own


async def test_what_a_killed_process_acknowledged_is_found(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    owner.send_signal(signal.SIGKILL)
    owner.wait()

    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        assert numbers(await store.search("runbooks", SEARCH)) == [1, 3, 2, 5, 4]


async def test_calls_under_way_survive_the_owners_death(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        assert await store.count("runbooks", EACH) == 5
        calls = [asyncio.ensure_future(store.count("runbooks", EACH)) for _ in range(30)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        owner.send_signal(signal.SIGKILL)

        assert await asyncio.gather(*calls, store.count("runbooks", EACH)) == [5] * 31


async def test_a_stopped_owner_is_named(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    owner.send_signal(signal.SIGSTOP)
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {"timeout_seconds": 0.2}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match=f"Process {owner.pid} .* does not answer"):
            await store.count("runbooks", EACH)


async def test_a_folder_too_deep_for_a_socket_is_shared_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    async with AsyncExitStack() as stack:
        first = await connected(stack, "edge", {}, deep)
        await first.ensure("runbooks", LAYOUT)
        second = await connected(stack, "edge", {}, deep)

        assert await second.collections() == ("runbooks",)


async def test_a_half_made_collection_is_made_anew(tmp_path: Path) -> None:
    for name in ("runbooks", ".unfinished-runbooks"):
        (tmp_path / "index" / name / "wal").mkdir(parents=True)
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        assert await store.collections() == ()

        await store.ensure("runbooks", LAYOUT)

        assert await store.collections() == ("runbooks",)


async def test_a_broken_shard_says_what_to_do(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)
    for file in (tmp_path / "index" / "runbooks").rglob("segment.json"):
        file.write_text("{")
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="delete that folder"):
            await store.count("runbooks", EACH)


async def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {"spare_megabytes": 1 << 40}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match="free some space"):
            await store.ensure("runbooks", LAYOUT)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("in the way")

    with pytest.raises(VectorStoreUnavailable, match="Make it writable"):
        async with AsyncExitStack() as stack:
            await connected(stack, "edge", {}, tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "", ".hidden", "a/b", "a\x00"])
async def test_a_collections_name_stays_inside_the_folder(name: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.ensure("runbooks", LAYOUT)

        with pytest.raises(VectorStoreUnavailable, match="cannot name a collection"):
            await store.ensure(name, LAYOUT)
        with pytest.raises(VectorStoreUnavailable, match="cannot name a collection"):
            await store.point_alias(name, "runbooks")


async def test_only_this_user_can_connect(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "edge", {}, tmp_path)
        await store.collections()

        modes = [oct((tmp_path / "index" / name).stat().st_mode & 0o777) for name in ("", "owner.sock", "owner.lock")]

        assert modes == ["0o700", "0o600", "0o600"]


@pytest.fixture
def impatient() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": "http://127.0.0.1:9", "timeout_seconds": 1}, tmp_path)

        with pytest.raises(VectorStoreUnavailable, match=r"127\.0\.0\.1:9 does not answer"):
            await store.collections()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param(["503 Busy", "503 Busy", "200 OK"], ("runbooks",), id="twice-busy-then-fine"),
        pytest.param(["429 Slower", "200 OK"], ("runbooks",), id="told-to-slow-down"),
        pytest.param(["503 Busy"] * 3, None, id="three-times-busy"),
        pytest.param(["401 No"], None, id="refused-for-good"),
    ],
)
async def test_a_busy_server_is_asked_three_times(
    statuses: list[str], expected: tuple[str, ...] | None, tmp_path: Path
) -> None:
    body = b'{"result": {"collections": [{"name": "runbooks"}]}, "status": "ok", "time": 0.0}'
    left = list(statuses)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {left.pop(0)}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": url}, tmp_path)
        try:
            found = await store.collections()
        except VectorStoreUnavailable:
            found = None

    assert (found, left) == (expected, [])


async def test_a_server_switches_an_alias_in_one_request(tmp_path: Path) -> None:
    results = {
        "/aliases": {"aliases": [{"alias_name": "library", "collection_name": "runbooks"}]},
        "/collections": {"collections": [{"name": "runbooks"}, {"name": "runbooks-2"}]},
    }
    sent: list[object] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        if length:
            sent.append(json.loads(await reader.readexactly(int(length[1]))))
        body = json.dumps({"result": results.get(head.split()[1], True), "status": "ok", "time": 0.0})
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n".encode())
        writer.write(f"connection: close\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncExitStack() as stack:
        store = await connected(stack, "server", {"url": url}, tmp_path)
        await store.point_alias("library", "runbooks-2")
        with pytest.raises(VectorStoreUnavailable, match="in use as library"):
            await store.drop("library")

    drop = {"delete_alias": {"alias_name": "library"}}
    create = {"create_alias": {"collection_name": "runbooks-2", "alias_name": "library"}}
    assert sent == [{"actions": [drop, create]}]


@pytest.mark.parametrize("table", [{}, {"url": "http://qdrant:6333", "location": ":memory:"}], ids=["none", "both"])
async def test_a_server_needs_one_address(table: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="set url"):
        async with AsyncExitStack() as stack:
            await connected(stack, "server", table, tmp_path)
