"""Followers are woken, and leave nothing behind."""

from connectors.state.pulses import Pulses, heard


async def test_a_beat_wakes_everyone_who_listens() -> None:
    pulses = Pulses()
    first, second = pulses.listen("q"), pulses.listen("q")

    pulses.beat("q")

    await heard(first, seconds=0)
    assert (first.is_set(), second.is_set(), pulses.listen("q").is_set()) == (True, True, False)


def test_a_question_that_nobody_follows_leaves_nothing_behind() -> None:
    pulses = Pulses()

    pulses.listen("q")

    assert len(pulses) == 0
