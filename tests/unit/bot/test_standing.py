"""How thumbs become a document's standing."""

from datetime import UTC, datetime

from bot.standing import Standing
from connectors.chat.card_port import Card, Citation
from connectors.state.memory import MemoryState
from connectors.state.port import Feedback, Received

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


async def answered(state: MemoryState, number: int, *documents: str) -> str:
    question_id, _ = await state.accept(Received(f"e{number}", "web", "t", "ann", "?", "{}", NOON))
    citations = tuple(
        Citation(number=n, document_id=id, chunk_id="c", title="", heading="", quote="", link="")
        for n, id in enumerate(documents, 1)
    )
    card = Card(question_id=question_id, kind="answer", language="en", text="x", citations=citations)
    await state.settle(question_id, card.model_dump_json())
    return question_id


async def test_each_answer_counts_once_for_each_document_it_cites() -> None:
    state = MemoryState()
    first, second = await answered(state, 1, "pool", "pool", "tls"), await answered(state, 2, "pool")
    await state.record_feedback(Feedback(first, "ann", "up", "", NOON))
    await state.record_feedback(Feedback(first, "bob", "up", "", NOON))
    await state.record_feedback(Feedback(second, "ann", "down", "", NOON))

    assert await Standing(state, lambda: 0.0).votes() == {"pool": 1, "tls": 2}


async def test_votes_are_looked_up_again_after_a_minute() -> None:
    state, now = MemoryState(), [0.0]
    standing = Standing(state, lambda: now[0])
    question_id = await answered(state, 1, "pool")
    before = dict(await standing.votes())
    await state.record_feedback(Feedback(question_id, "ann", "up", "", NOON))

    within = dict(await standing.votes())
    now[0] = 61.0

    assert (before, within, await standing.votes()) == ({}, {}, {"pool": 1})
