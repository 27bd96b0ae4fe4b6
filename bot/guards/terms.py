"""What a team has agreed on for its remedies: approvals, second factor, freezes, levels of autonomy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from bot.remedy import Autonomy, Risk

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEEDED: Mapping[Risk, int] = {"low": 1, "medium": 1, "high": 2, "critical": 2}


@dataclass(frozen=True)
class Freeze:
    """A time in which nothing is changed: from ``begins`` to ``ends``, or every week from ``at`` on ``days``.

    Every week it lasts ``hours``, at the clock of ``zone``. ``services`` and ``environments``: for these alone.
    """

    name: str
    begins: datetime | None = None
    ends: datetime | None = None
    days: tuple[Day, ...] = ()
    at: time = time()
    hours: float = 24.0
    zone: str = "UTC"
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def touches(self, services: Sequence[str], environment: str) -> bool:
        """Whether it is about these services, there; what does not say where it is may be anywhere."""
        there = not self.environments or not environment or environment in self.environments
        return there and (not self.services or not set(self.services).isdisjoint(services))

    def until(self, now: datetime) -> datetime | None:
        """When it is over, None when it does not hold now. It begins at its first moment, and is over at its last."""
        found = [end for start, end in self._spans(now) if start <= now < end]
        return max(found, default=None)

    def _spans(self, now: datetime) -> Sequence[tuple[datetime, datetime]]:
        if self.begins and self.ends:
            return [(self.begins, self.ends)]
        zone, length = ZoneInfo(self.zone), timedelta(hours=self.hours)
        today = now.astimezone(zone).date()
        back = range(int(self.hours // 24) + 2)
        dates = [today - timedelta(days=days) for days in back]
        starts = [datetime.combine(one, self.at, zone) for one in dates if DAYS[one.weekday()] in self.days]
        # Hours pass as they pass, also in the night in which the clock is put forward.
        return [(start, (start.astimezone(ZoneInfo("UTC")) + length)) for start in starts]


@dataclass(frozen=True)
class Terms:
    """What the settings say. ``groups`` are entrusted with a risk; ``autonomy`` is by ``remedy/service`` or remedy.

    ``verified_before`` is how often a remedy must have been approved by people and verified before it may be
    automatic, and ``automatic_per_day`` how often it may be then. ``window_seconds`` bounds the window of every remedy.
    """

    needed: Mapping[Risk, int] = field(default_factory=lambda: NEEDED)
    step_up: frozenset[Risk] = frozenset({"critical"})
    groups: Mapping[Risk, tuple[str, ...]] = field(default_factory=dict)
    operators: tuple[str, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    autonomy: Mapping[str, Autonomy] = field(default_factory=dict)
    verified_before: int = 5
    automatic_per_day: int = 3
    window_seconds: float = 3600.0

    def approvals(self, risk: Risk) -> int:
        """How many people have to approve: never less than the risk asks for."""
        return max(NEEDED[risk], self.needed.get(risk, 1))

    def frozen(self, services: Sequence[str], environment: str, now: datetime) -> tuple[Freeze, datetime] | None:
        """The freeze that holds now for these services, and until when; the one that lasts longest."""
        found = [(one, end) for one in self.freezes if one.touches(services, environment) and (end := one.until(now))]
        return max(found, key=lambda each: each[1], default=None)
