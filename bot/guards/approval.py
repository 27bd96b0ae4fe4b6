"""Who may have a remedy carried out, and until when: the one decision for Slack, Feishu, the web and the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from bot.guards.autonomy import rule_automatic
from bot.guards.cases import NIGHTSHIFT, Case, Offer, Rules, actor_of, kept_proposal, offer_of, person_of
from bot.guards.claiming import rule_claim, said_of
from bot.guards.policies import Circumstances, Decision, Deed, Everything
from bot.guards.verdicts import Detail, Verdict, entry
from bot.remedy import Autonomy, Outcome, Proposal
from bot.rules.conversations import is_outsider
from connectors.directory.port import Person
from connectors.state.remedy_port import Rule, Ruling, Standing, Switch, Vote

Asked: TypeAlias = Literal["approve", "reject", "rehearse", "probe", "stop", "go"]
EVERYTHING = "remedies"
"""What a stop, or its end, is about in the audit."""

# How many of those who are entitled a refusal names, and how much of an error the audit keeps.
_NAMED, _ERROR = 8, 300
_Refusal: TypeAlias = tuple[Verdict, Detail]


@dataclass(frozen=True)
class Click:
    """What somebody asks for, by a button, on the page or at the terminal.

    ``proposal_id`` and ``digest`` come out of a button's token, or from the page that showed the proposal; both are
    empty for a stop of everything. ``author`` is the person's id, or an account such as ``slack:U024BE7LH``, as the
    platform vouches for it. ``step_up``: they have just shown their second factor for this proposal.
    """

    action: Asked
    event_id: str
    channel: str
    author: str
    clicked_at: datetime
    proposal_id: str = ""
    digest: str = ""
    workspace_known: bool = True
    step_up: bool = False


@dataclass(frozen=True)
class Approval:
    """Decides on clicks, and once more when an approved remedy is claimed. ``people`` are always those of now."""

    rules: Rules

    def rule_click(self, click: Click, people: Sequence[Person], now: datetime) -> Rule:
        """What becomes of a click on a proposal, for ``state.rule``."""

        def rule(standing: Standing) -> Ruling:
            if click.action in ("stop", "go"):
                return self.rule_switch(click, people, now)
            return _Clicked(self.rules, click, people, now, standing).ruling()

        return rule

    def rule_claim(self, people: Sequence[Person], now: datetime) -> Rule:
        """Whether what was approved may still be carried out, for ``state.claim_execution``."""
        return lambda standing: rule_claim(self.rules, people, now, standing)

    def rule_automatic(self, outcomes: Sequence[Outcome], people: Sequence[Person], now: datetime) -> Rule:
        """Whether a new proposal needs nobody's approval, for ``state.rule``.

        ``outcomes`` are those in the audit of this remedy at the same target.
        """
        return lambda standing: rule_automatic(self.rules, outcomes, people, now, standing)

    def rule_switch(self, click: Click, people: Sequence[Person], now: datetime) -> Ruling:
        """Whether somebody may stop all remedies, or let them run again; ``allowed: …`` is to be put into effect.

        Its entries are for whoever does so, and for the audit where it is refused.
        """
        person = person_of(click.author, people)
        verdict: Verdict = "allowed: go" if click.action == "go" else "allowed: stop"
        detail: Detail = {}
        if is_foreign(click):
            verdict = "refused: foreign workspace"
        elif person is None:
            verdict = "refused: unknown person"
        else:
            operators = self.rules.terms.operators
            deed: Literal["stop", "go"] = "go" if click.action == "go" else "stop"
            said = self.rules.policies.decide(actor_of(person), deed, Everything(operators), Circumstances())
            verdict = verdict if said.allowed else "refused: policy"
            detail = {} if said.allowed else denied(said, operators)
        return ruled(verdict, click, person.id if person else click.author, now, detail)

    def entitled(
        self, proposal: Proposal, switches: Mapping[str, Switch], people: Sequence[Person], now: datetime
    ) -> tuple[str, ...]:
        """The ids of all who may approve a proposal, in the order of the directory; none: nobody ever can."""
        case = self._case(proposal, switches, people, now)
        return tuple(one.id for one in people if case.entitled(one)) if case else ()

    def level(self, proposal: Proposal, switches: Mapping[str, Switch], now: datetime) -> Autonomy:
        """The level of autonomy that holds for a proposal."""
        case = self._case(proposal, switches, (), now)
        return case.level if case else "propose"

    def needed(self, proposal: Proposal, switches: Mapping[str, Switch], now: datetime) -> int:
        """How many people have to approve a proposal."""
        case = self._case(proposal, switches, (), now)
        return case.needed if case else proposal.needed

    def _case(
        self, proposal: Proposal, switches: Mapping[str, Switch], people: Sequence[Person], now: datetime
    ) -> Case | None:
        remedy = self.rules.remedies.get(proposal.action.remedy)
        return Case(self.rules, people, Offer(proposal, remedy), now, switches=switches) if remedy else None


def refused(verdict: Verdict, click: Click, now: datetime) -> Ruling:
    """The ruling on a click that belongs to no proposal: its token is forged, or there is no such proposal."""
    return ruled(verdict, click, click.author, now, {})


@dataclass(frozen=True)
class _Clicked:
    """One click on one proposal. The checks stand in the order in which people are told what is wrong."""

    rules: Rules
    click: Click
    people: Sequence[Person]
    now: datetime
    standing: Standing

    def ruling(self) -> Ruling:
        """What becomes of it."""
        person = person_of(self.click.author, self.people)
        early = self._changed() or self._over() or self._foreign() or self._unknown(person)
        if early or person is None:
            return self._refuse(person, early or ("refused: unknown person", {}))
        offer = offer_of(self.standing.proposal, self.rules.remedies)
        if offer is None:
            return self._refuse(person, ("refused: changed", {"why": "the catalogue's entry is another one now"}))
        case = Case(self.rules, self.people, offer, self.now, self.standing.votes, self.standing.switches)
        late = self._not_entitled(case, person) or self._not_now(case, person) or self._voted(case, person)
        return self._refuse(person, late) if late else self._accept(case, person)

    def _changed(self) -> _Refusal | None:
        stored = self.standing.proposal
        if self.click.digest != stored.digest or kept_proposal(stored) is None:
            return "refused: changed", {"why": "the digest is another one", "shown": self.click.digest[:64]}
        return None

    def _over(self) -> _Refusal | None:
        """A proposal is over once it is decided on, or at the very moment at which it expires."""
        stored = self.standing.proposal
        if self.click.action == "probe":
            begun = self.standing.execution
            return None if begun and begun.status in ("started", "unknown") else ("refused: nothing to probe", {})
        if stored.status == "expired" or (stored.status == "pending" and stored.expires_at <= self.now):
            return "refused: expired", {"at": stored.expires_at.isoformat()}
        if stored.status == "pending":
            return None
        said = [one for one in self.standing.votes if one.approves == (stored.status != "rejected")]
        at = max((one.given_at for one in said), default=stored.proposed_at)
        return "refused: already decided", {
            "status": stored.status,
            "by": [one.person for one in said] or [NIGHTSHIFT],
            "at": at.isoformat(),
        }

    def _foreign(self) -> _Refusal | None:
        return ("refused: foreign workspace", {}) if is_foreign(self.click) else None

    def _unknown(self, person: Person | None) -> _Refusal | None:
        return None if person else ("refused: unknown person", {})

    def _not_entitled(self, case: Case, person: Person) -> _Refusal | None:
        """Whether somebody is not entitled at all, whatever else holds at the moment."""
        said = case.decide(actor_of(person), _deed(self.click))
        if said.allowed:
            return None
        if "own-request" in said.policies:
            return "refused: own request", denied(said, case.offer.proposal.approvers)
        before = {*case.offer.proposal.approvers, *(one.person for one in self.standing.votes)}
        verdict: Verdict = "refused: no longer entitled" if person.id in before else "refused: policy"
        return verdict, denied(said, case.offer.proposal.approvers)

    def _not_now(self, case: Case, person: Person) -> _Refusal | None:
        """What stands in the way at the moment; rejecting and probing are never in its way."""
        if self.click.action in ("reject", "probe"):
            return None
        return self._held_up(case) or self._denied_now(case, person)

    def _held_up(self, case: Case) -> _Refusal | None:
        approves, risk = self.click.action == "approve", case.offer.remedy.risk
        if case.stopped:
            return "refused: stopped", {"by": case.stopped.set_by, "at": case.stopped.set_at.isoformat()}
        if approves and case.frozen:
            return "refused: frozen", said_of(case.frozen)
        if approves and risk in self.rules.terms.step_up and not self.click.step_up:
            return "refused: step-up", {"risk": risk}
        return None

    def _denied_now(self, case: Case, person: Person) -> _Refusal | None:
        """A team's own policies may look at the moment too; by its name one of them may ask for a second factor."""
        at = Circumstances(bool(case.stopped), bool(case.frozen), self.click.step_up)
        said = case.decide(actor_of(person), _deed(self.click), at)
        if said.allowed:
            return None
        second = any(one.startswith("step-up") for one in said.policies)
        verdict: Verdict = "refused: step-up" if second else "refused: policy"
        return verdict, {**denied(said, case.offer.proposal.approvers), "risk": case.offer.remedy.risk}

    def _voted(self, case: Case, person: Person) -> _Refusal | None:
        if self.click.action != "approve" or not any(one.person == person.id for one in case.approvals()):
            return None
        return "refused: already voted", {"have": len(case.approvals()), "needed": case.needed}

    def _accept(self, case: Case, person: Person) -> Ruling:
        if self.click.action not in ("approve", "reject"):
            verdict: Verdict = "allowed: probe" if self.click.action == "probe" else "allowed: rehearse"
            return ruled(verdict, self.click, person.id, self.now, self._about(case))
        approves, stored = self.click.action == "approve", self.standing.proposal
        vote = Vote(stored.id, person.id, approves, self.now, self.click.event_id)
        if not approves:
            ruling = ruled("rejected", self.click, person.id, self.now, self._about(case))
            return replace(ruling, vote=vote, proposal=replace(stored, status="rejected"))
        counted = case.approvals_with(vote)
        enough = len(counted) >= case.needed
        count: Detail = {"have": len(counted), "needed": case.needed, "by": [one.person for one in counted]}
        verdict = "approved" if enough else "vote recorded"
        ruling = ruled(verdict, self.click, person.id, self.now, {**self._about(case), **count})
        decided = replace(stored, status="approved") if enough else None
        return replace(ruling, vote=vote, proposal=decided, work=enough)

    def _about(self, case: Case) -> Detail:
        return {
            "digest": self.standing.proposal.digest,
            "remedy": case.offer.remedy.id,
            "target": self.standing.proposal.target,
            "risk": case.offer.remedy.risk,
            "step_up": self.click.step_up,
        }

    def _refuse(self, person: Person | None, refusal: _Refusal) -> Ruling:
        verdict, detail = refusal
        return ruled(verdict, self.click, person.id if person else self.click.author, self.now, detail)


def is_foreign(click: Click) -> bool:
    """Whether somebody clicks from another organisation's workspace."""
    return not click.workspace_known or is_outsider(click.author)


def denied(said: Decision, entitled: Sequence[str]) -> Detail:
    """What a denial says: by which policies, and who could do it."""
    return {
        "policy": list(said.policies) or ["none"],
        "who": list(entitled[:_NAMED]),
        "errors": [one[:_ERROR] for one in said.errors],
    }


def ruled(verdict: Verdict, click: Click, actor: str, now: datetime, detail: Detail) -> Ruling:
    """A ruling that changes nothing but the audit."""
    said = {"action": click.action, "channel": click.channel, "account": click.author, **detail}
    return Ruling(verdict, (entry(verdict, actor, click.proposal_id or EVERYTHING, now, said),))


def _deed(click: Click) -> Deed:
    return click.action
