"""How many points one call carries, and which vectors a layout refuses."""

import re
import uuid

import pytest

from connectors.vectors.fitting import batches, check_points, check_search
from connectors.vectors.port import Layout, Point, Search, Sparse, VectorStoreUnavailable, Where

LAYOUT = Layout({"text": 2}, ("words",), parts={"sentences": 2})


def point(number: int, size: int = 1) -> Point:
    return Point(str(uuid.UUID(int=number)), {}, {}, {}, {"sentences": [[0.0] * 1_000] * size})


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([1] * 513, [256, 256, 1], id="many"),
        pytest.param([400, 600, 1], [2, 1], id="full-to-the-last-number"),
        pytest.param([1, 5_000, 1], [1, 1, 1], id="one-larger-than-a-call"),
    ],
)
def test_a_call_carries_only_so_much(sizes: list[int], expected: list[int]) -> None:
    points = [point(number, size) for number, size in enumerate(sizes)]

    found = list(batches(points))

    assert [len(batch) for batch in found] == expected
    assert [one for batch in found for one in batch] == points


def test_all_vectors_that_do_not_fit_are_named() -> None:
    wrong = Point("a", {"text": [1.0]}, {"terms": Sparse([], [])}, {}, {"sentences": [[1.0, 2.0], [1.0]]})
    right = Point("b", {"text": [1.0, 2.0]}, {"words": Sparse([], [])}, {}, {"sentences": [[1.0, 2.0]]})

    with pytest.raises(VectorStoreUnavailable, match=re.escape("layout: sentences, terms, text.")):
        check_points(LAYOUT, [right, wrong])


def test_a_search_that_does_not_fit_is_named() -> None:
    search = Search({"text": [1.0]}, {"terms": Sparse([1], [1.0])})
    by_parts = Search({}, {}, Where(ids=[]), parts={"sentences": [1.0]})

    with pytest.raises(VectorStoreUnavailable, match=re.escape("layout: terms, text.")):
        check_search(LAYOUT, search)
    with pytest.raises(VectorStoreUnavailable, match=re.escape("layout: sentences.")):
        check_search(LAYOUT, by_parts)
