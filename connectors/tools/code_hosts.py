"""What changed on a code host: the settings, the question and its answer that GitHub and GitLab have in common."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Literal, Protocol
from urllib.parse import quote, urlencode

from pydantic import Field

from connectors.tools.api import Access, Answer, Api
from connectors.tools.change_rows import Asked, named, told
from connectors.tools.port import BadArguments, Change, Result, ToolUnavailable
from connectors.tools.questions import Day, Window
from connectors.tools.summary import iso

Sort = Literal["deployment", "release", "merge", "pipeline", "commit"]
Query = Mapping[str, str]
Place = Annotated[str, Field(max_length=200)]
_PAGE, _AT_ONCE, _SHOWN_CALLS = 100, 6, 6


class HostSettings(Access):
    """What the vendors' settings have in common."""

    services: Mapping[str, str] = Field(default_factory=dict)
    """Services that are called otherwise than their repository: ``payments = "acme/payments-api"``."""

    branch: str = Field(default="", max_length=200)
    """The branch that is deployed; for commits the default branch when empty, for the rest any."""

    max_pages: int = Field(default=3, gt=0, le=20)
    """How many pages of a hundred are read of one list."""

    max_changes: int = Field(default=50, gt=0, le=500)
    """How many changes of an answer are told."""


class Changed(Day):
    """What changed on the code host in a window, newest first: deployments, releases, merges, pipelines, commits."""

    service: str = Field(default="", max_length=200)
    """Only this service or repository; all when left out."""

    environment: str = Field(default="", max_length=100)
    """Only deployments to this environment, such as production; nothing else has one."""

    kinds: list[Sort] = Field(default=["deployment", "release", "merge"], min_length=1, max_length=5)
    """What to look for. pipeline: runs of workflows and pipelines. merge: merged pull or merge requests."""


class Item(Protocol):
    """One entry of a list."""

    @property
    def listed_at(self) -> dt.datetime | None:
        """The time that the list is sorted by."""

    def change(self, place: str) -> Change | None:
        """The change that it is in a repository; None for a draft, or what was never merged."""


@dataclass(frozen=True)
class Listing:
    """A list of one kind of change, the newest first.

    ``path`` has ``{place}`` in it for the repository, or ``{quoted}`` where it is one step. ``query`` is made of start,
    end and branch, less what is empty. A status among ``none`` says that the repository has no such list.
    """

    path: str
    items: Callable[[Answer], Sequence[Item]]
    query: Callable[[str, str, str], Query] = lambda _start, _end, _branch: {}
    none: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Found:
    changes: Sequence[Change]
    exact: str
    whole: bool


class CodeHost:
    """Repositories of one host, ``console`` being where people look at them."""

    def __init__(
        self, settings: HostSettings, api: Api, places: Sequence[str], listings: Mapping[Sort, Listing], console: str
    ) -> None:
        self._settings = settings
        self._api = api
        self._places = places
        self._listings = listings
        self._console = console

    async def changes(self, asked: Changed) -> Result:
        """Every kind that is asked for in every repository; one that cannot be read costs only itself."""
        window = asked.window(self._api.now)
        places = places_of(asked.service, self._places, self._settings.services)
        kinds = [one for one in self._listings if one in asked.kinds and (one == "deployment" or not asked.environment)]
        if not kinds:
            raise BadArguments("Only deployments have an environment: leave out environment, or ask for deployment.")
        room = asyncio.Semaphore(_AT_ONCE)
        answers = await asyncio.gather(*(self._tried(place, kind, window, room) for place in places for kind in kinds))
        found = [one for one in answers if isinstance(one, _Found)]
        gaps = [one for one in answers if isinstance(one, ToolUnavailable)]
        if gaps and not found:
            raise gaps[0]
        into = f" to {asked.environment}" if asked.environment else ""
        calls = [part.exact for part in found]
        about = Asked(
            f"changes ({', '.join(kinds)}){into} in {', '.join(places[:10])} {window}",
            "; ".join(calls[:_SHOWN_CALLS])
            + (f"; and {len(calls) - _SHOWN_CALLS} more" if len(calls) > _SHOWN_CALLS else ""),
            f"{self._console}/{places[0]}" if len(places) == 1 else self._console,
            tuple(dict.fromkeys(f"Not everything could be read: {one}" for one in gaps)),
        )
        changes = [one for part in found for one in part.changes if named(asked.environment, one.environment)]
        return told(changes, about, self._settings.max_changes, cut=not all(part.whole for part in found))

    async def completed(self, place: str, changes: Sequence[Change]) -> Sequence[Change]:
        """Deployments with what their list leaves out."""
        return changes

    async def _tried(self, place: str, kind: Sort, window: Window, room: asyncio.Semaphore) -> _Found | ToolUnavailable:
        async with room:
            try:
                return await self._found(place, kind, window)
            except ToolUnavailable as gap:
                return gap

    async def _found(self, place: str, kind: Sort, window: Window) -> _Found:
        listing = self._listings[kind]
        path = listing.path.replace("{place}", place).replace("{quoted}", quote(place, safe=""))
        query = listing.query(iso(window.start), iso(window.end), self._settings.branch)
        query = {key: value for key, value in query.items() if value}
        pages, whole = await self._pages(listing, path, query, place, window.start)
        changes = [one for item in chain(*pages) if (one := item.change(place)) and window.holds(one.at)]
        if kind == "deployment":
            changes = list(await self.completed(place, changes))
        return _Found(changes, f"GET {path}{'?' + urlencode(query) if query else ''}", whole)

    async def _pages(
        self, listing: Listing, path: str, query: Query, place: str, start: float
    ) -> tuple[list[Sequence[Item]], bool]:
        """Pages until one ends before ``start``; False when there are more than may be read."""
        pages: list[Sequence[Item]] = []
        for number in range(1, self._settings.max_pages + 1):
            given = {**query, "per_page": str(_PAGE), "page": str(number)}
            answer = await self._api.get(path, given, 404, *listing.none)
            if answer.status == 404:
                what = path.rpartition("/")[2].replace("_", " ")
                raise ToolUnavailable(
                    f"{self._api.name} shows no {what} of {place}: check its name, and the token's rights."
                )
            page = [] if answer.status >= 400 else listing.items(answer)
            pages.append(page)
            last = page[-1].listed_at if page else None
            if len(page) < _PAGE or (last is not None and last.timestamp() < start):
                return pages, True
        return pages, False


def places_of(asked: str, places: Sequence[str], services: Mapping[str, str]) -> Sequence[str]:
    """The repositories that a service lives in, all for none. Raises BadArguments that names those there are."""
    if not asked:
        return places
    known = {name.casefold(): place for name, place in services.items()}
    wanted = known.get(asked.casefold(), asked).casefold()
    exact = [one for one in places if wanted in (one.casefold(), one.rpartition("/")[2].casefold())]
    found = exact or [one for one in places if named(wanted, one.rpartition("/")[2])]
    if not found:
        raise BadArguments(f"No repository is known for {asked!r}; there are {', '.join([*services, *places][:40])}.")
    return found
