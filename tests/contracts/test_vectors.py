"""The vector-store seam: the same calls give the same answers on every store."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from connectors.vectors.port import Layout, Point, Search, Sparse, VectorStore, VectorStoreUnavailable, Where
from tests.contracts.vector_stores import ALL, LAYOUT, POINTS, SEARCH, connected, id_of, numbers, point


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
