"""Step 1b: the files of a message are fetched from their platform; pictures are kept, texts become quotes."""

import codecs
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from bot.steps.wording import FILES
from bot.vocabulary import Frozen, Picture, Query, Quote
from connectors.chat.port import Attachment, CannotFetch, Chat, ChatUnavailable, IncomingMessage
from connectors.images import MOST_BYTES, BadImage, inspect
from connectors.state.port import Attachments, KeptFile, Question, TooMuchUnsent

MOST_FILES = 10
LARGEST_TEXT_BYTES = 1_000_000
LONGEST_QUOTE = 6_000
_TEXTS = (".log", ".txt", ".json", ".yaml", ".yml", ".md", ".csv", ".conf", ".toml", ".sql", ".py", ".out", ".err")


class Fetched(Frozen):
    """The files of a message as far as they could be had, and why others could not."""

    pictures: tuple[Picture, ...] = ()
    quotes: tuple[Quote, ...] = ()
    notices: tuple[str, ...] = ()


async def fetch(question: Question, query: Query, chats: Mapping[str, Chat], attachments: Attachments) -> Fetched:
    """Fetch what still lies with the platform. A file that cannot be had costs a notice, never the answer."""
    message, chat = IncomingMessage.model_validate_json(question.body), chats.get(question.channel)
    pictures, quotes, notices = list[Picture](), list[Quote](), list[str]()
    words, left_out = FILES[query.language], len(message.attachments) - MOST_FILES
    for one in message.attachments[:MOST_FILES]:
        try:
            if one.digest:
                pictures.append(
                    Picture(name=one.name, digest=one.digest, text=one.text, corrected=one.text is not None)
                )
            elif chat is None or not _readable(one):
                notices.append(words["kind"].format(name=one.name))
            elif is_picture(one):
                content = await chat.fetch(one.reference, MOST_BYTES)
                digest = await _kept(content, question.author, question.received_at, attachments)
                pictures.append(Picture(name=one.name, digest=digest))
            else:
                text = _text(await chat.fetch(one.reference, LARGEST_TEXT_BYTES))
                quotes += [] if text is None else [Quote(author=one.name, text=_end(text))]
                notices += [words["kind"].format(name=one.name)] if text is None else []
        except (BadImage, CannotFetch, ChatUnavailable, TooMuchUnsent) as failed:
            notices.append(words["failed"].format(name=one.name, reason=failed))
    notices += [words["most"].format(left_out=left_out, most=MOST_FILES)] if left_out > 0 else []
    return Fetched(pictures=tuple(pictures), quotes=tuple(quotes), notices=tuple(dict.fromkeys(notices)))


def with_files(query: Query, fetched: Fetched) -> Query:
    """The query with its files as far as they could be had."""
    return query.model_copy(
        update={
            "pictures": fetched.pictures,
            "quotes": (*query.quotes, *fetched.quotes),
            "notices": (*query.notices, *fetched.notices),
        }
    )


def is_picture(one: Attachment) -> bool:
    """Whether the platform says that a file is a picture."""
    return one.media_type.startswith("image/")


def _readable(one: Attachment) -> bool:
    text = one.media_type.startswith("text/") or one.media_type in ("application/json", "application/yaml")
    return is_picture(one) or text or one.name.lower().endswith(_TEXTS)


async def _kept(content: bytes, author: str, now: datetime, attachments: Attachments) -> str:
    digest = hashlib.sha256(content).hexdigest()
    await attachments.keep(KeptFile(author, digest, inspect(content).media_type, content, now), for_good=True)
    return digest


def _text(content: bytes) -> str | None:
    """The text of a file, whatever wrote it; None when it is none, such as an archive."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").replace("\0", "")
    if b"\0" in content:
        return None
    text = content.decode("utf-8-sig", "replace")
    # A log with a broken sign is still one in UTF-8; one that has little else is from a Chinese Windows.
    if 2 * text.count("\ufffd") > len(text) - len(text.encode("ascii", "ignore")):
        with suppress(UnicodeDecodeError):
            return content.decode("gb18030")
    return text


def _end(text: str) -> str:
    """The end of a long text: of a log, the last lines say what happened."""
    if len(text) <= LONGEST_QUOTE:
        return text
    tail = text[-LONGEST_QUOTE:]
    return f"…\n{tail.partition(chr(10))[2] or tail}"
