"""In the thread of an incident every question knows the incident."""

from bot.steps.announce import Told, announce
from bot.steps.recollect import recollect
from bot.vocabulary import Query, Turn
from connectors.chat.card_port import Card
from connectors.state.incident_port import Change, StoredIncident
from connectors.state.memory import MemoryState
from tests.unit.bot.steps.cases import NOW, diagnosis, incident

EARLIER = tuple(Turn(asked=f"q{n}", rewritten=f"q{n}", answered="") for n in range(6))
QUERY = Query(question_id="q", text="and now?", language="en", asked_at=NOW, author="slack:U1", history=EARLIER)


async def known(**more: object) -> MemoryState:
    state, one = MemoryState(), incident(**more)
    card = announce(one, diagnosis(), Told()).model_dump_json()
    row = StoredIncident(one.id, one.status, NOW, NOW, one.model_dump_json(), card)
    await state.change(Change(incidents=[row], threads={"t1": one.id}))
    return state


async def as_kept(stored: StoredIncident) -> str:
    return Card.model_validate_json(stored.card or "").text


async def test_the_incident_is_the_first_turn() -> None:
    query = await recollect(QUERY, "t1", await known(), as_kept)

    assert query.incident == "INC-12"
    assert query.history[0].asked == "CheckoutErrors on checkout"
    assert "Most likely cause" in query.history[0].answered
    assert query.history[1:] == EARLIER[1:]


async def test_that_it_is_over_comes_first() -> None:
    query = await recollect(QUERY, "t1", await known(status="resolved", resolved_at=NOW), as_kept)

    assert query.history[0].answered.startswith("Over: 2026-11-20 14:10")


async def test_any_other_thread_is_as_it_was() -> None:
    assert await recollect(QUERY, "t2", await known(), as_kept) == QUERY
