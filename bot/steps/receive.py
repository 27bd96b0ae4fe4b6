"""Step 1: from a stored message and its thread to a query, or to a sentence that says what to do instead."""

import json
from collections.abc import Iterator, Sequence

from bot.errors import NothingAsked, TooLong
from bot.vocabulary import Query, Turn
from connectors.chat.port import Card, IncomingMessage
from connectors.state.port import Question
from knowledge.language import language_of

LONGEST = 8_000
REMEMBERED_TURNS = 6
_PICTURES = {
    "en": "Reading pictures is not available yet; only the text was used.",
    "zh": "暂不支持读取图片，这里只使用了文字。",
}
_UNKNOWN = {
    "en": "The directory cannot be read: only pages that are open to everybody were searched.",
    "zh": "无法读取人员目录，只检索了对所有人开放的页面。",
}


def receive(question: Question, thread: Sequence[Question], groups: Sequence[str] | None = ()) -> Query:
    """The query of a stored message; its thread's earlier turns come with it. Raises NothingAsked or TooLong.

    ``groups`` are the author's, None when they could not be looked up: then only what is open to everybody is searched.
    """
    message = IncomingMessage.model_validate_json(question.body)
    text = message.text.strip()
    if not text:
        raise NothingAsked
    if len(text) > LONGEST:
        raise TooLong
    language = language_of(text)
    return Query(
        question_id=question.id,
        text=text,
        language=language,
        asked_at=message.sent_at,
        author=message.author,
        history=tuple(turn for earlier in thread if (turn := _turn(earlier, question)))[-REMEMBERED_TURNS:],
        edited=message.query.strip() if message.query and message.query.strip() else None,
        notices=tuple(_notices(message, groups)),
        groups=tuple(groups or ()),
    )


def _notices(message: IncomingMessage, groups: Sequence[str] | None) -> Iterator[str]:
    language = language_of(message.text)
    if message.attachments:
        yield _PICTURES[language]
    if groups is None:
        yield _UNKNOWN[language]


def _turn(earlier: Question, now: Question) -> Turn | None:
    if earlier.id == now.id or earlier.received_at > now.received_at:
        return None
    if earlier.card is None:
        return Turn(asked=earlier.text, rewritten=earlier.text, answered="")
    card = Card.model_validate(json.loads(earlier.card))
    return Turn(asked=earlier.text, rewritten=card.rewritten_query or earlier.text, answered=card.text[:600])
