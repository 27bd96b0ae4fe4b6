"""What a diagnosis makes of its incident."""

from bot.incident import Diagnosis, Incident


def with_verdict(incident: Incident, diagnosis_id: str, diagnosis: Diagnosis, *, told: bool = False) -> Incident:
    """The incident as its diagnosis says. Its title stays: people know it by that.

    ``told``: a person has said what the cause is, which stays too.
    """
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    at = leading.service if leading else ""
    cause = {
        "cause": leading.cause if leading else None,
        "cause_says": leading.says if leading else "",
        "cause_service": at,
    }
    return incident.model_copy(
        update={
            "outcome": diagnosis.verdict.outcome,
            **({} if told else cause),
            "services": tuple(dict.fromkeys([*incident.services, *diagnosis.trouble.services, *([at] if at else [])])),
            "diagnosis_id": diagnosis_id,
        }
    )
