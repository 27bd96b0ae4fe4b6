"""What a Qdrant server is asked for."""

from connectors.vectors import server_terms
from connectors.vectors.port import Layout, Search, Where


def test_parts_take_16_bits_per_number_and_no_graph() -> None:
    params = server_terms.vector_params(Layout({"text": 4}, parts={"sentences": 3}))

    assert params["text"].model_dump(mode="json", exclude_none=True) == {"size": 4, "distance": "Cosine"}
    assert params["sentences"].model_dump(mode="json", exclude_none=True) == {
        "size": 3,
        "distance": "Cosine",
        "multivector_config": {"comparator": "max_sim"},
        "datatype": "float16",
        "hnsw_config": {"m": 0},
    }


def test_a_search_by_parts_is_one_leg_among_the_points_that_are_named() -> None:
    search = Search({}, {}, Where(ids=["a", "b"]), limit=3, parts={"sentences": (0.5, 0.5)})

    (leg,) = server_terms.legs(search)

    assert (leg.using, leg.query) == ("sentences", [[0.5, 0.5]])
    assert leg.filter.must[-1].has_id == ["a", "b"]
