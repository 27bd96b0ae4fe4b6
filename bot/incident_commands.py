"""`python -m bot incidents`: incidents in the terminal, from the running server or, without one, from the state."""

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from urllib.parse import quote

import httpx
from pydantic import BaseModel
from rich.console import Console

from bot.address import is_ours, own_url
from bot.casebook import Documents, Wanted, listed, story
from bot.settings import Settings
from bot.tending import UnknownIncident, judge
from bot.terminal_incidents import incident_story, incident_table
from bot.visiting import VISITOR, detail, introduce
from bot.vocabulary import Language
from bot.web.incident_shapes import ListedIncidents, ShownStory
from bot.web.incident_views import listed_incidents, shown_story
from connectors.embedding.port import EmbeddingUnavailable
from connectors.load import load
from connectors.rerank.port import RerankUnavailable
from connectors.state.incident_port import Judgement, Outdated
from connectors.state.port import State, StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.library import StoredDocument
from knowledge.opening import open_library

MOST_LISTED = 50
_SECONDS = 20.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT: Mapping[Language, str] = {
    "en": "Kept. The incident says so now, and the next one like it will find it.",
    "zh": "已保存。事件现在会显示您的说明，以后的类似事件会参考它。",
}
_NO_LIBRARY = (EmbeddingUnavailable, RerankUnavailable, VectorStoreUnavailable)


@dataclass(frozen=True)
class Request:
    """What was typed. ``groups`` are whose pages may be shown where no server says who asks.

    ``right`` and ``wrong`` judge the cause, ``at`` a moment; ``was`` is what it was instead.
    """

    action: Literal["list", "show", "postmortem", "right", "wrong"] = "list"
    incident_id: str = ""
    status: str = ""
    as_json: bool = False
    groups: tuple[str, ...] = ()
    language: Language = "en"
    was: str = ""
    at: datetime = _LONG_AGO


class NoRecord(Exception):
    """What was asked for cannot be shown; the message is one line that says why."""


class Record(Protocol):
    """Where incidents are read."""

    async def listed(self, status: str) -> ListedIncidents:
        """The latest incidents, of a status where one is given. Raises NoRecord."""

    async def story(self, incident_id: str, language: Language) -> ShownStory:
        """All that is kept of one. Raises NoRecord."""

    async def draft(self, incident_id: str, language: Language) -> str:
        """Its postmortem's draft in Markdown. Raises NoRecord."""

    async def judge(self, request: Request) -> None:
        """Keep this person's word on the cause. Raises NoRecord."""


def show(settings: Settings, request: Request) -> int:
    """Print what was asked for. The exit code: 0, or 1 after one line that says what is wrong."""
    try:
        asyncio.run(_show(settings, request))
    except (NoRecord, StateUnavailable) as failed:
        print(" ".join(str(failed).split()), file=sys.stderr)  # noqa: T201  # the terminal is this module's job
        return 1
    return 0


async def _show(settings: Settings, request: Request) -> None:
    async with open_record(settings, request) as record:
        await print_from(record, request)


async def print_from(record: Record, request: Request) -> None:
    """Print what was asked for: JSON and nothing else, Markdown, or text to look at. Raises NoRecord."""
    if request.action in ("right", "wrong"):
        await record.judge(request)
        print(_KEPT[request.language])  # noqa: T201
    elif request.action == "postmortem":
        print(await record.draft(request.incident_id, request.language), end="")  # noqa: T201
    elif request.action == "show":
        found = await record.story(request.incident_id, request.language)
        if not _printed(found, request):
            Console().print(incident_story(found, request.language))
    else:
        page = await record.listed(request.status)
        if not _printed(page, request):
            Console().print(incident_table(page, request.language))


def _printed(shape: BaseModel, request: Request) -> bool:
    if request.as_json:
        print(shape.model_dump_json(indent=2))  # noqa: T201
    return request.as_json


