"""Step 2: pictures become text that tells what a message is about; what cannot be read is said, with the reason."""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from bot.ladder import Ladder
from bot.rules.entities import Names
from bot.rules.routes import find_route
from bot.rules.screenshots import KnownWords, sight
from bot.steps.prompts import instruction
from bot.steps.wording import MEANING, PICTURES, UNREADABLE
from bot.vocabulary import Frozen, Language, Picture, Query, Seen
from connectors.llm.port import Prompt
from connectors.ocr.port import CannotReadImage, Ocr, OcrUnavailable
from connectors.state.port import Attachments
from knowledge.language import language_of

PATIENCE_SECONDS = 90.0
"""How long a picture may wait for its turn and be read; a reader has a shorter limit of its own."""
LOOKING_SECONDS = 30.0
"""How long the models may look at all the pictures of a message."""
LONGEST = 12_000
LONGEST_GIST = 200
MOST_SEARCHED = 12
LONGEST_DESCRIPTION = 600
_LANGUAGES: dict[Language, str] = {"en": "English", "zh": "Chinese"}
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# Addresses of the web and of people, hosts with a path, and what chats and pages take for markup.
_LEADS_AWAY = re.compile(
    r"\S*://\S*|\bwww\.\S+|[\w.+-]+@[\w.-]+|(?:[\w-]+\.)+[a-z]{2,}/\S*|</?[a-z!@#][^<>]*>", re.IGNORECASE
)
_OPENS = re.compile(r"<(?=[a-z!/@#])", re.IGNORECASE)
_MENTION = re.compile(r"[@＠]+(?=\w)")


def _cut(said: object) -> object:
    return said[:LONGEST_DESCRIPTION] if isinstance(said, str) else said


class Sight(BaseModel):
    """What a model that sees is asked for; a model counts no characters, so what is too long is cut and not refused."""

    graph: bool
    description: Annotated[str, BeforeValidator(_cut), Field(max_length=LONGEST_DESCRIPTION)] = ""


class Readings(Frozen):
    """The pictures that were read, with what graphs on them show, and why others were not."""

    pictures: tuple[Picture, ...] = ()
    notices: tuple[str, ...] = ()


async def read(query: Query, ocr: Ocr | None, attachments: Attachments, ladder: Ladder | None = None) -> Readings:
    """What stands on the pictures of a message, one after the other, and what a model that sees says of their graphs.

    What a person corrected is neither read nor looked at again.
    """
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
    if ocr is not None and ladder is not None and ladder.sees:
        seen, unseen = await _looked_at(pictures, query, ocr, attachments, ladder)
        return Readings(pictures=seen, notices=(*dict.fromkeys(notices), *unseen))
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


async def _looked_at(
    pictures: Sequence[Picture], query: Query, ocr: Ocr, attachments: Attachments, ladder: Ladder
) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """The pictures, described as far as a model answers in time, and a notice where it does not.

    They are looked at one by one up to the first that brings no answer: an endpoint that refuses pictures must not be
    taken for one that is down because a message has several.
    """
    looked = list(pictures)
    at, answered = 0, True
    try:
        async with asyncio.timeout(LOOKING_SECONDS):
            for at, picture in enumerate(pictures):
                if not picture.corrected:
                    looked[at], answered = await _described(picture, query, ocr, attachments, ladder)
                if not answered:
                    break
    except (TimeoutError, CannotReadImage, OcrUnavailable):
        answered = False
    unseen = [] if answered else pictures[at:]
    names = ", ".join(one.name for one in unseen if not one.corrected)
    return tuple(looked), (PICTURES[query.language]["not seen"].format(name=names),) if names else ()


async def _described(
    picture: Picture, query: Query, ocr: Ocr, attachments: Attachments, ladder: Ladder
) -> tuple[Picture, bool]:
    """The picture with what a model says of its graphs and what that cost, and whether a model answered at all."""
    file = await attachments.attachment(query.author, picture.digest)
    if file is None:
        return picture, False
    language = query.language if query.text else language_of(picture.text or "")
    material = f"Language: {_LANGUAGES[language]}\nQuestion: {query.text[:LONGEST_DESCRIPTION]}"
    asked = ladder.for_question()
    prompt = Prompt(instruction("look"), material, pictures=(await ocr.redraw(file.content),))
    sight = await asked.ask(prompt, Sight, max_tokens=800)
    description = plain_words(sight.description) if sight and sight.graph else ""
    return picture.model_copy(update={"description": description, "spent": asked.spent()}), sight is not None


def plain_words(said: str) -> str:
    """Words of a model on one line, with no link, mention, markup or hidden sign among them."""
    visible = "".join(sign for sign in said if sign.isspace() or unicodedata.category(sign)[0] != "C")
    unlinked = _LEADS_AWAY.sub("…", _LINK.sub(r"\1", " ".join(visible.split())))
    # A tag without an end is nobody's tag with a blank in it, and "below <threshold" still reads.
    return _OPENS.sub("< ", _MENTION.sub("", unlinked)).strip()


def with_readings(query: Query, readings: Readings, services: Names, known: KnownWords) -> Query:
    """The query with what its pictures read and its quotes say. Without words of its own it asks what that means.

    It stays without text when there is nothing to go by. What a model sees says what to search for and nothing else.
    """
    shown = [*(picture.text for picture in readings.pictures), *(quote.text for quote in query.quotes)]
    read_there = "\n".join(one for one in shown if one)
    described = "\n".join(one.description for one in readings.pictures if one.description)
    text = read_there or described
    worded = {"text": query.text, "language": query.language}
    if text and not query.text:
        worded["language"] = language_of(text)
    if text and (not query.text or find_route(query.text) == "chat"):
        worded["text"] = MEANING[language_of(query.text or text)]
    seen = _seen(read_there, described, query, services, known)
    notices = (*query.notices, *readings.notices)
    return query.model_copy(update={**worded, "pictures": readings.pictures, "notices": notices, "seen": seen})


def _seen(text: str, described: str, query: Query, services: Names, known: KnownWords) -> Seen:
    found = sight(text, services, known, query.asked_at)
    told = sight(described, services, known, query.asked_at)
    # A picture names much that nobody asks about: one service is what it shows, several are a list.
    one = found.entities.services if len(found.entities.services) == 1 else ()
    entities = found.entities.model_copy(update={"services": one, "identifiers": ()})
    searches = [*(found.searches or _gist(text)), *(told.searches or (() if found.searches else _gist(described)))]
    return Seen(entities=entities, searches=tuple(dict.fromkeys(searches))[:MOST_SEARCHED])


def _gist(text: str) -> tuple[str, ...]:
    return (" ".join(text.split())[:LONGEST_GIST],) if text else ()
