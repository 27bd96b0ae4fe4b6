"""The web API of what is known: the tree of services with its documents, and the gaps in it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from bot.assistant import Assistant
from bot.web import knowledge_views as views
from bot.web.login import Login, Visitor

PATIENCE_SECONDS = 1.5
"""How long a request waits for texts to be compared: what labels tell is shown at once, and the page asks again."""


def add_knowledge(router: APIRouter, assistant: Assistant, login: Login, now: Callable[[], datetime]) -> None:
    """Routes that show each visitor what their own groups may read, and count nothing else."""

    @router.get("/api/knowledge")
    async def known(asked: views.AskedFor, who: Annotated[Visitor, Depends(login.visitor)]) -> views.Known:
        catalogue = assistant.catalogue
        outlines = await catalogue.outlines(await assistant.groups(who.author))
        # Thousands of documents take a while to count.
        return await asyncio.to_thread(views.known, outlines, asked, catalogue.order, await catalogue.ingested_at())

    @router.get("/api/knowledge/gaps")
    async def gaps(who: Annotated[Visitor, Depends(login.visitor)]) -> views.ShownGaps:
        groups = await assistant.groups(who.author)
        found = await assistant.catalogue.gaps(groups, now(), PATIENCE_SECONDS)
        return views.shown_gaps(found, assistant.order.taxonomy)
