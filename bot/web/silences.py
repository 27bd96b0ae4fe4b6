"""The web API of silences: alerts that are expected, such as during an upgrade, open no incident meanwhile."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.assistant import Assistant
from bot.rules.silences import BadSilence, checked, lifted, new_silence, read_matchers
from bot.web.boundary import Refused
from bot.web.login import Login, Visitor
from connectors.state.incident_port import Silence


class NewSilence(BaseModel):
    """What to silence, as ``{"service": "checkout"}`` or ``service=checkout``, and how long, such as ``2h``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    matchers: dict[str, str] | Annotated[str, Field(max_length=4000)]
    lasts: Annotated[str, Field(alias="for", max_length=40)]
    because: Annotated[str, Field(max_length=1000)] = ""
    begins_at: AwareDatetime | None = None


def add_silences(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    """The routes that list, add and lift silences, for visitors."""

    @router.get("/api/silences")
    async def listed(who: Annotated[Visitor, Depends(login.visitor)]) -> list[dict[str, object]]:
        return [shown(one) for one in await assistant.state.silences(now())]

    @router.post("/api/silences", status_code=201)
    async def add(body: NewSilence, who: Annotated[Visitor, Depends(login.visitor)]) -> dict[str, object]:
        try:
            given = body.matchers
            matchers = read_matchers(given) if isinstance(given, str) else checked(given)
            begins_at = body.begins_at or now()
            silence = new_silence(uuid4().hex[:8], matchers, body.lasts, begins_at, who.author, body.because)
        except BadSilence as wrong:
            raise Refused(422, "invalid", str(wrong)) from wrong
        await assistant.state.silence(silence)
        return shown(silence)

    @router.delete("/api/silences/{silence_id}", status_code=204)
    async def lift(silence_id: str, who: Annotated[Visitor, Depends(login.visitor)]) -> None:
        known = {one.id: one for one in await assistant.state.silences(now())}
        if silence_id not in known:
            raise Refused(404, "missing", "There is no such silence, or it has ended.")
        await assistant.state.silence(lifted(known[silence_id], now()))


def shown(silence: Silence) -> dict[str, object]:
    """A silence as JSON."""
    return {
        "id": silence.id,
        "matchers": dict(silence.matchers),
        "begins_at": silence.begins_at.isoformat(),
        "ends_at": silence.ends_at.isoformat(),
        "author": silence.author,
        "reason": silence.reason,
    }
