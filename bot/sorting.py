"""Reports of alerts become incidents: one loop in one process takes them, batch by batch, each in one transaction."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot import metrics
from bot.incident import Incident
from bot.rules.alert_folding import Fold, Key, fold
from bot.rules.alert_groups import AlertGroups
from bot.rules.alert_parts import calls_of, grouped
from bot.rules.incident_books import Shown
from bot.rules.incident_modes import IncidentRules
from bot.rules.incident_sorting import Batch, Circumstances, Plan, merges, plan
from bot.rules.reports import read
from bot.triage import Silenced, Triage
from connectors.state.incident_port import Change, KnownAlert, Outdated, Report, Silence, StoredIncident
from connectors.state.port import State, StateUnavailable
from knowledge.service_graph import ServiceGraph

log = structlog.get_logger()

ROLE, LEASE_SECONDS = "sorting", 60.0
BATCH = 200
"""How many reports are sorted together: between two batches, what is due is looked after."""
HORIZON = timedelta(minutes=40)
"""How long an alert is looked back at by the grouping."""
_ASK_AGAIN = timedelta(seconds=15)
_PAUSE_SECONDS, _TROUBLE_SECONDS = 0.5, 5.0
_TRIES, _LATEST_RESOLVED, _MOST_OF_ONE = 5, 200, 20_000
_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a mistake of ours raises: one report that sets it off must not keep all others waiting."""


def _as_it_was(_incident: Incident) -> str | None:
    return None


