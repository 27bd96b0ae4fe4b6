"""The demo's shop on the morning that its recordings are of: its live systems, its services, and no model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.incident import Incident
from bot.ports import Ports
from bot.rules.incident_modes import IncidentRules
from bot.rules.live import Known
from bot.toolbox import Toolbox
from connectors.alerts.port import Alert
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.incident_port import Change, KnownAlert, StoredDiagnosis, StoredIncident
from connectors.state.memory import MemoryState
from knowledge.service_graph import read_services
from tests.unit.bot.stage import Stage, stage

DEMO = Path(__file__).parents[3] / "deploy" / "demo"
BEGAN = datetime(2026, 11, 20, 9, 42, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@asynccontextmanager
async def room(shelf: Path, **rules: float) -> AsyncIterator[Stage]:
    """The stage of the other tests, with the live systems of that morning."""
    graph, roots = read_services(DEMO / "services.yaml"), Roots(shelf, shelf)
    recorded = load("tools", "recorded", {"folder": str(DEMO / "recorded")}, roots)
    async with stage() as here, recorded as tools:
        clock = here.ports.clock
        ports = replace(
            here.ports,
            services=graph.mentioned,
            graph=graph,
            toolbox=Toolbox({"recorded": tools}, shelf / "tools", clock),
            live=Known(graph.services, '{namespace="$namespace"}'),
            now=lambda: NOW,
            incidents=IncidentRules(**{"wait_seconds": 0.0, **rules}),  # type: ignore[arg-type]  # numbers alone
            public_url="https://night.example",
        )
        yield replace(here, ports=ports)


def alert(**more: object) -> Alert:
    """The pool of payments is used up."""
    told = {
        "source": "alertmanager",
        "fingerprint": "pool",
        "status": "firing",
        "name": "PaymentsPoolExhausted",
        "service": "payments",
        "severity": "critical",
        "started_at": BEGAN + timedelta(minutes=3),
        "summary": "20 of 20 connections in use for 3 minutes",
    }
    return Alert.model_validate({**told, **more})


def incident(**more: object) -> Incident:
    """What the sorter makes of that alert."""
    told = {
        "id": "i1",
        "title": "payments: pool used up",
        "opened_at": BEGAN,
        "began": BEGAN,
        "services": ("payments",),
    }
    return Incident.model_validate({**told, "began": BEGAN, "alerts": 1, "firing": 1, "severity": "critical", **more})


async def begun(state: MemoryState, one: Incident, run: str = "run1") -> None:
    """Keep an incident with its alert, and a run of diagnosing that nobody works at."""
    row = StoredIncident(one.id, one.status, one.opened_at, BEGAN, one.model_dump_json())
    known = KnownAlert("alertmanager", "pool", alert().model_dump_json(), "{}", BEGAN, firing=True, incident_id=one.id)
    await state.change(Change(incidents=[row], alerts=[known]))
    await state.record_diagnosis(StoredDiagnosis(run, one.id, BEGAN))


async def kept(ports: Ports, incident_id: str = "i1") -> Incident:
    """An incident as it is by now."""
    stored = await ports.state.incident(incident_id)
    assert stored is not None
    return Incident.model_validate_json(stored.body)
