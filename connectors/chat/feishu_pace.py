"""How fast the app may go: turns are handed out in order, so that nobody is refused and nobody starves."""

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass
class Pace:
    """So many a second, and up to ``burst`` more at once (the generic cell rate algorithm, ITU-T I.371)."""

    per_second: float
    burst: int
    _next: float = field(default=0.0, init=False)

    def turn(self, now: float) -> float:
        """Take the next turn; the seconds until it comes."""
        begin = max(self._next, now)
        self._next = begin + 1 / self.per_second
        return max(0.0, begin - self.burst / self.per_second - now)

    def free(self, now: float) -> bool:
        """Take a turn if there is one at once."""
        if self._next - self.burst / self.per_second > now:
            return False
        self.turn(now)
        return True


@dataclass
class Paces:
    """A pace for each name; names that were not heard of for long are forgotten."""

    per_second: float
    burst: int
    most: int = 2_000
    _paces: OrderedDict[str, Pace] = field(default_factory=OrderedDict, init=False)

    def turn(self, name: str, now: float) -> float:
        """Take the next turn of a name; the seconds until it comes."""
        pace = self._paces.setdefault(name, Pace(self.per_second, self.burst))
        self._paces.move_to_end(name)
        if len(self._paces) > self.most:
            self._paces.popitem(last=False)
        return pace.turn(now)
