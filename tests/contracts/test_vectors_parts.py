"""Points of several parts: a search by parts finds the same on every store."""

import math
from dataclasses import replace

import pytest

from connectors.vectors.port import Layout, Payload, Point, Search, Sparse, VectorStore, VectorStoreUnavailable, Where
from tests.contracts.vector_stores import EACH, id_of, named, numbers, unit

PARTED = Layout({"text": 4}, ("words",), ("service",), parts={"sentences": 3})


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
