"""Events that come in several frames are put together; what never ends is dropped."""

from connectors.chat.feishu_socket import Parts


def test_one_frame_is_whole() -> None:
    assert Parts().joined("m", 1, 0, b"a") == b"a"


def test_parts_come_in_any_order_and_more_than_once() -> None:
    parts = Parts()

    assert parts.joined("m", 3, 2, b"c") is None
    assert parts.joined("n", 2, 0, b"x") is None
    assert parts.joined("m", 3, 0, b"a") is None
    assert parts.joined("m", 3, 0, b"a") is None
    assert parts.joined("m", 3, 1, b"b") == b"abc"


def test_what_never_ends_is_dropped_oldest_first() -> None:
    parts = Parts(most=2)
    for name in "abc":
        parts.joined(name, 2, 0, b"1")

    assert parts.joined("a", 2, 1, b"2") is None
    assert parts.joined("c", 2, 1, b"2") == b"12"


def test_impossible_parts_are_left_out() -> None:
    assert Parts().joined("m", 2, 5, b"") is None
    assert Parts().joined("m", 10**9, 0, b"") is None
