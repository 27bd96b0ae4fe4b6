"""The web API of incidents: lists, the whole story of each, and what a visitor may do with one."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from bot import casebook
from bot.assistant import Assistant
from bot.casebook import Story, language_of_reader
from bot.rules.short_names import file_name
from bot.tending import Settled, UnknownIncident, judge, look_again, resolve
from bot.web import incident_shapes as shapes
from bot.web.boundary import Refused
from bot.web.incident_views import listed_incidents, shown_story
from bot.web.login import Login, Visitor
from connectors.directory.port import DirectoryUnavailable
from connectors.state.incident_port import Judgement, Outdated

MOST_COUNTED = 100
AskedLanguage = Annotated[Literal["", "en", "zh"], Query()]


def add_incidents(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    """Routes for signed-in visitors, who see of a diagnosis what their own groups may read."""
    _add_lists(router, assistant, login)
    _add_stories(router, assistant, login)
    _add_tending(router, assistant, login, now)


def _add_lists(router: APIRouter, assistant: Assistant, login: Login) -> None:
    @router.get("/api/incidents")
    async def incidents(
        asked: shapes.AskedFor, request: Request, who: Annotated[Visitor, Depends(login.visitor)]
    ) -> Response:
        page = await casebook.listed(assistant.state, asked.wanted, asked.before, asked.limit)
        return _unless_known(listed_incidents(page), request)

    @router.get("/api/incidents/count")
    async def count(who: Annotated[Visitor, Depends(login.visitor)]) -> shapes.OpenCount:
        found = await casebook.open_count(assistant.state, MOST_COUNTED)
        return shapes.OpenCount(open=found, more=found == MOST_COUNTED)


def _add_stories(router: APIRouter, assistant: Assistant, login: Login) -> None:
    async def own_story(
        incident_id: str,
        who: Annotated[Visitor, Depends(login.visitor)],
        diagnosis: Annotated[str, Query(max_length=200)] = "",
    ) -> Story:
        groups = await assistant.groups(who.author)
        story = await casebook.story(assistant.state, assistant.library, incident_id, groups, diagnosis)
        if story is None:
            raise _missing()
        return story

    @router.get("/api/incidents/{incident_id}")
    async def incident(
        request: Request,
        story: Annotated[Story, Depends(own_story)],
        who: Annotated[Visitor, Depends(login.visitor)],
        language: AskedLanguage = "",
    ) -> Response:
        named = story.naming(await _names(assistant, story))
        own = {new for old, new in zip(story.judgements, named.judgements, strict=True) if old.author == who.author}
        shown = shown_story(named, own, language_of_reader(language, story.incident))
        return _unless_known(shown, request)

    @router.get("/api/incidents/{incident_id}/postmortem")
    async def draft(story: Annotated[Story, Depends(own_story)], language: AskedLanguage = "") -> Response:
        named = story.naming(await _names(assistant, story))
        text = named.draft(language_of_reader(language, story.incident))
        name = f'attachment; filename="{file_name(f"postmortem-{story.incident.id}")}.md"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)


async def _names(assistant: Assistant, story: Story) -> dict[str, str]:
    """The names of those who judged, as far as the directory can be read."""
    try:
        return {one.author: await assistant.membership.name(one.author) for one in story.judgements}
    except DirectoryUnavailable:
        return {}


def _add_tending(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    state = assistant.state

    @router.post("/api/incidents/{incident_id}/judgement", status_code=204)
    async def word(
        incident_id: str, given: shapes.NewJudgement, who: Annotated[Visitor, Depends(login.visitor)]
    ) -> None:
        with _refusing("judged"):
            cause = "" if given.right else given.cause
            await judge(state, Judgement(incident_id, who.author, given.right, cause, now()))

    @router.post("/api/incidents/{incident_id}/diagnose", status_code=202)
    async def diagnose(incident_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> shapes.Begun:
        with _refusing("looking"):
            return shapes.Begun(diagnosis_id=await look_again(state, incident_id, who.author, now()))

    @router.post("/api/incidents/{incident_id}/resolve", status_code=204)
    async def close(incident_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> None:
        with _refusing("closed"):
            await resolve(state, incident_id, who.author, now())


@contextmanager
def _refusing(code: str) -> Iterator[None]:
    """What people may not do with an incident, said in a sentence; the code tells why it has been settled."""
    try:
        yield
    except UnknownIncident:
        raise _missing() from None
    except Settled as why:
        raise Refused(409, code, str(why)) from None
    except Outdated:
        sentence = "The incident changes too quickly right now; try again."
        raise Refused(503, "busy", sentence, {"Retry-After": "2"}) from None


def _missing() -> Refused:
    return Refused(404, "missing", "There is no such incident.")


def _unless_known(shape: BaseModel, request: Request) -> Response:
    """The value as JSON; 304 for a browser that has it already, as a page that asks every few seconds mostly does."""
    body = shape.model_dump_json().encode()
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
