"""Recorded HTTP: an API's answers, replayed to exactly the calls that they were given to, and trouble on demand.

A recording is a JSON file: a list of exchanges ``{"ask": "GET /path?query", "body": …, "status": 200, "headers": {…},
"answer": …}``. ``body`` is what a POST must bring; ``answer`` is sent as JSON, or as it stands when it is a string.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from connectors.sources.polite import Network

RECORDED = Path(__file__).parent / "recorded"


@dataclass
class Exchange:
    """One call and its answer. ``match`` compares calls whatever the order of their queries."""

    ask: str
    answer: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def match(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        method, _, target = self.ask.partition(" ")
        parts = urlsplit(target)
        return method, parts.path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))

    def response(self) -> httpx.Response:
        raw = self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)
        return httpx.Response(self.status, headers=self.headers, content=raw.encode())


class Replay(httpx.AsyncBaseTransport):
    """Answers what was recorded; any other call fails the test. ``asked`` is what came in, ``slept`` the waits."""

    def __init__(self, *exchanges: Exchange, now: dt.datetime) -> None:
        self.recorded = list(exchanges)
        self._trouble: list[tuple[str, Exchange | Exception]] = []
        self.now = now.timestamp()
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    @classmethod
    def of(cls, name: str, now: dt.datetime) -> "Replay":
        """The recording ``recorded/<name>.json``."""
        rows = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
        return cls(*(Exchange(**row) for row in rows), now=now)

    @property
    def network(self) -> Network:
        """What a vendor is connected with: nothing leaves the process, and waiting only moves the clock."""
        return Network(self, lambda: self.now, self._sleep)

    def change(self, part: str, answer: Any = "", status: int = 200, **headers: str) -> None:
        """From now on, calls whose path and query contain ``part`` are answered so: vanished, renamed, forbidden."""
        found = [one for one in self.recorded if part in one.ask]
        assert found, f"nothing recorded has {part!r} in it"
        for one in found:
            one.answer, one.status, one.headers = answer, status, headers

    def trouble(self, part: str, *answers: Exchange | Exception) -> None:
        """The next calls with ``part`` in path and query get these, one each, before anything recorded."""
        self._trouble += [(part, answer) for answer in answers]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        target = request.url.raw_path.decode()
        for number, (part, bad) in enumerate(self._trouble):
            if part in target:
                del self._trouble[number]
                if isinstance(bad, Exception):
                    raise bad
                return bad.response()
        body = json.loads(request.content) if request.content else None
        asked = Exchange(f"{request.method} {target}", body=body)
        for one in self.recorded:
            if one.match == asked.match and one.body == body:
                return one.response()
        recorded = "\n  ".join(one.ask for one in self.recorded)
        raise AssertionError(f"not recorded: {asked.ask} {body or ''}\nrecorded:\n  {recorded}")

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def refused(status: int, answer: Any = "", **headers: str) -> Exchange:
    """An answer for ``trouble``: a status, a body, headers (``retry_after="7"`` is Retry-After)."""
    return Exchange("", answer, status, {name.replace("_", "-"): value for name, value in headers.items()})


def cut_off(message: str = "peer closed connection without sending complete message body") -> httpx.RemoteProtocolError:
    """A body that ends before it is whole, for ``trouble``."""
    return httpx.RemoteProtocolError(message)
