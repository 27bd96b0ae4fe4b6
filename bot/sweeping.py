"""What time alone does to proposals: they expire visibly, the next ones are asked, and what is stuck is unknown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from pydantic import JsonValue

from bot.guards.cases import kept_proposal
from bot.remediating import lose, report
from bot.remedy import Proposal
from bot.remedy_ports import RemedyPorts, Shown, announce, noted, with_card
from connectors.directory.port import DirectoryUnavailable, Duty, Person
from connectors.state.port import StateUnavailable
from connectors.state.remedy_port import Ruling, Standing, StoredProposal

log = structlog.get_logger()

LOOK_AGAIN_SECONDS = 5.0
STUCK = timedelta(hours=1)
"""After so long nothing that was begun still runs: every executor gives up long before."""
MOST_WAITING = 500
_ROLES = ("primary", "secondary", "channel")
_TIME = re.compile(r"^\+\d+ min: ")


@dataclass
class Sweeper:
    """Looks every so often. ``escalate_after`` is how long the first, and then each next one, has time to decide."""

    ports: RemedyPorts
    escalate_after: timedelta = timedelta(minutes=10)

    async def run(self) -> None:
        """Look until cancelled; a state that is away is asked again."""
        while True:
            try:
                await self.look()
            except StateUnavailable as away:
                log.warning("proposals cannot be looked through", reason=str(away))
            await self.ports.sleep(LOOK_AGAIN_SECONDS)

    async def look(self) -> None:
        """Close what has expired, ask the next ones where nobody decides, and settle what is stuck.

        Raises StateUnavailable.
        """
        people = await self.ports.people_if_known() or ()
        changed = [await self._expire(one, people) for one in await self.ports.state.expired(self.ports.now())]
        waiting = await self.ports.state.proposals(status="pending", limit=MOST_WAITING)
        changed += [await self._escalate(one, people) for one in waiting]
        if any(changed):
            self.ports.changed()
        await self._unstick()

    async def _expire(self, stored: StoredProposal, people: Sequence[Person]) -> bool:
        now, shown, seen = self.ports.now(), Shown(people), list[Standing]()

        def rule(standing: Standing) -> Ruling:
            seen[:] = [standing]
            one = standing.proposal
            if one.status != "pending":
                return Ruling("not expired", ())
            detail: dict[str, JsonValue] = {"at": one.expires_at.isoformat(), "votes": len(standing.votes)}
            ended = Ruling("expired", (noted("expired", one.id, now, detail),), proposal=replace(one, status="expired"))
            return with_card(ended, standing, shown)

        ruling = await self.ports.state.rule(stored.id, "", rule)
        return await self._announced("expired", ruling, seen, shown)

    async def _escalate(self, stored: StoredProposal, people: Sequence[Person]) -> bool:
        """Ask the next one of the on-call table. It changes who is told, and never who may approve."""
        now, proposal = self.ports.now(), kept_proposal(stored)
        if proposal is None or now < self._due(proposal) or stored.expires_at <= now:
            return False
        chain = await self._chain(proposal)
        place = len(proposal.escalated_to)
        if place >= len(chain):
            return False
        waited = self.escalate_after * (place + 1)
        to = f"{chain[place]} ({waited // timedelta(minutes=1)} min)"
        detail: dict[str, JsonValue] = {"to": chain[place], "nobody_decided_for_seconds": waited.total_seconds()}
        entry, shown, seen = noted("escalated", stored.id, now, detail), Shown(people), list[Standing]()

        def rule(standing: Standing) -> Ruling:
            seen[:] = [standing]
            kept = kept_proposal(standing.proposal)
            if kept is None or standing.proposal.status != "pending" or len(kept.escalated_to) != place:
                return Ruling("not escalated", ())
            further = kept.model_copy(update={"escalated_to": (*kept.escalated_to, to)})
            changed = Ruling("escalated", (entry,), proposal=replace(standing.proposal, body=further.model_dump_json()))
            return with_card(changed, standing, shown)

        ruling = await self.ports.state.rule(stored.id, "", rule)
        return await self._announced("escalated", ruling, seen, shown, f"-{place + 1}")

    async def _announced(
        self, event: str, ruling: Ruling | None, seen: Sequence[Standing], shown: Shown, number: str = ""
    ) -> bool:
        """Whether it came to that; then it is told in the thread."""
        if ruling is None or ruling.verdict != event:
            return False
        await announce(event + number, ruling, seen[0], shown, self.ports)
        return True

    def _due(self, proposal: Proposal) -> datetime:
        return proposal.proposed_at + self.escalate_after * (len(proposal.escalated_to) + 1)

    async def _chain(self, proposal: Proposal) -> Sequence[str]:
        """Who is asked one after the other: who is on call for the team of what is changed, then as its table says."""
        teams = self.ports.approval.rules.teams
        about = (proposal.action.target, *proposal.services)
        team = next((teams[one] for one in about if one in teams), "")
        if not team or self.ports.directory is None:
            return ()
        try:
            duty = await self.ports.directory.on_call(team, self.ports.now())
        except DirectoryUnavailable as away:
            log.warning("who is on call cannot be read", reason=str(away))
            return ()
        return _asked(duty) if duty else ()

    async def _unstick(self) -> None:
        for one in await self.ports.state.unsettled():
            if one.started_at + STUCK <= self.ports.now():
                await lose(one, "Whoever carried it out never came back.", self.ports)
                await report(one.proposal_id, self.ports, "outcome")


def _asked(duty: Duty) -> tuple[str, ...]:
    """Everybody once. Steps of the table that only name its roles, or a channel, name nobody new."""
    steps = (_TIME.sub("", one) for one in duty.escalation)
    steps = (one for one in steps if one.split(" ")[0] not in _ROLES)
    return tuple(dict.fromkeys(one for one in (duty.primary.name, duty.secondary.name, *steps) if one))
