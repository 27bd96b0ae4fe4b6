"""Customers: so many pages and orders a second, whatever becomes of those before."""

import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from deploy.demo.shop.services import ARTICLES, BUNDLES
from deploy.demo.shop.serving import LOOPBACK

_PATIENCE_SECONDS = 8.0
_MOST_WAITING = 64
_BUNDLES_OF_TEN = 4


@dataclass
class Traffic:
    """Visitors of the storefront. Above 64 that wait for an answer, further ones turn away."""

    port: int
    ended: threading.Event
    pages_per_second: float = 8.0
    orders_per_second: float = 6.0
    _dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311  # not for secrets

    def run(self) -> None:
        """Send visitors until told to end."""
        rate = self.pages_per_second + self.orders_per_second
        room = threading.Semaphore(_MOST_WAITING)
        due = time.monotonic()
        with ThreadPoolExecutor(_MOST_WAITING) as visitors:
            while not self.ended.wait(max(0.0, due - time.monotonic())):
                due += 1 / rate
                buys = self._dice.random() < self.orders_per_second / rate
                if room.acquire(blocking=False):
                    visit = visitors.submit(self._visit, self._basket() if buys else None)
                    visit.add_done_callback(lambda _: room.release())

    def _basket(self) -> list[str]:
        if self._dice.random() * 10 < _BUNDLES_OF_TEN:
            return [self._dice.choice(list(BUNDLES))]
        return self._dice.choices(ARTICLES, k=self._dice.randint(1, 3))

    def _visit(self, basket: list[str] | None) -> None:
        line = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_PATIENCE_SECONDS)
        try:
            if basket is None:
                line.request("GET", "/")
            else:
                line.request("POST", "/buy", json.dumps({"items": basket}), {"Content-Type": "application/json"})
            line.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass  # Customers see that nothing comes, and go.
        finally:
            line.close()
