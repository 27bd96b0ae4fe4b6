"""The record of an incident of the demo's shop: checkout is slow because a deploy exhausts payments' pool."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.incident import (
    Attack,
    Diagnosis,
    Excluded,
    Finding,
    Hypothesis,
    Incident,
    NextStep,
    Step,
    Trouble,
    Verdict,
)
from bot.vocabulary import Evidence, Line, Rows, Spent
from connectors.alerts.port import Alert
from connectors.state.incident_port import Change, KnownAlert, Moment, Publication, StoredDiagnosis, StoredIncident
from connectors.state.port import State

BEGAN = datetime(2026, 11, 20, 12, 2, tzinfo=UTC)
OPENED = BEGAN + timedelta(minutes=4)
PAGE = "runbooks/payments-pool.md"
QUOTE = "End those older than five minutes, one at a time."

SLOW = Incident(
    id="inc-20261120-7",
    title="checkout is slow: p99 above 2 s",
    opened_at=OPENED,
    began=BEGAN,
    services=("checkout", "payments"),
    severity="critical",
    environment="production",
    alerts=3,
    firing=2,
    outcome="likely",
    cause="deployment",
    cause_says="Release 5.9.0 of payments keeps its database connections, and the pool is exhausted.",
    cause_service="payments",
    diagnosis_id="run-2",
)


def minutes(count: float) -> datetime:
    """So many minutes after it began."""
    return BEGAN + timedelta(minutes=count)


def _curve(name: str, low: float, high: float) -> Line:
    """A figure that is low, and from the deploy on high."""
    at = BEGAN.timestamp() - 1800
    values = [(low if n < 60 else high) * (1 + 0.08 * math.sin(n * 1.7)) for n in range(90)]
    return Line(name=name, points=tuple((at + 30 * n, value) for n, value in enumerate(values)))


EVIDENCE = (
    Evidence(
        id="tool:p99",
        kind="tool",
        title="Prometheus",
        heading="Latency of checkout, 99th percentile",
        text="checkout p99: 0.31 s until 12:00, 4.2 s since 12:02",
        link="https://grafana.ternandtide.example/d/checkout",
        query="histogram_quantile(0.99, sum by (le) (rate(checkout_request_duration_seconds_bucket[5m])))",
        lines=(_curve("checkout", 0.31, 4.2), _curve("payments", 0.12, 3.8)),
    ),
    Evidence(
        id="tool:pool",
        kind="tool",
        title="Prometheus",
        heading="Connections of payments' pool",
        text="payments_db_pool_in_use 20 of 20, payments_db_pool_waiting 63",
        query="payments_db_pool_waiting",
        lines=(_curve("payments_db_pool_waiting", 0, 63),),
    ),
    Evidence(
        id="tool:changes",
        kind="tool",
        title="Changes",
        heading="Changes before 12:02",
        text="12:00 payments 5.8.6 → 5.9.0 (deploy, production) by ci",
        rows=Rows(
            columns=("at", "service", "what", "by"),
            rows=(("12:00", "payments", "deploy 5.8.6 → 5.9.0", "ci"), ("09:14", "search", "reindex", "maria")),
            total=2,
        ),
    ),
    Evidence(
        id="tool:logs",
        kind="tool",
        title="Logs of payments",
        heading="New since 12:01",
        text="12:02:11 ERROR HikariPool-1 - Connection is not available, request timed out after 3000ms\n"
        "12:02:13 WARN refund 8812: connection was not returned within 60 s",
    ),
    Evidence(
        id="doc:pool",
        kind="document",
        title="Payments: connection pool exhausted",
        heading="First aid › Free the pool",
        text=f"Find the longest transactions first. {QUOTE}",
        document_id=PAGE,
        chunk_id="p2",
    ),
)
FINDINGS = (
    Finding(
        id="a1",
        by="anomaly",
        kind="break",
        says="The 99th percentile of checkout's latency rose from 0.31 s to 4.2 s at 12:02.",
        cites=("tool:p99",),
        quote="0.31 s until 12:00, 4.2 s since 12:02",
        service="checkout",
        at=minutes(0),
    ),
    Finding(
        id="a2",
        by="anomaly",
        kind="state",
        says="All 20 connections of payments' pool are in use, and 63 requests wait.",
        cites=("tool:pool",),
        quote="payments_db_pool_in_use 20 of 20",
        service="payments",
        cause="resource",
        weight=0.7,
    ),
    Finding(
        id="f1",
        by="fault",
        kind="change",
        says="Payments 5.9.0 went out two minutes before.",
        cites=("tool:changes",),
        quote="payments 5.8.6 → 5.9.0",
        service="payments",
        cause="deployment",
        weight=0.9,
        at=minutes(-2),
    ),
    Finding(
        id="f2",
        by="fault",
        kind="log",
        says="Since then refunds keep their connection.",
        cites=("tool:logs",),
        quote="connection was not returned within 60 s",
        service="payments",
        cause="deployment",
        weight=0.8,
        at=minutes(0.2),
    ),
    Finding(id="h1", by="fault", kind="healthy", says="The database answers within 4 ms.", cites=("tool:pool",)),
    Finding(
        id="r1", by="recall", kind="recall", says="The runbook knows this symptom.", cites=("doc:pool",), quote=QUOTE
    ),
)
DIAGNOSIS = Diagnosis(
    trouble=Trouble(
        id=SLOW.id, text=SLOW.title, language="en", at=OPENED, began=BEGAN, services=SLOW.services, alert_count=3
    ),
    verdict=Verdict(
        outcome="likely",
        rule="a change right before, a log that is new since, and no attack broke it; no rollback has shown it yet",
        hypotheses=(
            Hypothesis(
                id="1",
                cause="deployment",
                service="payments",
                says=SLOW.cause_says,
                supports=("f1", "f2", "a2"),
                score=0.84,
                attacks=(
                    Attack(
                        asks="Were connections short before the deploy?",
                        outcome="survived",
                        says="No: nobody waited before 12:02.",
                        cites=("tool:pool",),
                    ),
                    Attack(asks="Do others of that database wait?", outcome="unchecked", says="Loki is away."),
                ),
            ),
            Hypothesis(
                id="2",
                cause="dependency",
                service="payments",
                says="The database of payments is slow.",
                contradicts=("h1",),
                score=0.21,
                attacks=(
                    Attack(asks="Does the database answer late?", outcome="broken", says="It answers within 4 ms."),
                ),
            ),
        ),
    ),
    headline="Checkout answers slowly, and every tenth order fails",
    impact="About 12 % of orders in production fail with a timeout since 12:02.",
    summary="Payments 5.9.0 does not give connections of refunds back. Its pool of 20 is used up, and checkout waits.",
    findings=FINDINGS,
    excluded=(Excluded(says="It is not more traffic: requests are as many as yesterday.", cites=("tool:p99",)),),
    gaps=("Loki did not answer within 20 s: logs of checkout were not read.",),
    similar=("inc-20260311-2",),
    next_steps=(
        NextStep(says="Roll payments back to 5.8.6."),
        NextStep(says=QUOTE, cites=("doc:pool",)),
    ),
    on_call="Priya Raman (payments)",
    evidence=EVIDENCE,
    steps=(
        Step(by="anomaly", does="Looks which series broke", tool='prometheus_range {"query": "checkout p99"}',
             outcome="answered", evidence="tool:p99", at=minutes(4.2), seconds=0.8),
        Step(by="anomaly", does="Looks at the pool", tool='prometheus_range {"query": "payments_db_pool_waiting"}',
             outcome="answered", evidence="tool:pool", at=minutes(4.4), seconds=0.6),
        Step(by="fault", does="Looks what changed", tool='changes {"before": "12:02"}', outcome="answered",
             evidence="tool:changes", at=minutes(4.2), seconds=0.1),
        Step(by="fault", does="Reads new log lines", tool='loki {"service": "checkout"}', outcome="unavailable",
             at=minutes(4.3), seconds=20.0),
    ),
    spent=Spent(level="endpoint", model="large", tokens_in=18_204, tokens_out=1_310, seconds=9.4, cost=0.0612,
                currency="USD"),
    seconds=41.3,
)  # fmt: skip


def alert(name: str, service: str, fired: datetime, over: datetime | None = None, **more: str) -> KnownAlert:
    """An alert of the incident as it is known."""
    body = Alert(
        source="alertmanager",
        fingerprint=name,
        status="resolved" if over else "firing",
        name=name,
        service=service,
        severity="critical",
        started_at=fired,
        ended_at=over,
        summary=more.get("summary", f"{name} in production"),
        labels={"severity": "page", "namespace": service},
        link=more.get("link", "https://alertmanager.ternandtide.example/#/alerts"),
    )
    at = over or fired
    return KnownAlert("alertmanager", name, body.model_dump_json(), "[]", at, over is None, SLOW.id, reports=4)


ALERTS = (
    alert("CheckoutHighLatency", "checkout", minutes(3)),
    alert("PaymentsPoolExhausted", "payments", minutes(3.5)),
    alert("CheckoutErrorRateHigh", "checkout", minutes(5), minutes(9)),
)
MOMENTS = (
    Moment(SLOW.id, OPENED, "alert", "CheckoutHighLatency fires (checkout)", "CheckoutHighLatency"),
    Moment(SLOW.id, minutes(4.7), "verdict", "Likely: payments 5.9.0 keeps its connections", "run-2"),
    Moment(SLOW.id, minutes(4.8), "posted", "Told in #incidents", "1763640408.1"),
    Moment(SLOW.id, minutes(11), "said", "ann: rolling payments back"),
)
PLACES = (
    Publication(SLOW.id, "slack", "C0INCIDENTS", "1763640408.1", "1763640408.1", "card", 1),
    Publication(SLOW.id, "feishu", "oc_5ad11d72b830411d72b836c20"),
)


def stored(incident: Incident) -> StoredIncident:
    """An incident as a row that is not kept yet."""
    return StoredIncident(
        incident.id, incident.status, incident.opened_at, incident.opened_at, incident.model_dump_json(), "{}"
    )


def run(id: str, diagnosis: Diagnosis | None, incident_id: str = SLOW.id, begun: datetime = OPENED) -> StoredDiagnosis:
    """A run that ended with this diagnosis, or one that runs."""
    body = diagnosis.model_dump_json() if diagnosis else ""
    return StoredDiagnosis(id, incident_id, begun, body, begun + timedelta(seconds=42) if diagnosis else None)


async def keep(state: State, incidents: Sequence[Incident] = (SLOW,)) -> None:
    """Keep incidents, and all that belongs to the slow checkout when it is one of them."""
    whole = SLOW.id in {one.id for one in incidents}
    rows = [stored(one) for one in incidents]
    await state.change(Change(incidents=rows, alerts=ALERTS, moments=MOMENTS, publications=PLACES) if whole else
                       Change(incidents=rows))  # fmt: skip
    if whole:
        earlier = DIAGNOSIS.model_copy(update={"verdict": Verdict(outcome="inconclusive"), "headline": "Not clear yet"})
        await state.record_diagnosis(run("run-1", earlier, begun=minutes(4)))
        await state.record_diagnosis(run("run-2", DIAGNOSIS, begun=minutes(4.1)))