@asynccontextmanager
async def open_record(settings: Settings, request: Request) -> AsyncIterator[Record]:
    """The running server's incidents, or those of the state, opened in this process without taking up its work."""
    if await asyncio.to_thread(is_ours, settings.web):
        # Proxies of the environment are for the world outside; this is our own machine.
        async with httpx.AsyncClient(base_url=own_url(settings.web), timeout=_SECONDS, trust_env=False) as client:
            introduce(client, settings.web, settings.roots.home / VISITOR)
            yield ServerRecord(client)
        return
    async with AsyncExitStack() as opened:
        name = settings.ports.state
        state: State = await opened.enter_async_context(
            load("state", name, settings.table("state", name), settings.roots)
        )
        library = await _library(settings, opened) if request.action != "list" else _Closed()
        yield OwnRecord(state, library, request.groups)


async def _library(settings: Settings, opened: AsyncExitStack) -> Documents:
    try:
        return await opened.enter_async_context(open_library(settings))
    except _NO_LIBRARY as away:
        print(f"Pages cannot be read: {' '.join(str(away).split())}", file=sys.stderr)  # noqa: T201
        return _Closed()


class _Closed:
    """A library that cannot be opened: nobody knows who may read what, so nobody reads anything."""

    async def document(self, document_id: str, groups: Sequence[str] = ()) -> StoredDocument | None:
        return None


@dataclass(frozen=True)
class ServerRecord:
    """Incidents over HTTP, for who this terminal is signed in as."""

    client: httpx.AsyncClient

    async def listed(self, status: str) -> ListedIncidents:
        query = {"limit": str(MOST_LISTED), **({"status": status} if status else {})}
        return ListedIncidents.model_validate_json(await self._get("/api/incidents", query))

    async def story(self, incident_id: str, language: Language) -> ShownStory:
        path = f"/api/incidents/{quote(incident_id, safe='')}"
        return ShownStory.model_validate_json(await self._get(path, {"language": language}))

    async def draft(self, incident_id: str, language: Language) -> str:
        path = f"/api/incidents/{quote(incident_id, safe='')}/postmortem"
        return await self._get(path, {"language": language})

    async def judge(self, request: Request) -> None:
        path = f"/api/incidents/{quote(request.incident_id, safe='')}/judgement"
        await self._asked("POST", path, json={"right": request.action == "right", "cause": request.was})

    async def _get(self, path: str, query: dict[str, str]) -> str:
        return await self._asked("GET", path, params=query)

    async def _asked(self, method: str, path: str, **more: Any) -> str:
        try:
            answer = await self.client.request(method, path, **more)
        except httpx.HTTPError as broken:
            raise NoRecord(f"{self.client.base_url} did not answer: {str(broken) or type(broken).__name__}") from None
        if answer.is_error:
            raise NoRecord(detail(answer))
        return answer.text


@dataclass(frozen=True)
class OwnRecord:
    """Incidents out of a state that this process has opened, for a reader of some groups."""

    state: State
    documents: Documents
    groups: Sequence[str] = ()

    async def listed(self, status: str) -> ListedIncidents:
        wanted = Wanted(status=(status,) if status else ())
        return listed_incidents(await listed(self.state, wanted, None, MOST_LISTED))

    async def story(self, incident_id: str, language: Language) -> ShownStory:
        found = await story(self.state, self.documents, incident_id, self.groups)
        if found is None:
            raise NoRecord("There is no such incident.")
        return shown_story(found, frozenset(), language)

    async def judge(self, request: Request) -> None:
        author, right = f"terminal:{getpass.getuser()}", request.action == "right"
        word = Judgement(request.incident_id, author, right, "" if right else request.was, request.at)
        try:
            await judge(self.state, word)
        except UnknownIncident:
            raise NoRecord("There is no such incident.") from None
        except Outdated:
            raise NoRecord("The incident changes too quickly right now; try again.") from None

    async def draft(self, incident_id: str, language: Language) -> str:
        found = await story(self.state, self.documents, incident_id, self.groups)
        if found is None:
            raise NoRecord("There is no such incident.")
        return found.draft(language)
