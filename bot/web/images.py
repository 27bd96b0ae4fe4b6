"""The web API of pictures: kept ahead of their message, and shown to those who may read its thread."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from bot.assistant import Assistant
from bot.web import views
from bot.web.access import own_question
from bot.web.boundary import Refused
from bot.web.login import Login, Visitor
from connectors.chat.port import IncomingMessage
from connectors.images import BadImage
from connectors.state.port import KeptFile, TooMuchUnsent

HEADERS = {
    # Its type was read from its own bytes. Whatever else is in them, a browser neither runs nor opens it as a page.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Content-Disposition": 'attachment; filename="picture"',
    # Kept by the browser, but asked for each time: who may see it can change.
    "Cache-Control": "private, no-cache",
}


def add_images(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    """Routes that take a picture as the body of a request, whatever it is called, and give it back."""

    @router.post("/api/images", status_code=201)
    async def keep(request: Request, who: Annotated[Visitor, Depends(login.visitor)]) -> views.KeptImage:
        # Read here and not as a parameter: nobody sends 20 MB before it is known who they are.
        content = await request.body()
        try:
            return views.KeptImage(id=await assistant.keep_picture(who.author, content, now()))
        except BadImage as refusal:
            raise Refused(415, f"image_{refusal.kind}", str(refusal)) from None
        except TooMuchUnsent:
            sentence = "Too many pictures of yours are waiting for a question. Send one, or come back tomorrow."
            raise Refused(409, "too_much_unsent", sentence) from None

    @router.get("/api/images/{digest}")
    async def unsent(request: Request, digest: str, who: Annotated[Visitor, Depends(login.visitor)]) -> Response:
        return _shown(await assistant.picture(who.author, digest), request)

    @router.get("/api/questions/{question_id}/images/{digest}")
    async def sent(
        request: Request, question_id: str, digest: str, who: Annotated[Visitor, Depends(login.visitor)]
    ) -> Response:
        question = await own_question(assistant, question_id, who)
        attached = IncomingMessage.model_validate_json(question.body).attachments
        known = any(one.digest == digest for one in attached)
        return _shown(await assistant.picture(question.author, digest) if known else None, request)


def _shown(picture: KeptFile | None, request: Request) -> Response:
    if picture is None:
        raise Refused(404, "missing", "There is no such picture.")
    headers = {**HEADERS, "ETag": f'"{picture.digest}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)
