"""From a diagnosis to proposals: what may be offered is looked at, rehearsed, and kept together with its audit."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from pydantic import JsonValue

from bot.guards.action import NotAdmitted, admit, admit_typed
from bot.guards.autonomy import rule_automatic
from bot.guards.cases import Offer, level_of, offer_of
from bot.guards.redaction import redact
from bot.incident import Diagnosis, Incident
from bot.placeholders import BadText, fill, fill_text
from bot.remedy import Choice, Proposal, Remedy, worded
from bot.remedy_ports import RemedyPorts, Shown, first_unmet, noted, safeguards, with_card
from bot.rules.offers import offers
from bot.rules.remedy_reasons import Reason, proposal_id, reason_of, undo_id
from bot.rules.remedy_words import WITHHELD
from bot.steps.offer import Stand, offer, outcome_of
from bot.vocabulary import Frozen, Language
from connectors.remediation.port import Action, Rehearsal, RemediationUnavailable
from connectors.state.remedy_port import Entry, Execution, Ruling, Standing, StoredProposal

_LONGEST = 600


class Withheld(Frozen):
    """A remedy that fits and is not offered, and why, in the incident's language."""

    remedy: str
    title: str
    why: str


class Proposed(Frozen):
    """What is offered for a diagnosis, the best first, and what is not."""

    proposals: tuple[Proposal, ...] = ()
    withheld: tuple[Withheld, ...] = ()


class _NotOffered(Exception):
    """Something stands against offering it now; ``why`` is the key of our sentence."""

    def __init__(self, why: str, because: str = "", text: str = "") -> None:
        super().__init__(why)
        self.why, self.because, self.text = why, because, redact(text).text[:_LONGEST]


async def propose(
    diagnosis: Diagnosis,
    incident: Incident,
    ports: RemedyPorts,
    chosen: Sequence[Action] | None = None,
    model: str = "",
    link: str = "",
) -> Proposed:
    """Offer what a diagnosis calls for; what was offered for the same diagnosis before stays as it is.

    ``chosen`` are actions that the guard admitted already, chosen by ``model``; without them rules choose. Nothing is
    offered that does not hold now, whose dry run fails, or that nobody may approve. ``link`` leads to the incident.
    Raises StateUnavailable and DirectoryUnavailable.
    """
    reason = reason_of(diagnosis, incident, model, link)
    actions = _by_rules(diagnosis, ports) if chosen is None else chosen
    found = [await _propose_one(action, reason, ports) for action in actions]
    if found:
        ports.changed()
    return Proposed(
        proposals=tuple(one for one in found if isinstance(one, Proposal)),
        withheld=tuple(one for one in found if isinstance(one, Withheld)),
    )


async def propose_undo(done: Offer, ports: RemedyPorts) -> Proposal | Withheld | None:
    """Offer to take back what was carried out; None where the catalogue knows no way, and for what took back itself.

    It needs an approval like anything else. What is filled in was approved before, or is the catalogue's own text.
    """
    action, proposal = undo_of(done.remedy, done.proposal.action, ports), done.proposal
    if action is None or proposal.undoes:
        return None
    reason = Reason(
        source=undo_id(proposal.id),
        incident_id=proposal.incident_id,
        language=proposal.language,
        services=proposal.services,
        says=proposal.why,
        cites=proposal.cites,
        asker=proposal.asker,
        undoes=proposal.id,
    )
    found = await _propose_one(action, reason, ports)
    ports.changed()
    return found


def undo_of(remedy: Remedy, action: Action, ports: RemedyPorts) -> Action | None:
    """The action that takes an action back; None where the catalogue knows none."""
    if remedy.undo is None:
        return None
    try:
        values = {name: fill(one, action.parameters) for name, one in remedy.undo.parameters.items()}
        return admit_typed(Choice(remedy=remedy.undo.remedy, parameters=values), ports.catalogue, ports.graph)
    except (BadText, NotAdmitted):
        return None


