"""The web front end: the pages, and the API behind them."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bot.assistant import Assistant
from bot.settings import Web
from bot.web import views
from bot.web.access import own_question, own_thread
from bot.web.alerts import add_refused
from bot.web.boundary import PREFLIGHT, Refused, bounded
from bot.web.changes import add_changes
from bot.web.events import events
from bot.web.files import add_files
from bot.web.images import add_images
from bot.web.incidents import add_incidents
from bot.web.knowledge import add_knowledge
from bot.web.login import Login, Visitor
from bot.web.pages import serve, serve_anywhere
from bot.web.silences import add_silences
from connectors.chat.port import IncomingMessage
from connectors.state.port import MissingAttachment, Question

LARGEST_FRAME_NUMBER = 2**31 - 1
VISITORS_PAGES = {
    "/": "page.html",
    "/knowledge": "knowledge.html",
    "/incidents": "incidents.html",
    "/incidents/{incident_id}": "incident.html",
}
"""Pages for who has signed in, by their paths."""


def build_router(assistant: Assistant, settings: Web, now: Callable[[], datetime]) -> APIRouter:
    """Everything a browser asks for, with logins, limits and security headers of its own."""
    router = APIRouter(route_class=bounded(settings), include_in_schema=False)
    login = Login(settings, now)
    _add_pages(router, login)
    _add_session(router, login, settings)
    _add_messages(router, assistant, login, now)
    _add_answers(router, assistant, login, now)
    _add_reading(router, assistant, login)
    add_images(router, assistant, login, now)
    add_files(router, assistant, login)
    add_knowledge(router, assistant, login, now)
    add_changes(router, assistant, login, now)
    add_refused(router, assistant, login)
    add_silences(router, assistant, login, now)
    add_incidents(router, assistant, login, now)
    return router


def _add_pages(router: APIRouter, login: Login) -> None:
    for path, name in VISITORS_PAGES.items():
        _add_visitors_page(router, login, path, name)

    @router.get("/login")
    async def login_page(request: Request) -> Response:
        return serve(request, "login.html")

    @router.get("/demo")
    async def demo_page(request: Request) -> Response:
        return serve(request, "demo.html")

    @router.get("/widget.js")
    async def widget(request: Request) -> Response:
        return serve_anywhere(request, "widget.js")

    @router.get("/static/{name}")
    async def static(request: Request, name: str) -> Response:
        return serve_anywhere(request, name)


def _add_visitors_page(router: APIRouter, login: Login, path: str, name: str) -> None:
    @router.get(path)
    async def page(request: Request, response: Response) -> Response:
        return _for_visitors(name, request, response, login)


def _for_visitors(name: str, request: Request, response: Response, login: Login) -> Response:
    try:
        login.visitor(request, response)
    except Refused as refusal:
        if refusal.code != "login" or login.settings.token is None:
            raise
        return RedirectResponse(_to_login(request.url.path), 303)
    page = serve(request, name)
    page.headers.raw.extend(response.headers.raw)
    return page


def _to_login(path: str, *, failed: bool = False) -> str:
    """The form, which leads on to a page for visitors; the main page needs no mention."""
    then = f"next={quote(path, safe='')}" if path != "/" else ""
    asked = "&".join(part for part in ("failed" if failed else "", then) if part)
    return f"/login?{asked}" if asked else "/login"


def _page_of_ours(path: str) -> str:
    """The path when it is a page for visitors, else that of the main page: a link must lead nobody to another site."""
    return path if re.fullmatch(r"/(?:knowledge|incidents(?:/[\w.~%-]{1,300})?)", path, re.ASCII) else "/"


def _add_session(router: APIRouter, login: Login, settings: Web) -> None:
    @router.post("/login")
    async def sign_in(
        request: Request, token: Annotated[str, Form()] = "", then: Annotated[str, Form(alias="next")] = ""
    ) -> Response:
        page = _page_of_ours(then)
        welcome = RedirectResponse(page, 303)
        signed_in = login.sign_in(request, welcome, token)
        return welcome if signed_in else RedirectResponse(_to_login(page, failed=True), 303)

    @router.post("/logout")
    async def sign_out() -> Response:
        farewell = RedirectResponse("/", 303)
        login.sign_out(farewell)
        return farewell

    @router.get("/api/session")
    async def session(who: Annotated[Visitor, Depends(login.visitor)]) -> views.Session:
        return views.Session(login=who.login, name=who.name)

    @router.options("/api/{path:path}")
    async def preflight(request: Request, path: str) -> Response:
        if request.headers.get("origin") not in settings.allowed_origins:
            raise Refused(403, "origin", f"Pages of this site may not ask for /api/{path}; see web.allowed_origins.")
        return Response(status_code=204, headers=PREFLIGHT)


def _add_messages(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    @router.post("/api/messages", status_code=202)
    async def ask(message: views.NewMessage, who: Annotated[Visitor, Depends(login.visitor)]) -> views.Accepted:
        _check_length(message)
        if message.thread_id is not None:
            await own_thread(assistant, message.thread_id, who)
        # Events are told apart by author too: nobody can be handed an answer by guessing another's event id.
        event_id = f"web:{who.author}:{message.event_id}"
        incoming = IncomingMessage(
            event_id=event_id,
            channel="web",
            thread_id=message.thread_id or f"web-{uuid5(NAMESPACE_URL, event_id)}",
            author=who.author,
            text=message.text,
            sent_at=now(),
            query=message.query or None,
            attachments=tuple(views.attachment(image) for image in message.images),
        )
        try:
            question_id, fresh = await assistant.on_message(incoming)
        except MissingAttachment:
            raise Refused(409, "missing_picture", "A picture of this question is not kept; send it again.") from None
        known = None if fresh else await assistant.question(question_id)
        thread_id = known.thread_id if known else incoming.thread_id
        return views.Accepted(question_id=question_id, thread_id=thread_id, fresh=fresh)


def _add_answers(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    async def own(question_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> Question:
        return await own_question(assistant, question_id, who)

    @router.get("/api/questions/{question_id}/stream", response_class=EventSourceResponse)
    async def stream(
        question: Annotated[Question, Depends(own)],
        after: Annotated[int, Query(ge=0, le=LARGEST_FRAME_NUMBER)] = 0,
        last_event_id: Annotated[int, Header(ge=0, le=LARGEST_FRAME_NUMBER)] = 0,
    ) -> AsyncIterator[ServerSentEvent]:
        async for event in events(assistant.follow(question.id, max(after, last_event_id))):
            yield event

    @router.post("/api/questions/{question_id}/feedback", status_code=204)
    async def judge(
        verdict: views.Verdict,
        question: Annotated[Question, Depends(own)],
        who: Annotated[Visitor, Depends(login.visitor)],
    ) -> None:
        await assistant.on_feedback(question.id, who.author, verdict.vote, verdict.reason, now())


def _add_reading(router: APIRouter, assistant: Assistant, login: Login) -> None:
    @router.get("/api/threads")
    async def threads(who: Annotated[Visitor, Depends(login.visitor)]) -> views.Threads:
        found = await assistant.threads(who.author)
        return views.Threads(threads=tuple(views.listed_thread(thread) for thread in found))

    @router.get("/api/threads/{thread_id}")
    async def thread(thread_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> views.ShownThread:
        questions = await own_thread(assistant, thread_id, who)
        return views.ShownThread(id=thread_id, questions=tuple(views.shown_question(q) for q in questions))

    @router.get("/api/documents/{document_id:path}")
    async def document(document_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> views.ShownDocument:
        found = await assistant.document(document_id, await assistant.groups(who.author))
        if found is None:
            raise Refused(404, "missing", "This document is no longer in the library.")
        return views.shown_document(found)


def _check_length(message: views.NewMessage) -> None:
    if not message.text and not message.images:
        raise Refused(422, "empty", "The question is empty.")
    if max(len(message.text), len(message.query or "")) > views.LONGEST_TEXT:
        raise Refused(413, "too_long", f"A question may have {views.LONGEST_TEXT:,} characters.")
