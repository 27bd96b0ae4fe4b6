"""Proposals and rulings on them as the contracts of the state keep them."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.state.remedy_port import (
    Entry,
    Execution,
    ExecutionStatus,
    Rule,
    Ruling,
    Standing,
    StoredProposal,
    Switch,
    Vote,
)
from tests.contracts.incidents import after


def proposal(
    id: str = "p1",
    minutes: float = 0,
    *,
    target: str = "shop/checkout",
    remedy: str = "restart",
    incident_id: str = "i1",
) -> StoredProposal:
    at, until = after(minutes), after(minutes + 30)
    return StoredProposal(id, incident_id, remedy, target, f"digest of {id}", "pending", at, until, "{}")


def kept(proposal: StoredProposal) -> StoredProposal:
    return replace(proposal, version=1)


def entry(event: str = "proposed", subject: str = "p1", minutes: float = 0, actor: str = "nightshift") -> Entry:
    return Entry(after(minutes), actor, event, subject, '{"why":"磁盘"}')


def vote(person: str = "ann", event_id: str = "e1", minutes: float = 1, *, approves: bool = True) -> Vote:
    return Vote("p1", person, approves, after(minutes), event_id)


def execution(
    id: str = "p1",
    minutes: float = 5,
    status: ExecutionStatus = "started",
    *,
    target: str = "shop/checkout",
    remedy: str = "restart",
) -> Execution:
    return Execution(id, target, remedy, status, after(minutes), None if status == "started" else after(minutes + 1))


def switch(name: str = "stop", value: str = "on", until: float | None = None) -> Switch:
    return Switch(name, value, "ann", after(0), None if until is None else after(until))


def told(ruling: Ruling) -> Rule:
    """A rule that says the same whatever it is asked on."""
    return lambda standing: ruling


def go(standing: Standing) -> Ruling:
    """Lets an execution begin."""
    return Ruling("go", [entry("begun", standing.proposal.id)], work=True)


def approving(standing: Standing) -> Ruling:
    """Approves at once."""
    approved = replace(standing.proposal, status="approved")
    return Ruling("approved", [entry("approved", approved.id)], proposal=approved, work=True)


def clicked(given: Vote, needed: int = 2) -> Rule:
    """The rule of a click: so many people have to approve, and one can reject."""

    def rule(standing: Standing) -> Ruling:
        verdict = _verdict(given, standing, needed)
        said = entry(verdict, given.proposal_id, actor=given.person)
        if verdict in ("settled", "said before"):
            return Ruling(verdict, [said])
        if verdict == "counted":
            return Ruling(verdict, [said], vote=given)
        ended = replace(standing.proposal, status=verdict)  # type: ignore[arg-type]  # approved or rejected
        return Ruling(verdict, [said], vote=given, proposal=ended, work=verdict == "approved")

    return rule


def _verdict(given: Vote, standing: Standing, needed: int) -> str:
    if standing.proposal.status != "pending":
        return "settled"
    if not given.approves:
        return "rejected"
    people = {one.person for one in standing.votes if one.approves}
    if given.person in people:
        return "said before"
    return "approved" if len(people) + 1 >= needed else "counted"


def events(chain: Sequence[Entry]) -> list[str]:
    return [one.event for one in chain]