def _by_rules(diagnosis: Diagnosis, ports: RemedyPorts) -> list[Action]:
    found = []
    for choice in offers(diagnosis, ports.catalogue, ports.graph):
        try:
            found.append(admit(choice, ports.catalogue, diagnosis.evidence, ports.graph))
        except NotAdmitted:
            # The rules guessed at a value that nothing shows: the next one may fit.
            continue
    return found


async def _propose_one(action: Action, reason: Reason, ports: RemedyPorts) -> Proposal | Withheld:
    id = reason.source if reason.undoes else proposal_id(reason.source, action)
    kept = await ports.state.proposal(id)
    try:
        proposal = (
            Proposal.model_validate_json(kept.body)
            if kept
            else await _keep(await _offerable(id, action, reason, ports), reason, ports)
        )
    except _NotOffered as why:
        return await _withheld(id, action, reason, why, ports)
    await _approve_automatically(proposal, ports)
    return proposal


async def _approve_automatically(proposal: Proposal, ports: RemedyPorts) -> None:
    """Approve it where the level of autonomy that was agreed on says so; it is asked once for each proposal."""
    people, now = await ports.people(), ports.now()
    rules = ports.approval.rules

    def rule(standing: Standing) -> Ruling:
        found = offer_of(standing.proposal, rules.remedies)
        if found is None or level_of(standing.switches, rules.terms, found, now) != "automatic":
            return Ruling("waits for people", ())
        kept = (outcome_of(one) for one in standing.recent if _same(one, standing.proposal))
        ruling = rule_automatic(rules, [one for one in kept if one], people, now, standing)
        return with_card(ruling, standing, Shown(people))

    await ports.state.rule(proposal.id, "automatic", rule)


def _same(one: Execution, as_: StoredProposal) -> bool:
    return (one.remedy, one.target) == (as_.remedy, as_.target)


async def _offerable(id: str, action: Action, reason: Reason, ports: RemedyPorts) -> Proposal:
    """The proposal, once nothing stands against it now. Raises _NotOffered."""
    remedy = ports.catalogue.remedies[action.remedy]
    if await _is_offered(action, reason, ports):
        raise _NotOffered("offered")
    unmet = first_unmet(await ports.look(safeguards(remedy), action.parameters, reason.language))
    if unmet is not None:
        raise _NotOffered("not told" if unmet.met is None else "not met", because=unmet.because, text=unmet.text)
    try:
        rehearsed = await rehearse(action, ports)
    except RemediationUnavailable as away:
        raise _NotOffered("away", text=str(away)) from away
    if rehearsed and not rehearsed.ok:
        raise _NotOffered("would fail", text=rehearsed.text)
    proposal = await _addressed(_proposal(id, action, remedy, reason, ports), remedy, rehearsed, ports)
    if not proposal.approvers:
        raise _NotOffered("nobody")
    return proposal


async def rehearse(action: Action, ports: RemedyPorts) -> Rehearsal | None:
    """The dry run of an action, without secrets that it says; None where it has none. Raises RemediationUnavailable."""
    if not action.rehearsal:
        return None
    executor = ports.catalogue.executors.get(action.executor)
    if executor is None:
        raise RemediationUnavailable(f"Nothing that is called {action.executor} is set up here.")
    said = await executor.rehearse(action, ports.now())
    return said.model_copy(update={"text": redact(said.text).text})


async def _is_offered(action: Action, reason: Reason, ports: RemedyPorts) -> bool:
    """Whether the same is waiting for an approval already, after an earlier diagnosis of the incident, say."""
    waiting = await ports.state.proposals(incident_id=reason.incident_id, status="pending")
    return any(one.digest == action.digest and one.expires_at > ports.now() for one in waiting)


