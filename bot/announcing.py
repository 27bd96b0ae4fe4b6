"""The card of an incident as things are now: made anew out of what is kept, whoever has changed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from bot.incident import Diagnosis, Incident
from bot.membership import NO_DIRECTORY, Membership
from bot.rules.conversations import ANYWHERE, EVERYWHERE, Conversations
from bot.rules.incident_readers import narrowed, within
from bot.steps.announce import Told, Word, announce
from bot.vocabulary import Language
from connectors.chat.card_port import Card, Exhibits
from connectors.directory.port import DirectoryUnavailable
from connectors.state.incident_port import StoredDiagnosis, StoredIncident
from connectors.state.port import State


@dataclass(frozen=True)
class Announcer:
    """Makes cards. ``page`` is the address of the web page; empty: cards lead nowhere."""

    state: State
    membership: Membership = NO_DIRECTORY
    page: str = ""
    conversations: Conversations = field(default_factory=dict)

    async def card(self, stored: StoredIncident, *places: str) -> Card:
        """What is to be shown of an incident now, where all may read it who are in these conversations.

        Without a diagnosis that has ended, it is the card that is kept as long as the incident is open.
        """
        incident = Incident.model_validate_json(stored.body)
        kept = Card.model_validate_json(stored.card) if stored.card else None
        run = await self.latest(stored.id)
        if run is None and kept and incident.status == "open":
            return kept
        told = Told(
            link=self.link(stored.id),
            words=await self._words(stored.id),
        )
        found = Diagnosis.model_validate_json(run.body) if run else None
        for place in places:
            found = self._fit_for(found, place, incident.language) if found else None
        return announce(incident, found, told)

    def _fit_for(self, found: Diagnosis, place: str, language: Language) -> Diagnosis:
        """The diagnosis without what those in a conversation may not read: it may have been made for others."""
        rules = self.conversations.get(place) or self.conversations.get(EVERYWHERE) or ANYWHERE
        pages, live = set(found.trouble.groups) <= set(rules.readers), within(found.trouble.scope, rules.scope)
        paged = {one.id for one in found.evidence if one.document_id and not pages}
        asked = {one.id for one in found.evidence if one.kind in ("tool", "data") and not live}
        fit = narrowed(found, paged | asked, language)
        return fit if live else fit.model_copy(update={"exhibits": Exhibits()})

    async def latest(self, incident_id: str) -> StoredDiagnosis | None:
        """The diagnosis that ended last."""
        return next((one for one in await self.state.diagnoses(incident_id) if one.body), None)

    def link(self, incident_id: str) -> str:
        """Where an incident's page is; empty without a page."""
        return f"{self.page.rstrip('/')}/incidents/{quote(incident_id, safe='')}" if self.page else ""

    async def files(self, card: Card) -> Mapping[str, bytes]:
        """The pictures of the charts of an incident's card, by their digests."""
        found = [await self.state.attachment(owner_of(card.question_id), chart.file) for chart in card.charts]
        return {one.digest: one.content for one in found if one}

    async def _words(self, incident_id: str) -> tuple[Word, ...]:
        said = await self.state.judgements(incident_id)
        return tuple([Word(await self.name(one.author), one.right, one.cause) for one in said])

    async def name(self, author: str) -> str:
        """What a person is called, as far as anybody knows."""
        try:
            return await self.membership.name(author)
        except DirectoryUnavailable:
            return author.rpartition(":")[2]


def owner_of(incident_id: str) -> str:
    """Whose the pictures of an incident's card are: no person's, for whoever may see the incident sees them."""
    return f"incident/{incident_id}"
