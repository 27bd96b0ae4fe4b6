"""What one process may ask of another."""

import pytest

from connectors.vectors import wire
from connectors.vectors.port import Hit, Point, Sparse, VectorStoreUnavailable

POINT = Point(
    "id",
    {"text": [0.1, 0.2]},
    {"words": Sparse([4_294_967_295], [1.5])},
    {"n": 1, "f": 1.0, "tags": ["磁盘"]},
    {"sentences": [[0.5], [1.5]]},
)


def test_a_request_arrives_as_it_was_sent() -> None:
    call, (collection, points) = wire.read_request(wire.request("upsert", ("runbooks", [POINT])))

    assert (call, collection) == ("upsert", "runbooks")
    assert points == [POINT]


def test_a_reply_arrives_as_it_was_sent() -> None:
    hits = [Hit("id", 0.123456789012345, {"open": True, "n": 3, "f": 0.5, "text": "行\u2028\x00"})]

    assert wire.read_reply("search", wire.reply("search", hits)) == hits


def test_whole_points_arrive_as_they_were_sent() -> None:
    assert wire.read_reply("page", wire.reply("page", ([POINT], "next"))) == ([POINT], "next")


def test_a_refusal_arrives_as_its_sentence() -> None:
    with pytest.raises(VectorStoreUnavailable, match="free some space"):
        wire.read_reply("upsert", wire.refusal(VectorStoreUnavailable("free some space")))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"close\n[]", id="a-method-that-is-no-call"),
        pytest.param(b"__class__\n[]", id="an-attribute"),
        pytest.param(b"\xff\n[]", id="not-ascii"),
        pytest.param(b"drop\n[", id="cut-off"),
        pytest.param(b"drop\n[1]", id="wrong-type"),
        pytest.param(b'point_alias\n["library"]', id="too-few"),
        pytest.param(b'count\n["runbooks", {"any_of": [1]}]', id="wrong-shape"),
        pytest.param(
            b'upsert\n["runbooks", [{"id": "a", "dense": {"t": [null]}, "sparse": {}, "payload": {}}]]', id="nan"
        ),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(VectorStoreUnavailable, match="Another version"):
        wire.read_request(body)