def _proposal(id: str, action: Action, remedy: Remedy, reason: Reason, ports: RemedyPorts) -> Proposal:
    now, undo = ports.now(), undo_of(remedy, action, ports)
    return Proposal(
        id=id,
        incident_id=reason.incident_id,
        language=reason.language,
        action=action,
        title=titled(remedy, action, reason.language),
        risk=remedy.risk,
        services=reason.services,
        why=reason.says,
        cites=reason.cites,
        undo=titled(ports.catalogue.remedies[undo.remedy], undo, reason.language) if undo else "",
        asker=reason.asker,
        model=reason.model,
        proposed_at=now,
        expires_at=now + timedelta(seconds=remedy.expires_seconds),
        undoes=reason.undoes,
    )


async def _addressed(proposal: Proposal, remedy: Remedy, rehearsed: Rehearsal | None, ports: RemedyPorts) -> Proposal:
    """The proposal with its dry run, and with who may approve it, and how many have to."""
    people, now = await ports.people(), ports.now()
    approvers = ports.approval.entitled(proposal, await ports.state.switches(now), people, now)
    needed = ports.approval.rules.terms.approvals(remedy.risk)
    return proposal.model_copy(update={"rehearsed": rehearsed, "approvers": approvers, "needed": needed})


async def _keep(proposal: Proposal, reason: Reason, ports: RemedyPorts) -> Proposal:
    people, action = await ports.people(), proposal.action
    names = {one.id: one.name for one in people if one.name}
    card = offer(proposal, Stand(names=names, citations=reason.citations, link=reason.link))
    row = StoredProposal(
        id=proposal.id,
        incident_id=proposal.incident_id,
        remedy=action.remedy,
        target=action.target,
        digest=action.digest,
        status="pending",
        proposed_at=proposal.proposed_at,
        expires_at=proposal.expires_at,
        body=proposal.model_dump_json(),
        card=card.model_dump_json(),
    )
    await ports.state.propose(row, [_entry(proposal, reason)])
    kept = await ports.state.proposal(proposal.id)
    return Proposal.model_validate_json(kept.body) if kept else proposal


def _entry(proposal: Proposal, reason: Reason) -> Entry:
    """Who asked, what was read, which model, and exactly what is offered."""
    action, dry = proposal.action, proposal.rehearsed
    detail: dict[str, JsonValue] = {
        "asker": proposal.asker,
        "incident": proposal.incident_id,
        "reason": reason.source,
        "read": list(reason.read),
        "cites": list(proposal.cites),
        "chosen_by": proposal.model or "rules",
        "diagnosed_by": reason.diagnosed_by,
        "remedy": action.remedy,
        "entry": action.entry,
        "target": action.target,
        "parameters": dict(action.parameters),
        "digest": action.digest,
        "risk": proposal.risk,
        "rehearsed": None if dry is None else hashlib.sha256(dry.text.encode()).hexdigest(),
        "expires_at": proposal.expires_at.isoformat(),
        "undoes": proposal.undoes,
    }
    return noted("proposed", proposal.id, proposal.proposed_at, detail)


def titled(remedy: Remedy, action: Action, language: Language) -> str:
    """What a remedy is called with its parameters in it."""
    try:
        return fill_text(worded(remedy.title, language), action.parameters)
    except BadText:
        return worded(remedy.title, language)


async def _withheld(id: str, action: Action, reason: Reason, why: _NotOffered, ports: RemedyPorts) -> Withheld:
    """What is told instead of a proposal; in the audit it stands once."""
    remedy = ports.catalogue.remedies[action.remedy]
    detail: dict[str, JsonValue] = {
        "incident": reason.incident_id,
        "remedy": remedy.id,
        "target": action.target,
        "why": why.why,
        "because": why.because,
        "seen": why.text,
    }
    if not await ports.state.audited(limit=1, subject=id):
        await ports.state.audit([noted("not offered", id, ports.now(), detail)])
    told = WITHHELD[reason.language][why.why].format(because=why.because, text=why.text)
    return Withheld(remedy=remedy.id, title=titled(remedy, action, reason.language), why=told)
