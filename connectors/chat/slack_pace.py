"""How often Slack lets us call: its own waiting times, whose turn it is, and what is kept free for answers."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from weakref import WeakValueDictionary

from connectors.chat.slack_json import Json

_WINDOW_SECONDS = 60.0
_MOST_KEPT = 1_000


class Pace:
    """Remembers by what Slack counts calls: messages by their channel, all else by the method.

    https://docs.slack.dev/apis/web-api/rate-limits
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._until: dict[str, float] = {}
        self._calls: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=200))
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def pause(self, method: str, arguments: Json) -> float:
        """The seconds that Slack wants us to wait still."""
        return max(0.0, self._until.get(_meter(method, arguments), 0.0) - self.now())

    def told(self, method: str, arguments: Json, seconds: float) -> None:
        """Slack has asked us to wait."""
        if len(self._until) > _MOST_KEPT:
            self._until = {meter: until for meter, until in self._until.items() if until > self.now()}
        self._until[_meter(method, arguments)] = self.now() + seconds

    def counted(self, method: str) -> None:
        """A call is made."""
        self._calls[method].append(self.now())

    def line(self, method: str, arguments: Json) -> asyncio.Lock:
        """Where those stand who wait for the same: one at a time, first come first served."""
        return self._lines.setdefault(_meter(method, arguments), asyncio.Lock())

    def crowded(self, method: str, arguments: Json, most: int = 200) -> bool:
        """Whether a call that can be left out had better be: some wait already, or a minute's share is used up."""
        lately = sum(1 for at in self._calls[method] if at > self.now() - _WINDOW_SECONDS)
        waiting = self._lines.get(_meter(method, arguments))
        return lately >= most or self.pause(method, arguments) > 0 or (waiting is not None and waiting.locked())


def _meter(method: str, arguments: Json) -> str:
    return f"{method} {arguments.get('channel')}" if method == "chat.postMessage" else method
