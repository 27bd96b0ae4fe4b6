"""Troubles, findings and a small shop, for the tests of diagnoses."""

from datetime import UTC, datetime, timedelta

from bot.incident import Category, Finding, FindingKind, Trouble
from connectors.alerts.port import Alert
from knowledge.service_graph import Service, ServiceGraph

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHOP = ServiceGraph(
    [
        Service(name="storefront", depends_on=["checkout"]),
        Service(name="checkout", depends_on=["payments", "inventory"]),
        Service(name="payments", depends_on=["bank"]),
        Service(name="inventory"),
        Service(name="bank", kind="external"),
    ]
)


def minute(number: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=number)


def trouble(*alerts: Alert, **more: object) -> Trouble:
    """Checkout is slow since five past twelve, seen at half past."""
    told = {"id": "i1", "text": "checkout is slow", "language": "en", "at": minute(30), "began": minute(5)}
    return Trouble.model_validate({**told, "services": ("checkout",), "alerts": alerts, **more})


def alert(**more: object) -> Alert:
    """An alert of checkout that fires."""
    told = {"source": "prometheus", "fingerprint": "f1", "status": "firing", "name": "CheckoutSlow"}
    return Alert.model_validate(
        {**told, "service": "checkout", "severity": "critical", "started_at": minute(6), **more}
    )


def finding(
    kind: FindingKind,
    cause: Category | None = None,
    service: str = "checkout",
    *,
    at: float | None = None,
    weight: float = 0.8,
    says: str = "",
    cites: str = "",
) -> Finding:
    """One finding, ``at`` in minutes after noon; each cites a source of its own."""
    id = f"{kind}-{cause}-{service}-{at}-{weight}"
    moment = None if at is None else minute(at)
    said = says or f"{kind} of {service}"
    return Finding(
        id=id, by="test", kind=kind, says=said, cites=(cites or f"tool:{id}",), service=service, cause=cause,
        weight=weight, at=moment,
    )  # fmt: skip
