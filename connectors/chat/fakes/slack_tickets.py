"""What Slack hands out for a short while: trigger ids and response URLs."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from connectors.chat.fakes.slack_web import Refused

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS, RESPONSE_USES = 1_800.0, 5
_MOST_KEPT = 2_000


@dataclass
class Trigger:
    """Lets a modal be opened for a person, once."""

    person: str
    until: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Lets the app answer an interaction without a token."""

    channel: str
    person: str
    message: str
    thread: str
    until: float
    left: int = RESPONSE_USES


class Tickets:
    """Both kinds, the oldest forgotten when there are very many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, person: str) -> str:
        """A new trigger id, in the form of Slack's."""
        number = next(self._numbers)
        name = f"{number}.{1_000 + number}.{hashlib.sha256(str(number).encode()).hexdigest()[:32]}"
        self._triggers[name] = Trigger(person, self._clock() + TRIGGER_SECONDS)
        _forget(self._triggers)
        return name

    def exchange(self, name: str) -> str:
        """The person of a trigger id, which is then used up."""
        found = self._triggers.get(name)
        if found is None:
            raise Refused("invalid_trigger_id")
        if found.used:
            raise Refused("exchanged_trigger_id")
        if found.until < self._clock():
            raise Refused("expired_trigger_id")
        found.used = True
        return found.person

    def response_url(self, channel: str, person: str, message: str = "", thread: str = "") -> str:
        """The path of a new response URL."""
        name = f"{1_000 + next(self._numbers)}"
        self._urls[name] = ResponseUrl(channel, person, message, thread, self._clock() + RESPONSE_SECONDS)
        _forget(self._urls)
        return f"/actions/{name}"

    def respond(self, name: str) -> ResponseUrl:
        """What a response URL stands for, with one use less."""
        found = self._urls.get(name)
        if found is None or found.until < self._clock():
            raise Refused("expired_url")
        if found.left < 1:
            raise Refused("used_url")
        found.left -= 1
        return found


def _forget(kept: dict[str, Trigger] | dict[str, ResponseUrl]) -> None:
    while len(kept) > _MOST_KEPT:
        del kept[next(iter(kept))]
