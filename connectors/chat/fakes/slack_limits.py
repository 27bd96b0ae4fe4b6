"""How often each method may be called: tiers a minute, and one message a second in each channel."""

import math
from collections import defaultdict, deque
from collections.abc import Callable

TIERS = {2: 20, 3: 50, 4: 100}
"""Calls in sixty seconds (docs.slack.dev/apis/web-api/rate-limits, which says "at least")."""
_BURST = 5
"""Messages at once in one channel; the documentation only says that short bursts are allowed."""


class Limits:
    """Counts calls by the clock. ``strict`` off lets everything pass, for tests of something else."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.strict = True
        self.per_minute: dict[str, int] = {}
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._free: dict[str, tuple[float, float]] = {}

    def wait(self, method: str, tier: int | None) -> int:
        """Seconds to wait before the method may be called again; 0: it may, and the call is counted."""
        most = self.per_minute.get(method, TIERS.get(tier or 0, 0))
        if not self.strict or not most:
            return 0
        now, calls = self._clock(), self._calls[method]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return 0

    def wait_to_post(self, channel: str) -> int:
        """The same for a message into a channel: one a second, and a few at once."""
        if not self.strict:
            return 0
        now = self._clock()
        left, at = self._free.get(channel, (float(_BURST), now))
        left = min(float(_BURST), left + now - at)
        if left < 1:
            self._free[channel] = (left, now)
            return max(1, math.ceil(1 - left))
        self._free[channel] = (left - 1, now)
        return 0
