"""Incidents are shown in chat: a quiet marker first, then one card that is kept up to date."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bot.announcing import Announcer
from bot.incident import Incident
from bot.steps.announce import looking
from connectors.chat.card_port import Card
from connectors.chat.port import Chat, ChatUnavailable, Recipient, Undeliverable
from connectors.state.incident_port import Change, Moment, Publication, StoredIncident
from connectors.state.port import State, StateUnavailable

log = structlog.get_logger()

SECONDS = 3.0
"""How often there is a look, besides whenever somebody wakes it."""
LEAST_SECONDS = 5.0
"""How long a card stays before it is revised again."""
LONGEST_WAIT = 600.0
"""The waits between attempts double up to this."""
LEASE_SECONDS, _ATTEMPT_SECONDS = 60.0, 40.0
"""One process publishes at a time; no attempt lasts longer than it may be sure of that."""
_ROLE = "publishing"
_MOST_MARKED, _MOST_KNOWN, _MOST_BEHIND = 100, 5_000, 100
_MOST_DOUBLINGS = 10


@dataclass
class _Place:
    """What this process knows of one message: what it shows, since when, and when to try again after failures."""

    card: Card | None = None
    at: float = float("-inf")
    failures: int = 0
    not_before: float = float("-inf")


@dataclass
class Publishing:
    """Brings what is shown of incidents up to date; every attempt may be repeated. ``clock`` counts seconds."""

    state: State
    chats: Mapping[str, Chat]
    announcer: Announcer
    clock: Callable[[], float]
    now: Callable[[], datetime]
    _places: dict[tuple[str, str, str], _Place] = field(default_factory=dict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something has changed: look at once."""
        self._woken.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.sweep()
            except StateUnavailable as down:
                log.warning("publishing put off", reason=str(down))

    async def sweep(self) -> None:
        """One look: markers where a diagnosis has begun, then cards that are out of date."""
        if not await self._leads():
            return
        await self._all([self._mark(place, one) for place, one in await self._unmarked()])
        by_chat: defaultdict[str, list[Publication]] = defaultdict(list)
        # Those that wait for their next attempt must not hide the ones behind them.
        put_off = sum(not self._due(one) for one in self._places.values())
        behind = await self.state.unpublished(_MOST_BEHIND + put_off)
        for place in (*behind, *await self._left_marked()):
            if self._due(self._of(place)):
                by_chat[place.channel].append(place)
        # A platform that is slow holds up nobody but itself.
        await self._all([self._in_order(places) for places in by_chat.values()])

    async def _all(self, work: Sequence[Coroutine[None, None, None]]) -> None:
        done = await asyncio.gather(*work, return_exceptions=True)
        for failed in done:
            if failed is not None:
                raise failed

    async def _leads(self) -> bool:
        return await self.state.lead(_ROLE, LEASE_SECONDS)

    async def _in_order(self, places: Sequence[Publication]) -> None:
        for place in places:
            if not await self._leads():
                return
            await self._attempt(place, self._show)

    async def _unmarked(self) -> list[tuple[Publication, Incident]]:
        """Where nothing is shown yet of an incident that is being diagnosed and has no card."""
        begun = [one for one, _ in await self._cardless("open") if await self.state.diagnoses(one.id)]
        return [(p, one) for one in begun for p in await self.state.publications(one.id) if not p.message_id]

    async def _left_marked(self) -> list[Publication]:
        """Markers of incidents that have come to an end, or into another one, before there was a card."""
        found = [*await self._cardless("resolved"), *await self._cardless("merged")]
        shown = [(p, version) for one, version in found for p in await self.state.publications(one.id)]
        return [place for place, version in shown if place.message_id and place.version < version]

    async def _cardless(self, status: str) -> list[tuple[Incident, int]]:
        found = [one for one in await self.state.incidents(status=status, limit=_MOST_MARKED) if one.card is None]
        parsed = [(Incident.model_validate_json(one.body), one.version) for one in found]
        return [(one, version) for one, version in parsed if one.mode == "live"]

    async def _mark(self, place: Publication, incident: Incident) -> None:
        await self._attempt(place, lambda chat, place: self._begin(chat, place, incident))

    async def _begin(self, chat: Chat, place: Publication, incident: Incident) -> None:
        to = chat.opening(place.conversation)
        begun = await chat.begin(to, incident.id, looking(incident))
        if begun:
            thread = chat.thread_of(to, begun)
            await self.state.record_publication(replace(place, message_id=begun, thread_id=thread))

    async def _show(self, chat: Chat, place: Publication) -> None:
        stored = await self.state.incident(place.incident_id)
        if stored is None or Incident.model_validate_json(stored.body).mode != "live":
            return
        card, known = await self.announcer.card(stored, place.conversation), self._of(place)
        shown = replace(place, version=stored.version)
        if not place.message_id or known.card != card:
            shown = await self._delivered(chat, shown, stored, card)
            known.card, known.at = card, self.clock()
        await self.state.record_publication(shown)
        if not place.rung:
            said = f"{place.channel}: {place.conversation}"
            posted = Moment(stored.id, self.now(), "posted", said, shown.message_id)
            await self.state.change(Change(moments=[posted]))

    async def _delivered(self, chat: Chat, place: Publication, stored: StoredIncident, card: Card) -> Publication:
        files = await self.announcer.files(card)
        if place.message_id and place.rung:
            to = Recipient(thread_id=place.thread_id, author="")
            receipt = await chat.revise(to, card, files, place.message_id)
        else:
            to = chat.opening(place.conversation)
            # Again for the same incident it is the same message, should it have been begun unnoticed.
            begun = place.message_id or await chat.begin(
                to, stored.id, looking(Incident.model_validate_json(stored.body))
            )
            receipt = await chat.post(to, card, files, begun)
        thread = place.thread_id or chat.thread_of(to, receipt.message_id)
        return replace(place, message_id=receipt.message_id, thread_id=thread, rung=receipt.rung)

    async def _attempt(
        self, place: Publication, work: Callable[[Chat, Publication], Coroutine[None, None, None]]
    ) -> None:
        """Try unless it is too soon; what fails is tried again later, and costs the others nothing."""
        known = self._of(place)
        if not self._due(known):
            return
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                await work(self._chat(place), place)
        except (ChatUnavailable, Undeliverable, TimeoutError, ValueError) as failed:
            known.failures = min(known.failures + 1, _MOST_DOUBLINGS)
            wait = min(SECONDS * 2**known.failures, LONGEST_WAIT)
            known.not_before = self.clock() + wait
            reason = str(failed) or type(failed).__name__
            log.warning("incident not shown", incident=place.incident_id, channel=place.channel, reason=reason)
        else:
            known.failures = 0

    def _chat(self, place: Publication) -> Chat:
        if chat := self.chats.get(place.channel):
            return chat
        raise ChatUnavailable(f"{place.channel} is none of the platforms that are set up")

    def _due(self, known: _Place) -> bool:
        now = self.clock()
        return now >= known.not_before and now - known.at >= LEAST_SECONDS

    def _of(self, place: Publication) -> _Place:
        while len(self._places) > _MOST_KNOWN:
            # Of what is forgotten a card is revised once more than it need be.
            self._places.pop(next(iter(self._places)))
        return self._places.setdefault((place.incident_id, place.channel, place.conversation), _Place())
