"""Step 2: pictures become text that tells what a message is about; what cannot be read is said, with the reason."""

import asyncio

from bot.rules.entities import Names
from bot.rules.routes import find_route
from bot.rules.screenshots import KnownWords, sight
from bot.steps.wording import MEANING, PICTURES, UNREADABLE
from bot.vocabulary import Frozen, Picture, Query, Seen
from connectors.ocr.port import CannotReadImage, Ocr, OcrUnavailable
from connectors.state.port import Attachments
from knowledge.language import language_of

PATIENCE_SECONDS = 90.0
"""How long a picture may wait for its turn and be read; a reader has a shorter limit of its own."""
LONGEST = 12_000
LONGEST_GIST = 200


class Readings(Frozen):
    """The pictures that were read, and why others were not."""

    pictures: tuple[Picture, ...] = ()
    notices: tuple[str, ...] = ()


async def read(query: Query, ocr: Ocr | None, attachments: Attachments) -> Readings:
    """What stands on the pictures of a message, one after the other. What a person corrected is not read again."""
    words = PICTURES[query.language]
    pictures: list[Picture] = []
    notices: list[str] = []
    for picture in query.pictures:
        if picture.text is not None:
            pictures.append(picture)
        elif ocr is None:
            notices.append(words["no reader"])
        else:
            try:
                pictures.append(picture.model_copy(update={"text": await _text(picture, query, ocr, attachments)}))
            except Unread as unread:
                notices.append(words["failed"].format(name=picture.name, reason=unread))
    notices += [words["nothing"].format(name=one.name) for one in pictures if not one.text]
    return Readings(pictures=tuple(pictures), notices=tuple(dict.fromkeys(notices)))


class Unread(Exception):
    """A picture that was not read; the message is the reason, in the person's language where we have words for it."""


async def _text(picture: Picture, query: Query, ocr: Ocr, attachments: Attachments) -> str:
    reasons = UNREADABLE[query.language]
    file = await attachments.attachment(query.author, picture.digest)
    if file is None:
        raise Unread(reasons["gone"])
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reading = await ocr.read(file.content)
    except CannotReadImage as refused:
        raise Unread(reasons.get(refused.kind, str(refused))) from refused
    except OcrUnavailable as missing:
        raise Unread(str(missing)) from missing
    except TimeoutError as late:
        raise Unread(PICTURES[query.language]["late"]) from late
    # PostgreSQL refuses a text with a zero byte in it.
    return reading.text.replace("\0", "").rstrip()[:LONGEST]


def with_readings(query: Query, readings: Readings, services: Names, known: KnownWords) -> Query:
    """The query with what its pictures read and its quotes say. Without words of its own it asks what that means.

    It stays without text when there is nothing to go by.
    """
    shown = [*(picture.text for picture in readings.pictures), *(quote.text for quote in query.quotes)]
    text = "\n".join(one for one in shown if one)
    worded = {"text": query.text, "language": query.language}
    if text and not query.text:
        worded["language"] = language_of(text)
    if text and (not query.text or find_route(query.text) == "chat"):
        worded["text"] = MEANING[language_of(query.text or text)]
    seen = _seen(text, query, services, known) if text else Seen()
    notices = (*query.notices, *readings.notices)
    return query.model_copy(update={**worded, "pictures": readings.pictures, "notices": notices, "seen": seen})


def _seen(text: str, query: Query, services: Names, known: KnownWords) -> Seen:
    found = sight(text, services, known, query.asked_at)
    # A picture names much that nobody asks about: one service is what it shows, several are a list.
    one = found.entities.services if len(found.entities.services) == 1 else ()
    entities = found.entities.model_copy(update={"services": one, "identifiers": ()})
    return Seen(entities=entities, searches=found.searches or (" ".join(text.split())[:LONGEST_GIST],))
