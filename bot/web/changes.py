"""The web API that other systems report their changes to, so that they are known when something breaks."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Response

from bot.assistant import Assistant
from bot.web.boundary import Refused
from bot.web.login import Login, Visitor
from connectors.tools.port import BadArguments, Change, ToolUnavailable

MOST_CHANGES = 100


def add_changes(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    """The route that takes a change, or a list of them: 201 when one of them was new, 200 when all were known."""

    @router.post("/api/changes")
    async def report(
        body: Annotated[Any, Body()], response: Response, who: Annotated[Visitor, Depends(login.visitor)]
    ) -> dict[str, int]:
        if assistant.changes is None:
            raise Refused(404, "no_changes", "Changes are not kept here; add `changes` to ports.tools.")
        several = body if isinstance(body, list) else [body]
        if len(several) > MOST_CHANGES:
            raise Refused(413, "too_many", f"At most {MOST_CHANGES} changes at once.")
        try:
            # All are read before the first is kept. Should one be too old all the same, those before it are known by
            # the time that they are sent again.
            changes = [Change.received(one, now()) for one in several]
            fresh = [await assistant.changes.add(one) for one in changes]
        except BadArguments as wrong:
            raise Refused(422, "invalid", str(wrong)) from wrong
        except ToolUnavailable as full:
            raise Refused(503, "unavailable", str(full), {"Retry-After": "5"}) from full
        response.status_code = 201 if any(fresh) else 200
        return {"new": sum(fresh), "known": len(fresh) - sum(fresh)}
