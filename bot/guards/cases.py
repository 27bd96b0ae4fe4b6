"""What a decision on a proposal rests on: the action as it is kept, the catalogue, who people are, and their votes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pydantic import ValidationError

from bot.guards.policies import Actor, Circumstances, Decision, Deed, Matter, Policies
from bot.guards.terms import NEEDED, Terms
from bot.remedy import Autonomy, Proposal, Remedy
from connectors.directory.port import Person
from connectors.state.remedy_port import StoredProposal, Switch, Vote

NIGHTSHIFT = "nightshift"
"""Who acts where no person does; nobody of the directory is called so."""

STOP, FREEZE, AUTONOMY = "stop", "freeze", "autonomy:"
"""Names of switches; behind the last stands the remedy, or ``remedy/service``, and its value is the level."""

STRICTEST: tuple[Autonomy, ...] = ("several", "propose", "one", "automatic")
"""Levels of autonomy, the one that leaves most to people first.

``several``: two people approve at least. ``propose``: as many as the settings ask for at its risk. ``one``: as many as
its risk asks for at least, which is one up to medium. ``automatic``: nobody needs to, within its bounds.
"""

SEVERAL = 2


@dataclass(frozen=True)
class Rules:
    """All that holds for everybody. ``remedies`` is the catalogue by id; ``teams`` are those of services, by name."""

    policies: Policies
    terms: Terms
    remedies: Mapping[str, Remedy]
    teams: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """A proposal that is what it was, made of an entry that the catalogue still holds."""

    proposal: Proposal
    remedy: Remedy

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it is about, its target first."""
        return tuple(dict.fromkeys((self.proposal.action.target, *self.proposal.services)))


def kept_proposal(stored: StoredProposal) -> Proposal | None:
    """The proposal as it was made; None when anything of it is not what its row, and its digest, say."""
    try:
        proposal = Proposal.model_validate_json(stored.body)
    except ValidationError:
        return None
    action = proposal.action
    kept = (stored.id, stored.digest, stored.remedy, stored.target, stored.incident_id)
    own = (proposal.id, action.digest, action.remedy, action.target, proposal.incident_id)
    return proposal if own == kept else None


def offer_of(stored: StoredProposal, remedies: Mapping[str, Remedy]) -> Offer | None:
    """What is offered; None when it is not what it was, or the catalogue's entry is not the one it was made of."""
    proposal = kept_proposal(stored)
    remedy = remedies.get(stored.remedy)
    if proposal is None or remedy is None:
        return None
    same = (remedy.digest, remedy.risk) == (proposal.action.entry, proposal.risk)
    return Offer(proposal, remedy) if same else None


def person_of(author: str, people: Sequence[Person]) -> Person | None:
    """Whose id or account this is; None when it is nobody's, or that of two."""
    named = author.casefold()
    found = [one for one in people if named in map(str.casefold, (one.id, *one.accounts))]
    return found[0] if len(found) == 1 and found[0].id.casefold() != NIGHTSHIFT else None


def actor_of(person: Person, *, foreign: bool = False) -> Actor:
    """A person as policies see them; their team is one of their groups."""
    groups = tuple(dict.fromkeys(one for one in (*person.groups, person.team) if one))
    platforms = tuple(dict.fromkeys(one.partition(":")[0] for one in person.accounts))
    return Actor(person.id, groups, platforms, foreign)


def level_of(switches: Mapping[str, Switch], terms: Terms, offer: Offer, now: datetime) -> Autonomy:
    """The level of autonomy: the strictest of all services that it is about."""
    levels = (level_named(switches, terms, offer.remedy.id, one, now) for one in offer.services)
    return min(levels, key=STRICTEST.index)


def level_named(switches: Mapping[str, Switch], terms: Terms, remedy: str, service: str, now: datetime) -> Autonomy:
    """The level of a remedy for a service; without a service that which holds where a service has none of its own.

    A service's own level wins over that of the remedy, and what was agreed on since the start over the settings.
    """
    for name in (f"{remedy}/{service}", remedy):
        switch = switches.get(AUTONOMY + name)
        if switch and switch.holds(now):
            # What nobody understands leaves it to people.
            return next((one for one in STRICTEST if one == switch.value), "propose")
        if name in terms.autonomy:
            return terms.autonomy[name]
    return "propose"


