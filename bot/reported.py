"""Trouble that a person reports: diagnosed as an incident is, and answered where they asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.agents.allowance import together
from bot.agents.board import Board
from bot.announcing import Announcer
from bot.casebook import story
from bot.diagnosing import diagnose
from bot.incident import Diagnosis, Incident
from bot.narration import Narrator
from bot.ports import Ports
from bot.rules.conversations import for_all
from bot.rules.incident_readers import within
from bot.rules.reported import trouble_of
from bot.rules.verdicts import with_verdict
from bot.steps.announce import Told, announce
from bot.steps.illustrate import illustrate
from bot.steps.present import readings_of
from bot.vocabulary import Done, Query, RewrittenQuery, Spent
from connectors.chat.card_port import Card, Exhibits
from connectors.chat.port import IncomingMessage
from connectors.state.incident_port import Change, Outdated, StoredDiagnosis, StoredIncident
from connectors.state.port import Question

MOST_OPEN = 50
MEANT = timedelta(hours=2)
"""How long what a person reported is what others mean who report the same; alerts say themselves when they are over."""


@dataclass(frozen=True)
class Asked:
    """A report: the message that is kept, what it asks, and what reading it has cost so far."""

    question: Question
    query: Query
    rewritten: RewrittenQuery
    spent: Sequence[Spent]


async def answer_report(asked: Asked, ports: Ports) -> Card | None:
    """The card of a trouble that somebody reports; None when nothing was found that says anything of it.

    An incident that is open at the same service is what they mean: they are told what is known of it.
    """
    query = asked.query
    await Narrator(ports.state, query.question_id, query.language, ports.clock).doing("diagnose")
    known = await _open_incident(asked, ports)
    if known:
        incident, diagnosis = known
    else:
        diagnosis = await diagnose(trouble_of(query, asked.rewritten), ports, Board())
        if not _says_something(diagnosis):
            return None
        incident = _incident(asked, diagnosis)
    drawing = partial(illustrate, diagnosis, query.author, ports.charts, ports.state, query.asked_at)
    exhibits = await ports.state.step("illustrate", Exhibits, drawing)
    diagnosis = diagnosis.model_copy(update={"exhibits": exhibits})
    shared = known is not None or for_all(IncomingMessage.model_validate_json(asked.question.body))
    link = Announcer(ports.state, ports.membership, ports.public_url).link(incident.id) if shared else ""
    card = announce(incident, diagnosis, Told(link=link))
    if shared:
        await ports.state.step("keep", Done, partial(_keep, asked, incident, diagnosis, card, ports))
    return _addressed(card, asked)


async def _open_incident(asked: Asked, ports: Ports) -> tuple[Incident, Diagnosis] | None:
    """The incident that is open at one of these services, was posted and diagnosed; the one that was opened last.

    One that was looked at where more may be asked than here is not told here.
    """
    services, query = asked.rewritten.entities.services, asked.query
    for stored in await ports.state.incidents(status="open", limit=MOST_OPEN):
        incident = Incident.model_validate_json(stored.body)
        meant = incident.alerts > 0 or query.asked_at - incident.opened_at < MEANT
        if meant and incident.mode == "live" and not set(services).isdisjoint(incident.services):
            told = await story(ports.state, ports.library, incident.id, query.groups)
            if told and told.diagnosis and within(told.diagnosis.trouble.scope, query.scope):
                return incident, told.diagnosis
    return None


def _says_something(diagnosis: Diagnosis) -> bool:
    """Whether live systems said anything that bears on it; what is remembered alone is better answered from pages."""
    seen = any(one.kind != "recall" and one.cause for one in diagnosis.findings)
    return seen or diagnosis.verdict.outcome != "inconclusive"


def _incident(asked: Asked, diagnosis: Diagnosis) -> Incident:
    query, trouble = asked.query, diagnosis.trouble
    reported = Incident(
        id=query.question_id,
        title=asked.rewritten.text.split("\n")[0][:200],
        language=query.language,
        opened_at=query.asked_at,
        began=trouble.began,
        services=trouble.services,
        severity=trouble.severity,
        environment=trouble.environment,
        reported_by=query.author,
    )
    return with_verdict(reported, query.question_id, diagnosis)


async def _keep(asked: Asked, incident: Incident, diagnosis: Diagnosis, card: Card, ports: Ports) -> Done:
    """What was told among others is an incident for all of them, and its thread is the incident's. Once is enough."""
    thread = {asked.question.thread_id: incident.id}
    if incident.id != asked.query.question_id:
        await ports.state.change(Change(threads=thread))
        return Done()
    now, at = ports.now(), asked.query.asked_at
    stored = StoredIncident(incident.id, "open", at, now, incident.model_dump_json(), card.model_dump_json())
    await ports.state.record_diagnosis(StoredDiagnosis(incident.id, incident.id, at, diagnosis.model_dump_json(), now))
    try:
        await ports.state.change(Change(incidents=(stored,), threads=thread))
    except Outdated:
        # A crash came between this and the note that it was done.
        return Done()
    return Done()


def _addressed(card: Card, asked: Asked) -> Card:
    """The card as the answer to a question."""
    query, footer = asked.query, card.footer
    before = together(*asked.spent)
    if footer and before.level != "none":
        tokens = {"tokens_in": footer.tokens_in + before.tokens_in, "tokens_out": footer.tokens_out + before.tokens_out}
        footer = footer.model_copy(update=tokens)
    return card.model_copy(
        update={
            "question_id": query.question_id,
            "rewritten_query": asked.rewritten.text,
            "notices": (*query.notices, *card.notices),
            "readings": readings_of(query),
            "footer": footer,
        }
    )
