"""What a character is taken for: the network's second choice counts where the surroundings speak for it."""

import pytest

from connectors.ocr.decoding import Character, resolve, weigh

OTHER = {"0": "O", "O": "0", "o": "O", "1": "l", "l": "1", "I": "l", "z": "Z"}


def read(text: str, share: float = 0.05) -> list[Character]:
    """A line whose look-alikes are all in doubt, each with one second choice."""
    others = [{OTHER[one]: share} if one in OTHER else {} for one in text]
    return [Character(one, 1 - share, other) for one, other in zip(text, others, strict=True)]


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        pytest.param("INF0", "INFO", id="a-word-of-the-trade"),
        pytest.param("Back0ff", "BackOff", id="a-word-of-the-trade-with-capitals"),
        pytest.param("mysq1", "mysql", id="the-end-of-a-known-word"),
        pytest.param("c1uster", "cluster", id="inside-a-word"),
        pytest.param("1imitless", "limitless", id="at-the-beginning-of-a-word"),
        pytest.param("2O26", "2026", id="inside-a-number"),
        pytest.param("payments-api-gwkvzbz9nt-16jdr", "payments-api-gwkvzbz9nt-l6jdr", id="a-random-name"),
        pytest.param("2026-05-17T12:53:49z", "2026-05-17T12:53:49Z", id="the-end-of-a-moment"),
        pytest.param("2026-05-17112:53:49", "2026-05-17T12:53:49", id="the-middle-of-a-moment"),
    ],
)
def test_the_surroundings_decide_a_doubt(seen: str, meant: str) -> None:
    assert resolve(read(seen)) == meant


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("eth0", id="a-count-at-the-end"),
        pytest.param("postlog1-7bf54", id="a-count-in-a-name"),
        pytest.param("nvme0n1p2", id="a-device"),
        pytest.param("7m12s", id="a-duration"),
        pytest.param("demo-6b458576f10-x", id="a-hash"),
        pytest.param("python3.11", id="a-version"),
        pytest.param("10.0.0.101:5432", id="an-address"),
    ],
)
def test_digits_where_digits_belong_stay(text: str) -> None:
    assert resolve(read(text)) == text


@pytest.mark.parametrize("text", ["INF0", "c1uster", "2O26", "mysq1"])
def test_nothing_changes_what_the_network_is_sure_of(text: str) -> None:
    assert resolve(read(text, share=0.001)) == text


def test_chinese_and_signs_pass_through() -> None:
    text = "支付服务 P99 = 2.7s（阈值 1s）"

    assert resolve(read(text)) == text


def test_nothing_gives_nothing() -> None:
    assert resolve([]) == ""


def plain(text: str, share: float) -> list[Character]:
    return [Character(one, share) for one in text]


def test_two_readings_that_differ_in_look_alikes_are_averaged() -> None:
    first, second = [Character("I", 0.6, {"l": 0.4})], [Character("l", 0.9, {"I": 0.1})]

    [found] = weigh(first, second)

    assert (found.text, found.share, found.others) == ("l", pytest.approx(0.65), {"I": pytest.approx(0.35)})


@pytest.mark.parametrize(
    ("second", "share", "kept"),
    [
        pytest.param("fai1ed", 0.95, "fai1ed", id="surer-and-longer"),
        pytest.param("Falled", 0.5, "faled", id="less-sure"),
        pytest.param("fal", 0.99, "faled", id="shorter"),
        pytest.param("", 0.0, "faled", id="nothing"),
    ],
)
def test_of_readings_that_differ_more_the_surer_is_kept_unless_it_lost_something(
    second: str, share: float, kept: str
) -> None:
    found = weigh(plain("faled", 0.8), plain(second, share))

    assert "".join(one.text for one in found) == kept
