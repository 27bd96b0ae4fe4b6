"""Turns come in order, as many as allowed."""

from connectors.chat.feishu_pace import Pace, Paces


def test_a_burst_goes_at_once_and_the_rest_at_the_pace() -> None:
    pace = Pace(per_second=4, burst=1)

    assert [pace.turn(10.0) for _ in range(5)] == [0, 0, 0.25, 0.5, 0.75]
    assert pace.turn(20.0) == 0


def test_no_second_has_more_than_the_limit() -> None:
    pace = Pace(per_second=4, burst=1)
    turns = [pace.turn(0.0) for _ in range(40)]

    assert max(sum(start <= turn < start + 1 for turn in turns) for start in turns) <= 5


def test_what_is_not_free_is_not_taken() -> None:
    pace = Pace(per_second=2, burst=2)

    assert [pace.free(5.0) for _ in range(5)] == [True, True, True, False, False]
    assert pace.free(5.6)


def test_names_do_not_wait_for_each_other_and_old_ones_are_forgotten() -> None:
    paces = Paces(per_second=1, burst=0, most=2)
    waits = [paces.turn(name, 0.0) for name in ("a", "a", "b", "c", "a")]

    assert waits == [0, 1, 0, 0, 0]
