"""Step 1: from a stored message and its thread to a query, or to a sentence that says what to do instead."""

import json
from collections.abc import Sequence

from bot.errors import NothingAsked, TooLong
from bot.rules.conversations import ANYWHERE, Conversation
from bot.vocabulary import Picture, Query, Quote, Turn
from connectors.chat.card_port import Card
from connectors.chat.port import Attachment, IncomingMessage
from connectors.state.port import Question
from knowledge.language import language_of

LONGEST = 8_000
REMEMBERED_TURNS = 6
_UNKNOWN = {
    "en": "The directory cannot be read: only pages that are open to everybody were searched.",
    "zh": "无法读取人员目录，只检索了对所有人开放的页面。",
}


def receive(
    question: Question,
    thread: Sequence[Question],
    groups: Sequence[str] | None = (),
    rules: Conversation = ANYWHERE,
) -> Query:
    """The query of a stored message; its thread's earlier turns come with it. Raises NothingAsked or TooLong.

    A message with pictures or quotes may be without text; its language is its thread's then, until something was read.

    ``groups`` decide what is searched, None when they could not be looked up: then it is what is open to everybody.
    """
    message = IncomingMessage.model_validate_json(question.body)
    text = message.text.strip()
    if not text and not message.attachments and not message.quoted:
        raise NothingAsked
    if len(text) > LONGEST:
        raise TooLong
    history = tuple(turn for earlier in thread if (turn := _turn(earlier, question)))[-REMEMBERED_TURNS:]
    language = rules.language or language_of(text or (history[-1].asked if history else ""))
    return Query(
        question_id=question.id,
        text=text,
        language=language,
        asked_at=message.sent_at,
        author=message.author,
        history=history,
        edited=message.query.strip() if message.query and message.query.strip() else None,
        notices=(_UNKNOWN[language],) if groups is None else (),
        groups=tuple(groups or ()),
        pictures=tuple(_picture(one) for one in message.attachments if one.digest),
        quotes=tuple(Quote(author=one.author, text=one.text[:LONGEST]) for one in message.quoted),
        unfetched=any(not one.digest for one in message.attachments),
        scope=rules.scope,
    )


def _picture(attachment: Attachment) -> Picture:
    corrected = attachment.text is not None
    return Picture(name=attachment.name, digest=attachment.digest, text=attachment.text, corrected=corrected)


def _turn(earlier: Question, now: Question) -> Turn | None:
    if earlier.id == now.id or earlier.received_at > now.received_at:
        return None
    if earlier.card is None:
        return Turn(asked=earlier.text, rewritten=earlier.text, answered="")
    card = Card.model_validate(json.loads(earlier.card))
    rewritten = card.rewritten_query or earlier.text
    return Turn(asked=earlier.text or rewritten, rewritten=rewritten, answered=card.text[:600])
