"""What people do with an incident, wherever they do it: judge its diagnosis, have it looked at again, close it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from bot.incident import Diagnosis, Incident
from bot.vocabulary import Language
from connectors.state.incident_port import Change, Judgement, Moment, Outdated, StoredDiagnosis, StoredIncident
from connectors.state.port import State

_ATTEMPTS = 5
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "right": "{who}: the diagnosis is right",
        "wrong": "{who}: the diagnosis is wrong",
        "was": "{who}: the diagnosis is wrong, it was {cause}",
        "again": "{who} asked for another look",
        "resolved": "{who} closed the incident",
    },
    "zh": {
        "right": "{who}：诊断正确",
        "wrong": "{who}：诊断错误",
        "was": "{who}：诊断错误，实际是 {cause}",
        "again": "{who} 要求重新诊断",
        "resolved": "{who} 关闭了事件",
    },
}


class UnknownIncident(Exception):
    """There is no such incident."""


class Settled(Exception):
    """There is nothing to do; the message is a sentence that says why."""


@dataclass(frozen=True)
class _Edit:
    """What becomes of an incident: its story as it is then, the line of its timeline, and a diagnosis that begins."""

    incident: Incident
    kind: str
    words: str
    begins: StoredDiagnosis | None = None


_Editing = Callable[[Incident], Awaitable[_Edit]]


async def judge(state: State, word: Judgement) -> None:
    """Keep a person's word on the cause, which becomes the incident's. Raises UnknownIncident."""
    if not await state.judge(word):
        raise UnknownIncident

    async def edit(incident: Incident) -> _Edit:
        words = "right" if word.right else "was" if word.cause else "wrong"
        return _Edit(incident.model_copy(update=await _cause(state, word)), "judged", words)

    await _change(state, word.incident_id, edit, (word.author, word.cause), word.given_at)


async def look_again(state: State, incident_id: str, author: str, now: datetime) -> str:
    """Begin another diagnosis; its id. Raises UnknownIncident, and Settled while one runs or once it is merged."""
    diagnosis_id = str(uuid4())

    async def edit(incident: Incident) -> _Edit:
        if incident.status == "merged":
            raise Settled("The incident is part of another one, which is the one to look at.")
        if any(one.ended_at is None for one in await state.diagnoses(incident_id)):
            raise Settled("The incident is being looked at already.")
        if incident.status == "open" and incident.alerts and incident.mode != "off" and not incident.diagnosis_id:
            # Whoever begins its first diagnosis also says where it is posted.
            raise Settled("Further alerts are waited for; the incident is looked at in a moment.")
        return _Edit(incident, "again", "again", StoredDiagnosis(diagnosis_id, incident_id, now))

    await _change(state, incident_id, edit, (author, ""), now)
    return diagnosis_id


async def resolve(state: State, incident_id: str, author: str, now: datetime) -> None:
    """Close an open incident by a person's word. Raises UnknownIncident, and Settled when it is not open."""

    async def edit(incident: Incident) -> _Edit:
        if incident.status != "open":
            raise Settled("The incident is not open any more.")
        # Alerts that still fire keep nothing open that a person closed: one that fires anew opens it again.
        over = incident.model_copy(update={"status": "resolved", "resolved_at": now})
        return _Edit(over, "resolved", "resolved")

    await _change(state, incident_id, edit, (author, ""), now)


async def _cause(state: State, word: Judgement) -> dict[str, object]:
    if not word.right:
        return {"cause": None, "cause_says": word.cause, "cause_service": ""}
    run = next((one for one in await state.diagnoses(word.incident_id) if one.body), None)
    leading = Diagnosis.model_validate_json(run.body).verdict.hypotheses[:1] if run else ()
    return {
        key: value
        for one in leading
        for key, value in (("cause", one.cause), ("cause_says", one.says), ("cause_service", one.service))
    }


async def _change(state: State, incident_id: str, editing: _Editing, said: tuple[str, str], now: datetime) -> None:
    for attempt in range(_ATTEMPTS):
        stored = await state.incident(incident_id)
        if stored is None:
            raise UnknownIncident
        edit = await editing(Incident.model_validate_json(stored.body))
        try:
            await state.change(_written(stored, edit, said, now))
        except Outdated:
            # A storm changes its incident many times a second; a person's word comes seldom.
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _written(stored: StoredIncident, edit: _Edit, said: tuple[str, str], now: datetime) -> Change:
    incident, (who, cause) = edit.incident, said
    words = _WORDS[incident.language][edit.words].format(who=who, cause=cause)
    row = replace(stored, status=incident.status, body=incident.model_dump_json(), updated_at=now)
    moment = Moment(incident.id, now, edit.kind, words, edit.begins.id if edit.begins else "")
    return Change(incidents=[row], moments=[moment], diagnoses=[edit.begins] if edit.begins else [])
