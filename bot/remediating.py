"""The journey of an approved remedy: look again, claim, carry out, settle, verify, report; each is kept as it happens.

It may be cut off anywhere and begun anew. What was claimed and not settled is never carried out again by itself,
unless the catalogue says that doing it twice is as good as once: it is ``unknown``, and people are told so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog
from pydantic import JsonValue

from bot.guards.cases import Offer, offer_of
from bot.guards.claiming import NotApproved, approved
from bot.guards.redaction import redact
from bot.guards.verdicts import told
from bot.proposing import propose_undo
from bot.remedy import Looked, Outcome, Verification
from bot.remedy_ports import RemedyPorts, Shown, all_met, announce, first_unmet, noted, safeguards, with_card
from bot.rules.remedy_reasons import undo_id
from bot.rules.remedy_words import STALE
from bot.steps.offer import outcome_of
from bot.vocabulary import Language
from connectors.directory.port import DirectoryUnavailable, Person
from connectors.remediation.port import ApprovedAction, RemediationUnavailable, Uncertain
from connectors.state.port import StateUnavailable
from connectors.state.remedy_port import Execution, Ruling, Standing, StoredProposal

log = structlog.get_logger()

PATIENCE = (1.0, 5.0, 15.0)
"""Seconds between attempts to keep what came of it: who has done something must not forget it lightly."""
LEAST_PAUSE = 1.0
_KEPT = 4_000


async def remediate(proposal_id: str, ports: RemedyPorts) -> None:
    """The durable work ``execute`` of an approved proposal, however far it came before: afterwards it has an end."""
    begun = await ports.state.execution(proposal_id)
    if begun is None:
        begun = await _begin(proposal_id, ports)
    elif begun.status == "started":
        begun = await _resume(begun, ports)
    if begun is not None:
        await _verify(begun, ports)
        await report(proposal_id, ports, "outcome")


async def give_up(proposal_id: str, ports: RemedyPorts) -> None:
    """Close visibly what could not be brought to an end: unknown when it was begun, else withdrawn."""
    begun = await ports.state.execution(proposal_id)
    if begun and begun.status == "started":
        await lose(begun, "It was begun too often without coming to an end.", ports)
    now = ports.now()

    def rule(standing: Standing) -> Ruling:
        if standing.proposal.status != "approved" or standing.execution:
            return Ruling("nothing to give up", ())
        ended = replace(standing.proposal, status="withdrawn")
        entries = (noted("given up", proposal_id, now, {}),)
        return with_card(Ruling("given up", entries, proposal=ended), standing, Shown())

    await ports.state.rule(proposal_id, "", rule)
    await report(proposal_id, ports, "outcome")


async def report(proposal_id: str, ports: RemedyPorts, event: str = "") -> None:
    """Bring the card up to what is kept; nothing changes where it says so already.

    With an ``event`` it is announced as that, each time anew; the key of the announcement stays the same.
    """
    people, seen = await ports.people_if_known(), list[Standing]()
    undo = await ports.state.proposal(undo_id(proposal_id))
    shown = Shown(people or (), undo_offered=undo is not None)

    def rule(standing: Standing) -> Ruling:
        seen[:] = [standing]
        return with_card(Ruling("reported", ()), standing, shown) if standing.execution else Ruling("not begun", ())

    ruling = await ports.state.rule(proposal_id, "", rule)
    ports.changed()
    if event and ruling:
        await announce(event, ruling, seen[0], shown, ports)


async def lose(begun: Execution, why: str, ports: RemedyPorts) -> Execution:
    """Settle as unknown what was begun and of which nobody can say what came of it. It is never repeated."""
    votes = await ports.state.votes(begun.proposal_id)
    by = tuple(one.person for one in votes if one.approves)
    now = ports.now()
    outcome = Outcome(status="unknown", text=why, approved_by=by, started_at=begun.started_at, ended_at=now)
    return await _settle(begun, outcome, ports)


async def _begin(proposal_id: str, ports: RemedyPorts) -> Execution | None:
    """Claim it and carry it out; None when it may not be, or somebody else has claimed it."""
    stored = await ports.state.proposal(proposal_id)
    if stored is None or stored.status != "approved":
        log.warning("nothing to carry out", proposal=proposal_id, status=stored.status if stored else "none")
        return None
    offer = offer_of(stored, ports.approval.rules.remedies)
    language = offer.proposal.language if offer else "en"
    people = await ports.people_if_known()
    unmet = await _unmet(offer, ports) if offer else None
    claim = _Claim(stored, ports, people, unmet, language)
    ruling = await ports.state.claim_execution(claim.execution, claim.rule)
    ports.changed()
    if ruling is None or claim.seen is None:
        return None
    if not ruling.work:
        await announce("outcome", ruling, claim.seen, claim.shown(ruling), ports)
        return None
    return await _carry_out(replace(claim.seen, execution=claim.execution), ports)


async def _unmet(offer: Offer, ports: RemedyPorts) -> Looked | None:
    checks = safeguards(offer.remedy)
    return first_unmet(await ports.look(checks, offer.proposal.action.parameters, offer.proposal.language))


@dataclass
class _Claim:
    """The last decision, with the world as it was looked at just before. ``seen`` is what it was made on."""

    stored: StoredProposal
    ports: RemedyPorts
    people: Sequence[Person] | None
    unmet: Looked | None
    language: Language
    seen: Standing | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.now = self.ports.now()
        self.execution = Execution(self.stored.id, self.stored.target, self.stored.remedy, "started", self.now)

    def rule(self, standing: Standing) -> Ruling:
        """What becomes of it: for ``state.claim_execution``."""
        self.seen = standing
        ruling = self.ports.approval.rule_claim(self.people or (), self.now)(standing)
        if ruling.work and self.unmet:
            detail = self.unmet.model_dump(mode="json")
            stale = noted("stale: precondition", self.stored.id, self.now, detail)
            ruling = Ruling(stale.event, (stale,), proposal=replace(standing.proposal, status="withdrawn"))
        return with_card(ruling, standing, self.shown(ruling), self.execution if ruling.work else None)

    def shown(self, ruling: Ruling) -> Shown:
        """What the card says beside: why it is not carried out."""
        return Shown(self.people or (), said="" if ruling.work else self._why(ruling))

    def _why(self, ruling: Ruling) -> str:
        if self.unmet and ruling.verdict == "stale: precondition":
            return STALE[self.language].format(because=self.unmet.because)
        names = {one.id: one.name for one in self.people or ()}
        return told(ruling.entries[0], self.language, names)


async def _resume(begun: Execution, ports: RemedyPorts) -> Execution:
    """What was begun and cut off: once more where that is as good as once, and nothing stands against it; else lost."""
    stored = await ports.state.proposal(begun.proposal_id)
    offer = offer_of(stored, ports.approval.rules.remedies) if stored else None
    if stored is None or offer is None or not offer.remedy.idempotent or await _unmet(offer, ports):
        return await lose(begun, "It was cut off while it was being carried out.", ports)
    people, seen, now = await ports.people_if_known(), list[Standing](), ports.now()

    def rule(standing: Standing) -> Ruling:
        seen[:] = [standing]
        allowed = ports.approval.rule_claim(people or (), now)(standing).work
        entries = (noted("repeated", begun.proposal_id, now, {"digest": stored.digest}),) if allowed else ()
        return Ruling("repeated" if allowed else "not repeated", entries)

    ruling = await ports.state.rule(begun.proposal_id, "", rule)
    if ruling is None or ruling.verdict != "repeated":
        return await lose(begun, "It was cut off while it was being carried out, and may not be repeated.", ports)
    return await _carry_out(seen[0], ports)


async def _carry_out(standing: Standing, ports: RemedyPorts) -> Execution:
    """Do it, and keep what came of it. ``standing`` has the row that it was claimed with."""
    begun = standing.execution
    if begun is None:
        raise NotApproved(f"proposal {standing.proposal.id} is not claimed")
    try:
        action = approved(ports.approval.rules, standing, ports.now())
    except NotApproved as late:
        return await _settle(begun, Outcome(status="stale", text=str(late), ended_at=ports.now()), ports)
    outcome = await _outcome(action, ports)
    return await _settle(begun, outcome.model_copy(update={"started_at": begun.started_at}), ports)


async def _outcome(action: ApprovedAction, ports: RemedyPorts) -> Outcome:
    """What came of it; its end is set once it is known whether all is as it should be."""
    remedy = ports.approval.rules.remedies[action.action.remedy]
    by, executor = action.approved_by, ports.catalogue.executors.get(action.action.executor)
    if executor is None:
        text = f"Nothing that is called {action.action.executor} is set up here to carry it out."
        return Outcome(status="failed", text=text, approved_by=by, ended_at=ports.now())
    try:
        result = await executor.execute(action, ports.now())
    except RemediationUnavailable as away:
        return Outcome(status="failed", text=_shown(str(away)), approved_by=by, ended_at=ports.now())
    except Uncertain as lost:
        return Outcome(status="unknown", text=_shown(str(lost)), approved_by=by, ended_at=ports.now())
    waits = result.status == "done" and remedy.verification is not None
    ended = None if waits else ports.now()
    return Outcome(status=result.status, text=_shown(result.text), approved_by=by, ended_at=ended, link=result.link)


def _shown(said: str) -> str:
    """What a system said, without secrets, as much of it as is kept."""
    return redact(said).text[:_KEPT]


async def _settle(begun: Execution, outcome: Outcome, ports: RemedyPorts) -> Execution:
    """Keep what came of it, with its entry in the audit."""
    now = ports.now()
    settled = replace(begun, status=outcome.status, ended_at=now, outcome=outcome.model_dump_json())
    detail: dict[str, JsonValue] = {
        "remedy": begun.remedy,
        "target": begun.target,
        "by": list(outcome.approved_by),
        "text": outcome.text[:500],
    }
    entries = (noted(f"executed: {outcome.status}", begun.proposal_id, now, detail),)
    for pause in PATIENCE:
        try:
            await ports.state.settle_execution(settled, entries)
        except StateUnavailable as away:
            log.warning("what came of a remedy cannot be kept yet", proposal=begun.proposal_id, reason=str(away))
            await ports.sleep(pause)
        else:
            return settled
    await ports.state.settle_execution(settled, entries)
    return settled


async def _verify(settled: Execution, ports: RemedyPorts) -> None:
    """Look whether all is as it should be, until it is or the time for it is over; offer to take it back if not."""
    stored, outcome = await ports.state.proposal(settled.proposal_id), outcome_of(settled)
    if stored is None or outcome is None:
        return
    offer = offer_of(stored, ports.approval.rules.remedies)
    if outcome.status == "done" and outcome.ended_at is None:
        await report(settled.proposal_id, ports)
        verification = offer.remedy.verification if offer else None
        looked = await _watched(verification, offer, settled, ports) if verification and offer else ()
        outcome = await _verified(settled, outcome, looked, ports)
    if outcome.verified is False and offer:
        try:
            await propose_undo(offer, ports)
        except DirectoryUnavailable as away:
            # Without anybody who may approve it there is no proposal; what came of this one is told all the same.
            log.warning("taking back cannot be offered", proposal=settled.proposal_id, reason=str(away))


async def _watched(
    verification: Verification, offer: Offer, settled: Execution, ports: RemedyPorts
) -> tuple[Looked, ...]:
    """What the checks see in the end; what was done may need some time to show."""
    action, language = offer.proposal.action, offer.proposal.language
    until = (settled.ended_at or ports.now()) + timedelta(seconds=verification.within_seconds)
    while True:
        looked = await ports.look(verification.checks, action.parameters, language)
        left = (until - ports.now()).total_seconds()
        if first_unmet(looked) is None or left <= 0:
            return looked
        await ports.sleep(min(left, max(LEAST_PAUSE, verification.every_seconds)))


async def _verified(settled: Execution, outcome: Outcome, looked: tuple[Looked, ...], ports: RemedyPorts) -> Outcome:
    """Keep what was seen, with its entry in the audit."""
    verified, now = all_met(looked), ports.now()
    known = outcome.model_copy(update={"verified": verified, "looked": looked, "ended_at": now})
    event = {True: "verified", False: "not verified", None: "verification not told"}[verified]
    detail: dict[str, JsonValue] = {"looked": [one.model_dump(mode="json") for one in looked]}
    entries = (noted(event, settled.proposal_id, now, detail),)
    await ports.state.settle_execution(replace(settled, outcome=known.model_dump_json()), entries)
    return known
