"""Argo CD as read-only tools: applications and their health, what was synced when, what differs, events."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field

from connectors.tools import change_rows
from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.argocd_objects import Application, Applications, Commit, Managed, Revision, Tree
from connectors.tools.argocd_objects import Events as Happened
from connectors.tools.change_rows import named, told
from connectors.tools.kubernetes_objects import aligned, as_events
from connectors.tools.kubernetes_reading import event_table
from connectors.tools.port import BadArguments, Change, Result, Table, Tools, ToolUnavailable
from connectors.tools.questions import Asked, Day, Question, Questions, Window

_NAME = r"^([a-z0-9][a-z0-9.-]*/)?[a-z0-9][a-z0-9.-]*$"
_COLUMNS = ("application", "project", "sync", "health", "last operation", "destination", "source")
# Two thousand applications are 70 MB whole and less than one like this; a server that ignores it sends them whole.
_FIELDS = ",".join(
    f"items.{field}"
    for field in (
        "metadata.name",
        "metadata.namespace",
        "spec",
        "status.sync.status",
        "status.health",
        "status.operationState.phase",
        "status.operationState.startedAt",
        "status.operationState.finishedAt",
    )
)
_MOST_EVENTS, _MOST_RESOURCES, _MOST_LINES = 60, 30, 100


class Settings(Access):
    """Which Argo CD. The token is that of an account with the role ``applications, get`` and nothing else."""

    projects: tuple[str, ...] = ()
    """Projects whose applications are told; all that the token may read when empty."""

    max_applications: int = Field(default=50, gt=0, le=500)
    """How many applications of a list are told."""

    max_changes: int = Field(default=50, gt=0, le=500)
    """How many changes of an answer are told."""

    max_histories: int = Field(default=20, gt=0, le=200)
    """How many applications are asked for their history, those synced last first."""

    max_commits: int = Field(default=10, ge=0, le=100)
    """How many revisions are asked for their author and message, the newest first."""


class Listed(Asked):
    """Applications of Argo CD: in sync or not, healthy or not, when last synced. Those in trouble come first."""

    contains: str = Field(default="", max_length=100)
    """Only applications with this in their name, such as a service."""

    trouble: bool = False
    """Only those that are out of sync, not healthy, or whose last sync failed."""


class Synced(Day):
    """What Argo CD rolled out in a window: revisions with time, author and message, and syncs that failed."""

    service: str = Field(default="", max_length=100)
    """Only applications whose name has this in it."""

    environment: str = Field(default="", max_length=100)
    """Only applications with this in their name, cluster or namespace, such as production."""


class One(Asked):
    """One application of Argo CD: state, conditions, resources in trouble, and how it differs from its repository."""

    application: str = Field(max_length=200, pattern=_NAME)
    """Its name as argocd_applications gives it."""


class Events(Asked):
    """Kubernetes events of one application of Argo CD, or of one of its resources."""

    application: str = Field(max_length=200, pattern=_NAME)
    """Its name as argocd_applications gives it."""

    resource: str = Field(default="", max_length=253)
    """One of its resources by name, or as Deployment/checkout; the application itself when left out."""


class ArgoCd:
    """Asks the API, version 1 (https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api

    async def applications(self, asked: Listed) -> Result:
        """A list, those in trouble first."""
        found = [one for one in await self._all() if asked.contains.casefold() in one.metadata.name.casefold()]
        found = sorted(
            (one for one in found if one.troubled or not asked.trouble),
            key=lambda one: (not one.troubled, one.metadata.name),
        )
        exact, most = "GET /api/v1/applications", self._settings.max_applications
        link = f"{self._settings.url}/applications"
        what = f"applications{' in trouble' if asked.trouble else ''}{' with ' * bool(asked.contains)}{asked.contains}"
        if not found:
            return Result(f"No {what}.", exact, link)
        rows = tuple(one.row for one in found[:most])
        more = f"\n… and {len(found) - most} more; narrow it." if len(found) > most else ""
        text = f"{len(found)} {what}:\n{aligned(_COLUMNS, rows)}{more}"
        return Result(text, exact, link, Table(_COLUMNS, rows), truncated=bool(more))

    async def changes(self, asked: Synced) -> Result:
        """Revisions that went out, and syncs that failed."""
        window = asked.window(self._api.now)
        meant = [one for one in await self._all() if _meant(one, asked)]
        # Whoever was synced in the window had its last operation then, or since.
        late = [one for one in meant if (ended := _ended(one)) and ended >= window.start]
        late.sort(key=lambda one: _ended(one) or 0, reverse=True)
        read = late[: self._settings.max_histories]
        whole = [one for one in await asyncio.gather(*map(self._history, read)) if one]
        found = await self._revisions(whole, window)
        found += [one for app in whole if (one := app.failure()) and window.holds(one.at)]
        filters = " ".join(filter(None, (asked.service, asked.environment)))
        about = change_rows.Asked(
            f"syncs {window}{' of ' + filters if filters else ''}",
            f"GET /api/v1/applications, and status.history of {', '.join(one.metadata.name for one in read) or 'none'}",
            f"{self._settings.url}/applications",
        )
        return told(found, about, self._settings.max_changes, cut=len(late) > len(read))

    async def application(self, asked: One) -> Result:
        """Its state, and how what runs differs from what should."""
        app, none = await self._named(asked.application)
        if app is None:
            return none
        resources = app.status.resources
        troubled = [str(one) for one in resources if one.troubled]
        lines = [*app.told(), f"{len(troubled)} of {len(resources)} resources in trouble{':' * bool(troubled)}"]
        lines += [f"  {one}" for one in troubled[:_MOST_RESOURCES]]
        if app.status.sync.status != "Synced":
            lines += ["differences, should be → is:", *await self._differences(app)]
        recent = sorted(app.status.history, key=lambda one: one.deployed_at, reverse=True)[:5]
        lines += ["last syncs:" if recent else "no syncs", *(change_rows.line(app.change(one, None)) for one in recent)]
        return Result("\n".join(lines), none.query, none.link, truncated=len(troubled) > _MOST_RESOURCES)

    async def events(self, asked: Events) -> Result:
        """Events, warnings first."""
        app, none = await self._named(asked.application)
        if app is None:
            return none
        path, query = _path(_full(app))
        if asked.resource:
            nodes = (await self._api.get(f"{path}/resource-tree", query)).of(Tree, "Argo CD").nodes or []
            node = next((one for one in nodes if asked.resource in (one.name, f"{one.kind}/{one.name}")), None)
            if node is None:
                return Result(f"No resource {asked.resource} in {app.metadata.name}.", none.query, none.link)
            query = {**query, "resourceNamespace": node.namespace, "resourceName": node.name, "resourceUID": node.uid}
        found = as_events((await self._api.get(f"{path}/events", query)).of(Happened, "Argo CD").items or [])
        exact = f"GET {path}/events{'?' if query else ''}{urlencode(query)}"
        if not found:
            return Result("No events; a cluster forgets them after about an hour.", exact, none.link)
        table, more = event_table(found[:_MOST_EVENTS]), len(found) - _MOST_EVENTS
        text = aligned(table.columns, table.rows) + (f"\n… and {more} more." if more > 0 else "")
        return Result(text, exact, none.link, table, truncated=more > 0)

    async def _all(self) -> list[Application]:
        query: dict[str, str | list[str]] = {"fields": _FIELDS}
        query |= {"projects": [*self._settings.projects]} if self._settings.projects else {}
        found = (await self._api.get("/api/v1/applications", query)).of(Applications, "Argo CD").items or []
        # Older servers do not know the parameter projects, and send all.
        allowed = self._settings.projects
        return [one for one in found if not allowed or one.spec.project in allowed]

    async def _named(self, name: str) -> tuple[Application | None, Result]:
        """The application of this name, or the only one with it in its name; and what to say when there is none."""
        app = await self._one(name)
        near: list[str] = []
        if app is None:
            near = [one.metadata.name for one in await self._all() if name in one.metadata.name]
            app = await self._one(near[0]) if len(near) == 1 else None
        others = f"there are {', '.join(near[:10])}" if near else "argocd_applications lists them"
        found = app.metadata.name if app else name
        link = f"{self._settings.url}/applications/{found}"
        return app, Result(f"No application {name} that may be read; {others}.", f"GET {_path(found)[0]}", link)

    async def _one(self, name: str) -> Application | None:
        """An application; None for one that may not be told."""
        path, query = _path(name)
        # For an application that is not there, Argo CD says that the token may not read it.
        answer = await self._api.get(path, query, 403, 404)
        app = None if answer.status >= 400 else answer.of(Application, "Argo CD")
        allowed = self._settings.projects
        return app if app and (not allowed or app.spec.project in allowed) else None

    async def _history(self, app: Application) -> Application | None:
        return await self._one(_full(app))

    async def _revisions(self, apps: Sequence[Application], window: Window) -> list[Change]:
        """What the histories have in the window, the newest with author and message."""
        entries = [(app, one) for app in apps for one in app.status.history if window.holds(one.deployed_at)]
        entries.sort(key=lambda entry: entry[1].deployed_at, reverse=True)
        newest = entries[: self._settings.max_commits]
        commits: list[Commit | None] = [*await asyncio.gather(*(self._commit(app, one) for app, one in newest))]
        commits += [None] * (len(entries) - len(commits))
        return [app.change(one, commit) for (app, one), commit in zip(entries, commits, strict=True)]

    async def _commit(self, app: Application, one: Revision) -> Commit | None:
        if not one.from_git:
            return None
        path, query = _path(_full(app))
        try:
            answer = await self._api.get(f"{path}/revisions/{quote(one.number, safe='')}/metadata", query)
            return answer.of(Commit, "Argo CD")
        except (ToolUnavailable, BadArguments):
            # That something went out is worth telling, even when its repository cannot be asked any more.
            return None

    async def _differences(self, app: Application) -> list[str]:
        path, query = _path(_full(app))
        try:
            found = (await self._api.get(f"{path}/managed-resources", query)).of(Managed, "Argo CD").items or []
        except (ToolUnavailable, BadArguments) as gap:
            return [f"  could not be read: {gap}"]
        lines = [f"  {one.kind} {one.name}: {line}" for one in found for line in one.differences()]
        more = len(lines) - _MOST_LINES
        return (lines[:_MOST_LINES] or ["  none that can be seen"]) + ([f"  … and {more} more"] if more > 0 else [])


def _path(name: str) -> tuple[str, Mapping[str, str]]:
    """The path of an application and its query, from its name with or without a namespace before it."""
    namespace, _, alone = name.rpartition("/")
    return f"/api/v1/applications/{alone}", {"appNamespace": namespace} if namespace else {}


def _full(app: Application) -> str:
    return "/".join(part for part in (app.metadata.namespace, app.metadata.name) if part)


def _meant(one: Application, asked: Synced) -> bool:
    name = one.metadata.name
    somewhere = [name, str(one.spec.destination)]
    return asked.service.casefold() in name.casefold() and any(named(asked.environment, part) for part in somewhere)


def _ended(one: Application) -> float | None:
    last = one.status.operation
    ended = last and (last.finished_at or last.started_at)
    return ended.timestamp() if ended else None


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("Argo CD", settings, outside) as api:
        asks = ArgoCd(settings, api)
        questions: list[Question[Any]] = [
            Question("argocd_changes", "What Argo CD rolled out", "changes", Synced, asks.changes),
            Question("argocd_applications", "Applications of Argo CD", "changes", Listed, asks.applications),
            Question("argocd_application", "One application of Argo CD", "changes", One, asks.application),
            Question("argocd_events", "Events of an application", "cluster", Events, asks.events),
        ]
        yield Questions(*questions)
