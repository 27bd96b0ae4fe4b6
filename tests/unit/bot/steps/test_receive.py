"""From a stored message to a query."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NothingAsked, TooLong
from bot.steps.receive import receive
from connectors.chat.port import Attachment, Card, IncomingMessage
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


def test_a_picture_is_not_passed_over_in_silence() -> None:
    picture = Attachment(name="shot.png", media_type="image/png", size_bytes=9)

    assert receive(stored("看这个图", attachments=(picture,)), []).notices == ("暂不支持读取图片，这里只使用了文字。",)


def test_an_edited_query_is_kept() -> None:
    assert receive(stored("pool?", query=" payments pool size "), []).edited == "payments pool size"