@dataclass(frozen=True)
class Case:
    """One offer at one moment, with everybody's rights as the directory knows them now."""

    rules: Rules
    people: Sequence[Person]
    offer: Offer
    now: datetime
    votes: Sequence[Vote] = ()
    switches: Mapping[str, Switch] = field(default_factory=dict)

    @property
    def needed(self) -> int:
        """How many people have to approve: the most of what risk, proposal and level ask for, and the settings too.

        Only where a level says so do the settings ask for no more than the risk.
        """
        risk, level = self.offer.remedy.risk, self.level
        asked = NEEDED[risk] if level in ("one", "automatic") else self.rules.terms.approvals(risk)
        return max(asked, self.offer.proposal.needed, SEVERAL if level == "several" else 1)

    @cached_property
    def level(self) -> Autonomy:
        """The level of autonomy that holds for it."""
        return level_of(self.switches, self.rules.terms, self.offer, self.now)

    @property
    def stopped(self) -> Switch | None:
        """The stop switch, when it holds."""
        return self._held(STOP)

    @property
    def frozen(self) -> tuple[str, datetime | None] | None:
        """The freeze that holds for it now, by name, and until when; None for the time: until somebody lifts it."""
        switch = self._held(FREEZE)
        if switch:
            return (switch.value or FREEZE, switch.until)
        found = self.rules.terms.frozen(self.offer.services, self.offer.proposal.action.environment, self.now)
        return (found[0].name, found[1]) if found else None

    def decide(self, actor: Actor, deed: Deed, at: Circumstances | None = None) -> Decision:
        """What the policies say; without circumstances whether somebody is entitled at all."""
        return self.rules.policies.decide(actor, deed, self.matter, at or Circumstances(step_up=True))

    def approvals(self) -> tuple[Vote, ...]:
        """The approvals that count: one of each person, who is still known and still entitled."""
        return tuple(self._counting({}))

    def approvals_with(self, vote: Vote) -> tuple[Vote, ...]:
        """The approvals that count once this one is given."""
        return tuple(self._counting({vote.person: vote}))

    def _counting(self, new: Mapping[str, Vote]) -> Iterator[Vote]:
        latest = {vote.person: vote for vote in sorted(self.votes, key=lambda one: one.given_at)}
        for vote in {**latest, **new}.values():
            person = next((one for one in self.people if one.id == vote.person), None)
            if vote.approves and person and self.entitled(person):
                yield vote

    def entitled(self, person: Person) -> bool:
        """Whether somebody may approve it, were nothing stopped or frozen."""
        return person.id.casefold() != NIGHTSHIFT and self.decide(actor_of(person), "approve").allowed

    @cached_property
    def matter(self) -> Matter:
        """It, as policies see it."""
        proposal, remedy, terms = self.offer.proposal, self.offer.remedy, self.rules.terms
        asker = person_of(proposal.asker, self.people)
        return Matter(
            id=proposal.id,
            remedy=remedy.id,
            risk=remedy.risk,
            target=proposal.action.target,
            services=self.offer.services,
            environment=proposal.action.environment,
            owners=remedy.owners,
            teams=self._teams(),
            entrusted=terms.groups.get(remedy.risk, ()),
            asker=asker.id if asker else proposal.asker,
            autonomy=self.level,
        )

    def _teams(self) -> tuple[str, ...]:
        """The team of what is changed; only where its target is no known service, those of the services named."""
        known = self.rules.teams
        target = known.get(self.offer.proposal.action.target)
        teams = (target,) if target else tuple(known.get(one, "") for one in self.offer.services)
        return tuple(dict.fromkeys(one for one in teams if one))

    def _held(self, name: str) -> Switch | None:
        switch = self.switches.get(name)
        return switch if switch and switch.holds(self.now) else None
