"""How often the fake lets a method be called."""

from connectors.chat.fakes.slack_limits import Limits
from tests.contracts.slack_listener import Clock


def test_a_tier_counts_the_last_sixty_seconds() -> None:
    clock = Clock()
    limits = Limits(clock)

    assert [limits.wait("users.list", 2) for _ in range(20)] == [0] * 20
    assert limits.wait("users.list", 2) == 60
    assert limits.wait("usergroups.list", 2) == 0
    clock.now += 59.5
    assert limits.wait("users.list", 2) == 1
    clock.now += 0.5
    assert limits.wait("users.list", 2) == 0


def test_a_channel_takes_five_at_once_and_then_one_a_second() -> None:
    clock = Clock()
    limits = Limits(clock)

    assert [limits.wait_to_post("C1") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert limits.wait_to_post("C2") == 0
    clock.now += 1
    assert [limits.wait_to_post("C1") for _ in range(2)] == [0, 1]


def test_limits_can_be_set_and_turned_off() -> None:
    limits = Limits(Clock())
    limits.per_minute["chat.update"] = 1

    assert [limits.wait("chat.update", 3) for _ in range(2)] == [0, 60]
    limits.strict = False
    assert limits.wait("chat.update", 3) == 0
