"""A monitoring system and a sorter on the state's twin, with a clock that a test turns."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.incident import Incident
from bot.rules.incident_modes import IncidentRules
from bot.rules.reports import heard
from bot.sorting import Sorter
from connectors.alerts.port import Alert
from connectors.state.incident_port import KnownAlert
from connectors.state.memory import MemoryState
from connectors.state.port import State
from knowledge.service_graph import Service, ServiceGraph

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(name="web", depends_on=["checkout"]),
        Service(name="checkout", depends_on=["payments"], aliases={"zh": ["结算"]}),
        Service(name="payments", depends_on=["postgres-payments"]),
        Service(name="postgres-payments"),
        Service(name="search", depends_on=["elastic"]),
        Service(name="elastic"),
    ]
)
RULES = IncidentRules(channels={"slack": ("C1",)})


def alert(name: str, service: str = "payments", **more: Any) -> Alert:
    """An alert that fires at noon."""
    plain = {"source": "memory", "fingerprint": f"{name}/{service}", "status": "firing", "severity": "error"}
    plain |= {"summary": f"{name} at {service}", "started_at": NOON}
    return Alert(**{**plain, "name": name, "service": service, **more})


@dataclass
class Watchtower:
    """What is watched, by a sorter that can be started anew."""

    state: State = field(default_factory=MemoryState)
    rules: IncidentRules = RULES
    time: datetime = NOON
    shown: Any = None

    def __post_init__(self) -> None:
        self._runs = count(1)
        self.restart()

    def restart(self) -> None:
        """Forget all that is not stored."""
        more = {"shown": self.shown} if self.shown else {}
        new_id = lambda: f"run-{next(self._runs)}"  # noqa: E731  # one line, used once
        self.sorter = Sorter(self.state, GRAPH, self.rules, lambda: self.time, new_id=new_id, **more)

    async def hears(self, *alerts: Alert) -> None:
        """Reports come, all at once, and are sorted."""
        await self.state.hear([heard(one, self.time) for one in alerts])
        await self.sorts()

    async def fires(self, name: str, service: str = "payments", **more: Any) -> None:
        """One alert fires now."""
        await self.hears(alert(name, service, **{"started_at": self.time, **more}))

    async def ends(self, name: str, service: str = "payments", **more: Any) -> None:
        """One alert is over now; it began when it was last said to."""
        [row] = await self.state.known_alerts([("memory", f"{name}/{service}")])
        last = Alert.model_validate_json(row.body)
        over = {"status": "resolved", "ended_at": self.time, **more}
        await self.hears(Alert.model_validate({**last.model_dump(), **over}))

    async def sorts(self) -> None:
        """All that waits is sorted."""
        while await self.sorter.step():
            pass

    async def passes(self, **time: float) -> None:
        """Time passes."""
        self.time += timedelta(**time)
        await self.sorts()

    async def incidents(self) -> list[Incident]:
        """All of them, the first opened first."""
        rows = await self.state.incidents(limit=1000)
        return sorted((Incident.model_validate_json(one.body) for one in rows), key=lambda one: one.opened_at)

    async def incident(self) -> Incident:
        """The only one that is not merged."""
        [found] = [one for one in await self.incidents() if one.status != "merged"]
        return found

    async def row(self, name: str, service: str = "payments") -> KnownAlert:
        """What is known of an alert."""
        [found] = await self.state.known_alerts([("memory", f"{name}/{service}")])
        return found
