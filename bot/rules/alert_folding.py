"""A batch of reports, laid over what is known of their alerts: what each tells, and whether it opens something."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bot.analysis.fingerprints import What
from bot.rules.alert_history import told, written
from bot.rules.alert_parts import services_of
from bot.rules.reports import read
from bot.rules.silences import silencing
from connectors.alerts.port import Alert
from connectors.state.incident_port import KnownAlert, Report, Silence
from knowledge.service_graph import ServiceGraph

Key: TypeAlias = tuple[str, str]
"""What an alert is known by: its source and its fingerprint."""


@dataclass(frozen=True)
class Told:
    """A report and what it tells. ``opens``: the alert is to belong to an incident, a new one or one that is there.

    That is said once in a batch, however often the alert was back in it.
    """

    report: Report
    alert: Alert
    what: What
    opens: bool

    @property
    def key(self) -> Key:
        """Of its alert."""
        return self.report.source, self.report.fingerprint


@dataclass
class Fold:
    """The reports of a batch in their order, and the rows of their alerts as they are after them."""

    told: list[Told] = field(default_factory=list)
    rows: dict[Key, KnownAlert] = field(default_factory=dict)


def fold(
    reports: Sequence[Report], known: Mapping[Key, KnownAlert], silences: Iterable[Silence], graph: ServiceGraph
) -> Fold:
    """Lay them over what is known, the first first. A report that is laid over itself changes nothing more."""
    found, quiet = Fold(), tuple(silences)
    opened: set[Key] = set()
    for report in reports:
        key, alert = (report.source, report.fingerprint), read(report.body)
        before = found.rows.get(key, known.get(key))
        row, what, flaps = _after(before, report, alert)
        # Whoever silences a service means what depends on it no more than others: only what an alert is about counts.
        silence = silencing(alert, services_of(alert, graph)[:1], report.received_at, quiet) if row.firing else ""
        if silence and what in ("new", "back"):
            row = replace(row, silence_id=silence, incident_id="")
        elif alert.status == "firing" and what != "late":
            row = replace(row, silence_id=silence)
        found.rows[key] = row
        opens = not (silence or flaps or key in opened) and _fires(what, row)
        opened |= {key} if opens else set()
        found.told.append(Told(report, alert, what, opens))
    return found


def _after(before: KnownAlert | None, report: Report, alert: Alert) -> tuple[KnownAlert, What, bool]:
    history, what = told(before, alert, report.received_at)
    late = before is not None and what == "late"
    row = KnownAlert(
        source=report.source,
        fingerprint=report.fingerprint,
        body=before.body if before and late else report.body,
        history=written(history),
        heard_at=max(before.heard_at, report.received_at) if before else report.received_at,
        firing=history.firing,
        incident_id=before.incident_id if before else "",
        silence_id=before.silence_id if before else "",
        reports=before.reports + 1 if before else 1,
    )
    return row, what, history.flapping


def _fires(what: What, row: KnownAlert) -> bool:
    # What was quiet, by a silence or by its mode, and goes on firing is opened by its next report.
    return what in ("new", "back") or (what == "repeated" and row.firing and not row.incident_id)
