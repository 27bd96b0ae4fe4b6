"""Alerts and incidents as the contracts of the state keep them."""

from datetime import datetime, timedelta

from connectors.state.incident_port import Heard, KnownAlert, Publication, StoredDiagnosis, StoredIncident
from tests.contracts.states import NOON


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def heard(fingerprint: str = "f1", body: str = "{}", minutes: float = 0) -> Heard:
    return Heard("prometheus", fingerprint, after(minutes), body)


def alert(fingerprint: str = "f1", minutes: float = 0, incident_id: str = "", body: str = "{}") -> KnownAlert:
    return KnownAlert("prometheus", fingerprint, body, "[]", after(minutes), firing=True, incident_id=incident_id)


def incident(id: str = "i1", minutes: float = 0, version: int = 0, card: str | None = None) -> StoredIncident:
    return StoredIncident(id, "open", after(minutes), after(minutes), f'{{"at":{version}}}', card, version)


def place(incident_id: str = "i1", conversation: str = "C1", version: int = 0, thread_id: str = "") -> Publication:
    return Publication(incident_id, "slack", conversation, thread_id, version=version)


def diagnosis(id: str = "d1", incident_id: str = "i1", minutes: float = 0) -> StoredDiagnosis:
    return StoredDiagnosis(id, incident_id, after(minutes))
