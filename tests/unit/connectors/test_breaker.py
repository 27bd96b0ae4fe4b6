"""The breaker: what keeps failing is left alone for a while."""

import pytest

from connectors.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Down(Exception):
    pass


class Nonsense(Exception):
    pass


def fail(breaker: Breaker, error: Exception) -> None:
    with pytest.raises(type(error)), breaker.watching():
        raise error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("metrics", limit=2, rest_seconds=30, clock=clock, failing=Down, answered=(Nonsense,))


def test_it_opens_after_failures_in_a_row_and_says_for_how_long(breaker: Breaker) -> None:
    fail(breaker, Down("down"))
    assert not breaker.open
    fail(breaker, Down("down"))

    assert breaker.open
    with pytest.raises(Down, match="metrics failed 2 times in a row; it rests 30 s more"), breaker.watching():
        pytest.fail("a call went through")


@pytest.mark.parametrize("ending", [pytest.param(None, id="success"), pytest.param(Nonsense("?"), id="nonsense")])
def test_an_answer_of_any_kind_starts_the_count_anew(breaker: Breaker, ending: Nonsense | None) -> None:
    fail(breaker, Down("down"))
    if ending:
        fail(breaker, ending)
    else:
        with breaker.watching():
            pass
    fail(breaker, Down("down"))

    assert not breaker.open


def test_after_the_rest_one_call_may_try_and_the_others_wait_for_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, Down("down"))
    fail(breaker, Down("down"))
    clock.now += 30

    with breaker.watching():
        assert breaker.open
    assert not breaker.open
