"""Retries and the breaker, without an endpoint."""

import pytest
import stamina

from connectors.breaker import Breaker
from connectors.llm.patience import CallFailed, model_breaker, plain_words, retried
from connectors.llm.port import ModelUnavailable


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, error: Exception) -> None:
    with pytest.raises(type(error)), breaker.watching():
        raise error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return model_breaker("qwen", limit=2, rest_seconds=30, clock=clock)


def test_a_failed_try_starts_another_rest(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, ModelUnavailable("down"))
    fail(breaker, ModelUnavailable("down"))
    clock.now += 30
    fail(breaker, ModelUnavailable("still down"))

    clock.now += 29
    assert breaker.open


def test_a_cancelled_call_is_no_failure(breaker: Breaker) -> None:
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt), breaker.watching():
            raise KeyboardInterrupt

    assert not breaker.open


class Answer:
    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers


class Refusal(RuntimeError):
    def __init__(self, status_code: int, headers: dict[str, str]) -> None:
        super().__init__("no")
        self.status_code = status_code
        self.response = Answer(headers)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "-7"}, 0.0, id="below-nothing"),
        pytest.param({"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT"}, None, id="a-date"),
        pytest.param({}, None, id="none"),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(CallFailed) as failed, plain_words("qwen", (ValueError, RuntimeError, OSError)):
        raise Refusal(429, headers)

    assert (failed.value.status, failed.value.retry_after) == (429, seconds)


async def test_the_wait_is_what_the_endpoint_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    failures = [CallFailed("busy", 429, 7.0), CallFailed("broken", 500)]

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    async def call() -> str:
        if failures:
            raise failures.pop(0)
        return "done"

    monkeypatch.setattr("asyncio.sleep", pause)

    assert await retried(call, attempts=3) == "done"
    assert waits[0] == 7.0
    assert 0.4 <= waits[1] <= 1.4


async def test_what_is_no_failed_call_is_not_tried_again() -> None:
    stamina.set_testing(True, attempts=3, cap=True)
    calls: list[int] = []

    async def call() -> None:
        calls.append(1)
        raise ModelUnavailable("missing")

    with pytest.raises(ModelUnavailable):
        await retried(call, attempts=3)
    stamina.set_testing(False)

    assert calls == [1]
