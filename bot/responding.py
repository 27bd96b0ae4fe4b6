"""From an incident to what people are told of it: the durable work behind each diagnosis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from bot import metrics
from bot.agents.board import Board
from bot.announcing import Announcer, owner_of
from bot.diagnosing import diagnose
from bot.incident import Diagnosis, Incident, Trouble
from bot.ports import Ports
from bot.rules.conversations import EVERYWHERE, Conversation
from bot.rules.incident_again import differs
from bot.rules.incident_modes import places_of
from bot.rules.incident_words import TIMELINE
from bot.rules.verdicts import with_verdict
from bot.steps.announce import Told, announce
from bot.steps.extract import extract
from bot.steps.illustrate import illustrate
from bot.vocabulary import Done, Scope
from connectors.alerts.port import Alert
from connectors.chat.card_port import Card
from connectors.state.incident_port import Change, Moment, Outdated, StoredDiagnosis, StoredIncident
from connectors.state.port import StateUnavailable

log = structlog.get_logger()

MOST_ALERTS = 200
TRIES = 10
"""How often a change is made again that somebody else's crossed."""

Changing = Callable[[Incident], tuple[Incident, Card | None]]
"""What becomes of an incident, and its new card; without one it keeps the card that it has."""


async def respond(diagnosis_id: str, ports: Ports, shown: Callable[[], None]) -> None:
    """Diagnose the incident that a run was begun for. ``shown`` is called when there is something new to be shown."""
    run = await ports.state.diagnosis(diagnosis_id)
    stored = await ports.state.incident(run.incident_id) if run else None
    if run is None or stored is None or run.ended_at:
        return
    shown()
    incident = Incident.model_validate_json(stored.body)
    if incident.status == "merged":
        await _end(run, "", ports)
        return
    trouble = await ports.state.step("extract", Trouble, partial(told_of, incident, ports))
    board = Board()
    async with reporting(incident.id, board, ports, shown):
        diagnosis = await diagnose(trouble, ports, board)
    await ports.state.step("conclude", Done, partial(conclude, run, diagnosis, ports))
    metrics.DIAGNOSED.labels(diagnosis.verdict.outcome).inc()
    shown()


async def give_up_diagnosis(diagnosis_id: str, ports: Ports, shown: Callable[[], None]) -> None:
    """Close a run that cannot be brought to its end, visibly and with the id that it is found by."""
    run = await ports.state.diagnosis(diagnosis_id)
    if run is None or run.ended_at:
        return
    link = _announcer(ports).link(run.incident_id)

    def failed(incident: Incident) -> tuple[Incident, Card]:
        return incident, announce(incident, None, Told(link=link, failed=run.id))

    await revise(run.incident_id, failed, ports, "failed", run.id)
    await _end(run, "", ports)
    shown()


async def told_of(incident: Incident, ports: Ports) -> Trouble:
    """What is known of an incident by its alerts, for those who will read its card."""
    known = await ports.state.alerts_of(incident.id, MOST_ALERTS)
    alerts = [Alert.model_validate_json(one.body) for one in known]
    trouble = extract(incident, alerts, ports.graph, ports.taxonomy, ports.now())
    readers, scope = _readers(incident, ports)
    return trouble.model_copy(update={"groups": readers, "scope": scope})


async def conclude(run: StoredDiagnosis, diagnosis: Diagnosis, ports: Ports) -> Done:
    """Keep a diagnosis, and put what it says into the incident and its card. Doing it again changes nothing."""
    exhibits = await illustrate(diagnosis, owner_of(run.incident_id), ports.charts, ports.state, ports.now())
    shown = diagnosis.model_copy(update={"exhibits": exhibits})
    stored = await ports.state.incident(run.incident_id)
    before = Incident.model_validate_json(stored.body).again_of if stored else ""
    earlier = await ports.state.incident(before) if before else None
    told = Told(link=_announcer(ports).link(run.incident_id))
    judged = await ports.state.judgements(run.incident_id)
    by_a_person = any(one.cause and not one.right for one in judged[:1])

    def concluded(incident: Incident) -> tuple[Incident, Card]:
        changed = with_verdict(incident, run.id, shown, told=by_a_person)
        if earlier:
            again = differs(Incident.model_validate_json(earlier.body), changed)
            changed = changed.model_copy(update={"differs": again})
        return changed, announce(changed, shown, told)

    await _end(run, shown.model_dump_json(), ports)
    await revise(run.incident_id, concluded, ports, "verdict", run.id)
    return Done()


async def revise(incident_id: str, changing: Changing, ports: Ports, kind: str, reference: str) -> None:
    """Change an incident as it is by now, and note in its timeline that this happened; nothing where there is none."""
    for _ in range(TRIES):
        stored = await ports.state.incident(incident_id)
        if stored is None:
            return None
        incident, card = changing(Incident.model_validate_json(stored.body))
        text = TIMELINE[incident.language][kind].format(cause=incident.cause_says or incident.title)
        changed = StoredIncident(
            id=incident.id,
            status=incident.status,
            opened_at=incident.opened_at,
            updated_at=ports.now(),
            body=incident.model_dump_json(),
            card=card.model_dump_json() if card else stored.card,
            version=stored.version,
        )
        moment = Moment(incident_id, ports.now(), kind, text, reference)
        try:
            return await ports.state.change(Change(incidents=(changed,), moments=(moment,)))
        except Outdated:
            continue
    raise StateUnavailable(f"incident {incident_id} is changed all the time")


@asynccontextmanager
async def reporting(incident_id: str, board: Board, ports: Ports, shown: Callable[[], None]) -> AsyncIterator[None]:
    """While a diagnosis is made: at the deadline, what has been found by then is shown."""
    seconds = ports.incidents.deadline_seconds
    link = _announcer(ports).link(incident_id)

    def so_far(incident: Incident) -> tuple[Incident, Card]:
        return incident, announce(
            incident, None, Told(link=link, so_far=tuple(board.findings.values()), seconds=seconds)
        )

    async def report() -> None:
        await asyncio.sleep(seconds)
        try:
            await revise(incident_id, so_far, ports, "progress", "")
        except StateUnavailable as down:
            log.warning("progress not shown", incident=incident_id, reason=str(down))
        shown()

    task = asyncio.create_task(report())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _readers(incident: Incident, ports: Ports) -> tuple[tuple[str, ...], Scope]:
    """What all may read who are told of an incident; where nobody is told, what is open to everybody.

    Several places have the groups in common that are in each; where their scopes differ, the first one's holds.
    """
    places = places_of(incident, ports.incidents)
    found = [
        ports.conversations.get(place) or ports.conversations.get(EVERYWHERE) or Conversation() for _, place in places
    ]
    if not found:
        return (), Scope()
    common = [name for name in found[0].readers if all(name in one.readers for one in found)]
    return tuple(common), found[0].scope


def _announcer(ports: Ports) -> Announcer:
    return Announcer(ports.state, ports.membership, ports.public_url)


async def _end(run: StoredDiagnosis, body: str, ports: Ports) -> None:
    await ports.state.record_diagnosis(StoredDiagnosis(run.id, run.incident_id, run.begun_at, body, ports.now()))
