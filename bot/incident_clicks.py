"""What people do at the card of an incident: they judge its cause, and look at what it rests on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.announcing import Announcer
from bot.incident import Incident
from bot.rules.conversations import EVERYWHERE, Conversations, is_outsider
from bot.steps.wording import CLICKED
from bot.tending import UnknownIncident, judge
from connectors.alerts.port import one_line
from connectors.chat.card_port import Card
from connectors.chat.port import ButtonClick, Reply
from connectors.state.incident_port import Judgement, StoredIncident

_LONGEST_CAUSE = 500


def nobody_waits() -> None:
    """Who shows incidents looks by itself, a little later."""


@dataclass(frozen=True)
class IncidentClicks:
    """Whoever is where an incident is shown may judge it. ``changed`` is told of it, for the card to say so at once."""

    announcer: Announcer
    conversations: Conversations = field(default_factory=dict)
    changed: Callable[[], None] = nobody_waits

    async def judge(self, click: ButtonClick) -> Reply:
        """Keep a person's word on the cause; the reply is in the incident's language.

        Where nothing is claimed yet, "wrong" without a word of what it was only asks for one. Raises Outdated.
        """
        stored = await self._meant(click)
        if stored is None or not await self._stands_there(stored, click) or self._outside(click):
            return Reply(text=CLICKED["en"]["unknown"], refused=True)
        language = Incident.model_validate_json(stored.body).language
        right, cause = click.action == "right", one_line(click.text, _LONGEST_CAUSE)
        if not right and not cause and not (await self.announcer.card(stored)).cause:
            return Reply(text=CLICKED[language]["what"])
        word = Judgement(stored.id, click.author, right, "" if right else cause, click.clicked_at)
        try:
            await judge(self.announcer.state, word)
        except UnknownIncident:
            return Reply(text=CLICKED[language]["unknown"], refused=True)
        self.changed()
        return Reply(text=CLICKED[language]["judged right" if right else "judged wrong"])

    async def card(self, incident_id: str, author: str) -> Card | None:
        """The card of an incident that is shown somewhere; None unless this person may see it."""
        stored = await self.announcer.state.incident(incident_id)
        if stored is None or Incident.model_validate_json(stored.body).mode != "live":
            return None
        places = await self.announcer.state.publications(incident_id)
        shown = [one.conversation for one in places if one.message_id and self._welcome(author, one.conversation)]
        return await self.announcer.card(stored, *shown) if shown else None

    async def _meant(self, click: ButtonClick) -> StoredIncident | None:
        """The incident of a card; where the card answered a report of it, the one that the thread belongs to."""
        state = self.announcer.state
        stored = await state.incident(click.question_id)
        return stored or await state.incident(await state.incident_in(click.thread_id))

    async def _stands_there(self, stored: StoredIncident, click: ButtonClick) -> bool:
        """Whether a button can be that of the incident's card: in its thread, or where it is published."""
        places = await self.announcer.state.publications(stored.id)
        if any((one.channel, one.conversation) == (click.channel, click.conversation) for one in places):
            return True
        return await self.announcer.state.incident_in(click.thread_id) == stored.id

    def _outside(self, click: ButtonClick) -> bool:
        return not self._welcome(click.author, click.conversation)

    def _welcome(self, author: str, conversation: str) -> bool:
        rules = self.conversations.get(conversation) or self.conversations.get(EVERYWHERE)
        return not is_outsider(author) or bool(rules and rules.outsiders)