def _run_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Sorter:
    """Sorts what is heard. ``shown`` gives the card of an incident that changed and has one; ``new_id`` names runs.

    What it remembers between batches is built from what is stored, whenever it begins to lead or was interrupted.
    """

    state: State
    graph: ServiceGraph
    rules: IncidentRules
    now: Callable[[], datetime]
    shown: Shown = _as_it_was
    new_id: Callable[[], str] = _run_id
    _groups: AlertGroups | None = field(default=None, init=False)
    _asked_at: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._triage = Triage(self.state, self.graph, self.rules, self.now, self.shown, self.new_id)
        self._silenced = Silenced(self.state, self.now)

    async def run(self) -> None:
        """Go on until cancelled; while another process sorts, wait for it to end."""
        # Begun anew after a mistake, it must not go on with what that left behind.
        self._groups = None
        while True:
            try:
                more = await self._leads() and await self.step()
                # In a storm a batch gathers meanwhile: one of a hundred costs hardly more than one of ten.
                pause = 0.0 if more else _PAUSE_SECONDS
            except Outdated as other:
                log.info("sorting begins anew", reason=str(other))
                self._groups, pause = None, _PAUSE_SECONDS
            except StateUnavailable as down:
                log.warning("sorting put off", reason=str(down))
                self._groups, pause = None, _TROUBLE_SECONDS
            await asyncio.sleep(pause)

    async def step(self) -> bool:
        """Sort one batch, and look after what is due; whether more may wait. Raises Outdated and StateUnavailable."""
        if self._groups is None:
            self._groups = await self._restored()
        reports = await self.state.unsorted(BATCH)
        try:
            if reports:
                await self._sort(reports, self._groups)
            await self._triage.look()
            again = await self._silenced.look()
        except _FAULTS:
            log.exception("a batch cannot be sorted; its reports are sorted one by one")
            self._groups = None
            await self._one_by_one(reports)
            again = False
        return again or len(reports) >= BATCH

    async def _leads(self) -> bool:
        now = self.now()
        if self._asked_at is None or now - self._asked_at >= _ASK_AGAIN:
            led = self._asked_at is not None
            leads = await self.state.lead(ROLE, LEASE_SECONDS)
            self._asked_at = now if leads else None
            if not (led and leads):
                # Whoever led meanwhile has sorted on: what is remembered here is of before.
                self._groups = None
        return self._asked_at is not None

    async def _one_by_one(self, reports: Sequence[Report]) -> None:
        for one in reports:
            groups = await self._restored()
            try:
                await self._sort([one], groups)
            except _FAULTS:
                log.exception("a report is set aside", source=one.source, fingerprint=one.fingerprint, body=one.body)
                await self.state.change(Change(sorted=[one.number]))

    async def _sort(self, reports: Sequence[Report], groups: AlertGroups) -> None:
        known = await self._known({(one.source, one.fingerprint) for one in reports})
        silences = await self.state.silences(min(one.received_at for one in reports))
        # In a storm this is half a second of arithmetic: whoever calls meanwhile is answered.
        folded = await asyncio.to_thread(self._placed, reports, known, silences, groups)
        planned = await self._changed(folded, known, groups)
        groups.committed(planned.known_as, planned.merged)
        metrics.SORTED.inc(len(reports))
        for one in planned.incidents:
            self._triage.watch(one)

    def _placed(
        self,
        reports: Sequence[Report],
        known: Mapping[Key, KnownAlert],
        silences: Sequence[Silence],
        groups: AlertGroups,
    ) -> Fold:
        folded = fold(reports, known, silences, self.graph)
        for one in folded.told:
            if one.opens:
                part, before = grouped(one.alert, one.report.received_at, self.graph), known.get(one.key)
                incident_id = before.incident_id if before and one.what == "back" else ""
                groups.place(one.report.number, one.key, part, incident_id)
        return folded

    async def _changed(self, folded: Fold, known: Mapping[Key, KnownAlert], groups: AlertGroups) -> Plan:
        for left in reversed(range(_TRIES)):
            batch = await self._batch(folded, known, groups)
            here = Circumstances(self.graph, self.rules, self.shown, self.now())
            planned = await asyncio.to_thread(plan, batch, here)
            try:
                await self.state.change(planned.change)
            except Outdated:
                # Mostly a diagnosis has just written into one of the incidents.
                if not left:
                    raise
            else:
                return planned
        raise AssertionError("unreachable")

    async def _batch(self, folded: Fold, known: Mapping[Key, KnownAlert], groups: AlertGroups) -> Batch:
        touched = await asyncio.to_thread(groups.touched)
        moving = {key for group in touched for key in group.foreign} - known.keys()
        rows = {**known, **await self._known(moving)}
        ids = {row.incident_id for row in rows.values()} | {id for group in touched for id in group.homes}
        incidents = await self._incidents(ids)
        for gone, _ in merges(touched, incidents):
            own = await self.state.alerts_of(gone, _MOST_OF_ONE)
            rows = {**{(one.source, one.fingerprint): one for one in own}, **rows}
        opens = any(not group.homes for group in touched)
        resolved = await self.state.incidents(status="resolved", limit=_LATEST_RESOLVED) if opens else ()
        return Batch(folded, touched, rows, incidents, resolved)

    async def _known(self, keys: set[Key]) -> Mapping[Key, KnownAlert]:
        found = await self.state.known_alerts(sorted(keys)) if keys else ()
        return {(one.source, one.fingerprint): one for one in found}

    async def _incidents(self, ids: set[str]) -> Mapping[str, StoredIncident]:
        found = [await self.state.incident(id) for id in sorted(ids - {""})]
        return {one.id: one for one in found if one}

    async def _restored(self) -> AlertGroups:
        """What is remembered, out of what is stored."""
        groups, now = AlertGroups(calls_of(self.graph)), self.now()
        recent = [(row, read(row.body)) for row in await self.state.recent_alerts(now - HORIZON) if not row.silence_id]
        began = [(row, one) for row, one in recent if now - one.started_at < HORIZON]
        alerts = [(grouped(one, row.heard_at, self.graph), row) for row, one in began]
        for alert, row in sorted(alerts, key=lambda pair: pair[0].at):
            groups.restore((row.source, row.fingerprint), alert, row.incident_id)
        await self._triage.restore()
        return groups
