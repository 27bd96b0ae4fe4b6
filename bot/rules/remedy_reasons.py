"""Why a remedy is proposed, as its card and the audit tell it."""

import uuid
from dataclasses import dataclass

from bot.incident import Diagnosis, Incident
from bot.rules.citing import Sources, cited, telling
from bot.vocabulary import Language
from connectors.chat.card_port import Citation
from connectors.remediation.port import Action

MOST_CITED, MOST_READ, _WHY = 4, 100, 600
OURSELVES = "nightshift"
"""Who asks where no person does."""
_OURS = uuid.UUID("2f0f6a0e-7f0b-5c0e-9c6e-6d3f5b1a7c11")


@dataclass(frozen=True)
class Reason:
    """Why something is proposed, and on whose account; ``read`` are the ids of the evidence that it rests on.

    ``source`` is what its id is made of: the same for the same reason.
    """

    source: str
    incident_id: str
    language: Language
    services: tuple[str, ...]
    says: str = ""
    cites: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    asker: str = OURSELVES
    model: str = ""
    diagnosed_by: str = ""
    link: str = ""
    undoes: str = ""


def reason_of(diagnosis: Diagnosis, incident: Incident, model: str, link: str) -> Reason:
    """The reason that a diagnosis gives; what it rests on is cited as on the card of the incident."""
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    supports = telling(one for one in diagnosis.findings if leading and one.id in leading.supports)
    evidence = {one.id: one for one in diagnosis.evidence}
    sources = Sources(evidence)
    for one in supports[:MOST_CITED]:
        sources.quoting("", cited(one)[:1])
    spent = diagnosis.spent
    return Reason(
        source=incident.diagnosis_id or incident.id,
        incident_id=incident.id,
        language=incident.language,
        services=tuple(
            dict.fromkeys((*([leading.service] if leading and leading.service else []), *incident.services))
        ),
        says=(diagnosis.summary or (leading.says if leading else ""))[:_WHY],
        cites=tuple(dict.fromkeys(id for one in supports[:MOST_CITED] for id in one.cites if id in evidence)),
        read=tuple(evidence)[:MOST_READ],
        citations=tuple(sources.citations.values()),
        asker=incident.reported_by or OURSELVES,
        model=model,
        diagnosed_by=spent.model or spent.level,
        link=link,
    )


def proposal_id(source: str, action: Action) -> str:
    """The same for the same action for the same reason; no other work's row is called so."""
    return f"proposal-{uuid.uuid5(_OURS, f'{source} {action.digest}')}"


def undo_id(proposal_id: str) -> str:
    """The id of the proposal that takes back what another one did."""
    return f"proposal-{uuid.uuid5(_OURS, f'undo {proposal_id}')}"
