"""A breaker: what keeps failing is left alone for a while, so that nobody waits for it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Breaker:
    """Opens after ``limit`` failures in a row; ``rest_seconds`` later one call may try (Nygard, Release It!, 2007).

    A failure is an exception of the type ``failing``, which a refusal is as well; one of the types ``answered`` counts
    as an answer. ``clock`` counts seconds from anywhere.
    """

    name: str
    limit: int
    rest_seconds: float
    clock: Callable[[], float]
    failing: type[Exception]
    answered: tuple[type[Exception], ...] = ()
    _failures: int = field(default=0, init=False)
    _closed_again_at: float = field(default=0.0, init=False)

    @property
    def open(self) -> bool:
        """Whether a call would be refused now."""
        return self._failures >= self.limit and self.clock() < self._closed_again_at

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Refuse at once while open; else learn from how the call ends. A cancelled call teaches nothing."""
        if self.open:
            wait = self._closed_again_at - self.clock()
            raise self.failing(f"{self.name} failed {self._failures} times in a row; it rests {wait:.0f} s more.")
        # The one call that tries after a rest keeps the others out until it has ended.
        self._closed_again_at = self.clock() + self.rest_seconds
        try:
            yield
        except self.failing:
            self._failures += 1
            self._closed_again_at = self.clock() + self.rest_seconds
            raise
        except self.answered:
            self._failures = 0
            raise
        self._failures = 0
