"""The web API of an answer's files: the rows of its tables and the pictures of its charts."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from bot.assistant import Assistant
from bot.rules.short_names import file_name
from bot.web.access import own_question
from bot.web.boundary import Refused
from bot.web.images import HEADERS
from bot.web.login import Login, Visitor
from connectors.chat.card_port import Card
from connectors.state.port import KeptFile

ENDINGS = {"text/csv": "csv", "image/png": "png"}


def add_files(router: APIRouter, assistant: Assistant, login: Login) -> None:
    """The route by which those who may see an answer get its files. Its author's other files are not to be had here."""

    @router.get("/api/questions/{question_id}/files/{digest}")
    async def file(
        request: Request, question_id: str, digest: str, who: Annotated[Visitor, Depends(login.visitor)]
    ) -> Response:
        question = await own_question(assistant, question_id, who)
        card = Card.model_validate_json(question.card) if question.card else None
        title = _titles(card).get(digest) if card else None
        kept = await assistant.state.attachment(question.author, digest) if title is not None else None
        if title is None or kept is None or kept.media_type not in ENDINGS:
            raise Refused(404, "missing", "There is no such file.")
        return _served(kept, title, request)


def _titles(card: Card) -> dict[str, str]:
    return {one.file: one.title for one in card.charts} | {one.file: one.title for one in card.tables if one.file}


def _served(file: KeptFile, title: str, request: Request) -> Response:
    headers = {**HEADERS, "ETag": f'"{file.digest}"', "Content-Disposition": _named(title, ENDINGS[file.media_type])}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


def _named(title: str, ending: str) -> str:
    """The header that has a browser keep the file under its title (RFC 6266): in full, and in ASCII for old ones."""
    full = file_name(title)
    old = file_name(full.encode("ascii", "replace").decode())
    return f"attachment; filename=\"{old}.{ending}\"; filename*=UTF-8''{quote(full)}.{ending}"
