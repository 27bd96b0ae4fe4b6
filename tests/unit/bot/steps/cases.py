"""One incident and its diagnosis, for whatever shows or publishes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.incident import (
    Attack,
    Diagnosis,
    Excluded,
    Finding,
    Hypothesis,
    Incident,
    NextStep,
    Trouble,
    Verdict,
)
from bot.vocabulary import Evidence, Line, Spent
from connectors.alerts.port import Alert

BEGAN = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
NOW = BEGAN + timedelta(minutes=8)
SECONDS = BEGAN.timestamp()

EVIDENCE = (
    Evidence(
        id="tool:rate",
        kind="tool",
        title="Error rate",
        heading="checkout, 5xx",
        text="checkout 5xx: 0.2 % before 14:01, 14 % at 14:05",
        link="https://metrics.example/rate",
        lines=(Line(name="5xx", points=tuple((SECONDS + 60 * n, 0.2 if n < 5 else 14.0) for n in range(20))),),
    ),
    Evidence(
        id="tool:deploys",
        kind="tool",
        title="Deployments",
        text="13:58 payments v42 by ann\n11:20 search v7 by bob",
        link="https://deploys.example/",
    ),
    Evidence(id="tool:logs", kind="tool", title="Logs", text="HikariPool-1 - Connection is not available"),
    Evidence(id="incident:d1", kind="incident", title="INC-7: pool too small", text="Fix: roll back", document_id="d1"),
)
FINDINGS = (
    Finding(
        id="f1",
        by="anomaly",
        kind="break",
        says="Errors of checkout rose to 14 %",
        cites=("tool:rate",),
        quote="14 % at 14:05",
        service="checkout",
        weight=0.7,
        at=BEGAN,
    ),
    Finding(
        id="f2",
        by="fault",
        kind="change",
        says="payments v42 was deployed",
        cites=("tool:deploys",),
        quote="13:58 payments v42 by ann",
        service="payments",
        cause="deployment",
        weight=0.9,
        at=BEGAN - timedelta(minutes=4),
    ),
    Finding(
        id="f3", by="fault", kind="log", says="The pool of payments is exhausted", cites=("tool:logs",), weight=0.6
    ),
    Finding(
        id="f4", by="fault", kind="event", says="A node was drained an hour before", cites=("tool:logs",), weight=0.2
    ),
)
LEADING = Hypothesis(
    id="h1",
    cause="deployment",
    service="payments",
    says="A deployment of payments broke it since 13:58 UTC.",
    supports=("f1", "f2", "f3"),
    attacks=(
        Attack(asks="Were there errors before it?", outcome="survived", says="No errors before", cites=("tool:rate",)),
    ),
    score=0.82,
)
OTHER = Hypothesis(id="h2", cause="traffic", service="checkout", says="checkout gets more traffic", score=0.2)


def incident(**more: Any) -> Incident:
    known = {
        "id": "INC-12",
        "title": "CheckoutErrors on checkout",
        "opened_at": BEGAN,
        "began": BEGAN,
        "services": ("checkout", "payments"),
        "severity": "critical",
        "environment": "production",
        "alerts": 14,
        "firing": 3,
        "outcome": "likely",
        "diagnosis_id": "run1",
    }
    return Incident.model_validate(known | more)


def diagnosis(**more: Any) -> Diagnosis:
    alert = Alert(
        source="am", fingerprint="a1", status="firing", name="CheckoutErrors", severity="critical", started_at=BEGAN,
        summary="5xx above 5 %",
    )  # fmt: skip
    trouble = Trouble(
        id="INC-12", text="CheckoutErrors", language="en", at=NOW, began=BEGAN, services=("checkout",), alerts=(alert,)
    )
    known: dict[str, Any] = {
        "trouble": trouble,
        "verdict": Verdict(outcome="likely", hypotheses=(LEADING, OTHER), rule="one kind of evidence"),
        "headline": "checkout answers with errors",
        "impact": "One order in seven fails",
        "findings": FINDINGS,
        "excluded": (Excluded(says="The network is fine", cites=("tool:rate",)),),
        "gaps": ("Kubernetes did not answer",),
        "similar": ("incident:d1",),
        "next_steps": (NextStep(says="Roll back payments to v41", cites=("incident:d1",)),),
        "on_call": "payments: Bo Li",
        "evidence": EVIDENCE,
        "spent": Spent(level="endpoint", model="gpt", tokens_in=9000, tokens_out=700, cost=0.03, currency="USD"),
        "seconds": 41.2,
    }
    return Diagnosis.model_validate(known | more)


def settled(outcome: str, *hypotheses: Hypothesis, **more: Any) -> Diagnosis:
    verdict = Verdict.model_validate({"outcome": outcome, "hypotheses": hypotheses})
    return diagnosis(verdict=verdict, **more)
