"""A question in the thread of an incident is about that incident: it comes before all that was said there."""

from collections.abc import Awaitable, Callable

from bot.incident import Incident
from bot.rules.announcements import SAID, moment
from bot.vocabulary import Query, Turn
from connectors.state.incident_port import Incidents, StoredIncident

_LONGEST = 1_500
_TURNS = 6


Telling = Callable[[StoredIncident], Awaitable[str]]
"""What is said of an incident, to those who will read the answer."""


async def recollect(query: Query, thread_id: str, incidents: Incidents, telling: Telling) -> Query:
    """The query with the incident that its thread belongs to as the first turn; as it is in any other thread."""
    incident_id = await incidents.incident_in(thread_id)
    stored = await incidents.incident(incident_id) if incident_id else None
    if stored is None:
        return query
    incident = Incident.model_validate_json(stored.body)
    said = await telling(stored) if stored.card else incident.title
    over = ""
    if incident.status == "resolved" and incident.resolved_at:
        over = SAID[incident.language]["over"].format(title=moment(incident.resolved_at)) + "\n\n"
    turn = Turn(asked=incident.title, rewritten=incident.title, answered=(over + said)[:_LONGEST])
    return query.model_copy(update={"history": (turn, *query.history[1 - _TURNS :]), "incident": incident.id})
