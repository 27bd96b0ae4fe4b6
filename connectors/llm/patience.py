"""What stands between a call and an endpoint that fails: plain words, bounded retries, a deadline, a breaker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

import stamina

from connectors.breaker import Breaker
from connectors.llm.port import ModelNonsense, ModelUnavailable

R = TypeVar("R")

LONGEST_WAIT_SECONDS = 10.0
_PASSING = {408, 425, 429}
_ADVICE = {
    401: "check its api_key",
    403: "check its api_key and what that key may use",
    404: "check its api_base and model",
    429: "it limits the rate of calls",
}


class CallFailed(ModelUnavailable):
    """A call that brought no answer. ``status`` is the HTTP status, None when there was no answer at all."""

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether the same call may go well a moment later."""
        return self.status is None or self.status in _PASSING or self.status >= 500


class _Answer(Protocol):
    headers: dict[str, str]


@contextlib.contextmanager
def plain_words(name: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn what an integration raises when a call fails into CallFailed."""
    try:
        yield
    except errors as error:
        raise _plain(name, error) from error


def _plain(name: str, error: Exception) -> CallFailed:
    status = getattr(error, "status_code", None)
    known = status if isinstance(status, int) else None
    advice = f" ({_ADVICE[known]})" if known in _ADVICE else ""
    said = " ".join(str(error).split())[:300]
    return CallFailed(f"{name} failed{advice}: {type(error).__name__}: {said}", known, _retry_after(error))


def _retry_after(error: Exception) -> float | None:
    answer: _Answer | None = getattr(error, "response", None)
    with contextlib.suppress(AttributeError, ValueError, TypeError):
        # RFC 9110 section 10.2.3 allows a date as well; model endpoints send seconds, and a date counts as none.
        return max(0.0, float(answer.headers["retry-after"])) if answer and "retry-after" in answer.headers else None
    return None


async def retried(call: Callable[[], Awaitable[R]], attempts: int) -> R:
    """The call's result after at most ``attempts`` tries; only failures that may pass are tried again.

    Waits as long as the endpoint's Retry-After says; when that is longer than ten seconds it gives up instead.
    """
    caller = stamina.AsyncRetryingCaller(attempts=attempts, timeout=None, wait_initial=0.2, wait_max=5.0)
    return await caller(_again, call)


def _again(error: Exception) -> bool | float:
    if not isinstance(error, CallFailed) or not error.passing:
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT_SECONDS else False


@contextlib.asynccontextmanager
async def deadline(seconds: float, name: str) -> AsyncIterator[None]:
    """End what happens inside after so many seconds, with CallFailed. Never put a generator's ``yield`` inside."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise CallFailed(f"{name} did not answer in time ({max(seconds, 0.0):g} s).") from late


def model_breaker(name: str, limit: int, rest_seconds: float, clock: Callable[[], float]) -> Breaker:
    """A breaker for a model: a call without an answer is a failure, nonsense is an answer."""
    return Breaker(name, limit, rest_seconds, clock, ModelUnavailable, (ModelNonsense,))
