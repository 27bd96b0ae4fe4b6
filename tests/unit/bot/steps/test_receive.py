"""From a stored message to a query."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NothingAsked, TooLong
from bot.steps.receive import receive
from bot.vocabulary import Picture
from connectors.chat.card_port import Card
from connectors.chat.port import Attachment, IncomingMessage
from connectors.state.port import Question

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def stored(text: str, minutes: int = 0, card: Card | None = None, **more: object) -> Question:
    message = IncomingMessage(
        event_id=f"e{minutes}", channel="web", thread_id="t", author="ann", text=text, sent_at=NOON, **more
    )
    at = NOON + timedelta(minutes=minutes)
    body, kept = message.model_dump_json(), card.model_dump_json() if card else None
    return Question(f"q{minutes}", "t", "web", "ann", text, body, at, kept)


def test_the_thread_before_the_message_is_its_history() -> None:
    card = Card(question_id="q0", kind="answer", language="en", text="40.", rewritten_query="payments pool size")
    before, now, after = stored("pool size?", 0, card), stored("and in staging?", 1), stored("later", 2)

    query = receive(now, [before, now, after])

    assert [(turn.rewritten, turn.answered) for turn in query.history] == [("payments pool size", "40.")]


def test_an_unanswered_question_before_it_is_history_too() -> None:
    query = receive(stored("and in staging?", 1), [stored("pool size?", 0)])

    assert query.history[0].rewritten == "pool size?"


@pytest.mark.parametrize(("text", "error"), [("  \n ", NothingAsked), ("x" * 9000, TooLong)])
def test_what_cannot_be_answered_says_what_to_do(text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"Type|Send"):
        receive(stored(text), [])


SHOT = Attachment(name="shot.png", digest="5d")


def test_pictures_come_along_read_or_not() -> None:
    corrected = Attachment(name="b.png", digest="b1", text="PoolTimeout")

    query = receive(stored("what is it?", attachments=(SHOT, corrected)), [])

    assert query.pictures == (
        Picture(name="shot.png", digest="5d"),
        Picture(name="b.png", digest="b1", text="PoolTimeout", corrected=True),
    )


def test_a_picture_needs_no_words_and_is_taken_for_the_language_of_its_thread() -> None:
    query = receive(stored("", 1, attachments=(SHOT,)), [stored("支付为什么慢？", 0)])

    assert (query.text, query.language) == ("", "zh")


def test_a_picture_without_words_is_remembered_by_what_was_searched() -> None:
    card = Card(question_id="q0", kind="answer", language="en", text="40.", rewritten_query="PoolTimeout")

    query = receive(stored("and in staging?", 1), [stored("", 0, card, attachments=(SHOT,))])

    assert query.history[0].asked == "PoolTimeout"


def test_an_edited_query_is_kept() -> None:
    assert receive(stored("pool?", query=" payments pool size "), []).edited == "payments pool size"
