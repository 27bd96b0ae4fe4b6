"""Issues of GitLab projects with their comments, from gitlab.com or a server of one's own.

https://docs.gitlab.com/api/issues/, https://docs.gitlab.com/api/notes/ and, for lists, https://docs.gitlab.com/api/rest/
"""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

from pydantic import BaseModel, field_validator

from connectors.sources.access import Address, Names, Token, web_link
from connectors.sources.listing import by_id, each, listed, stamp
from connectors.sources.polite import REAL, Client, Limits, Network, Site, open_client
from connectors.sources.port import Document, Entry, Source, Unreadable
from connectors.sources.ticket import MOST_COMMENT_PAGES, Comment, Ticket


class Settings(Limits):
    """The table [connectors.sources.gitlab]."""

    name: str = "gitlab"
    """What the source is called in the library."""

    url: Address = "https://gitlab.com"
    """The server's address, without `/api/v4`."""

    projects: Names
    """Whose issues are read, as `group/project`."""

    token: Token | None = None
    """A personal, group or project access token with the scope `read_api`; public projects need none."""

    confidential_readers: tuple[str, ...] = ()
    """Groups that may read confidential issues; when empty, these are left out."""

    @field_validator("projects")
    @classmethod
    def _are_projects(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.count("/") and "#" not in name and all(name.split("/")) for name in names):
            raise ValueError("must be written as group/project, without the server's address")
        return names


class _User(BaseModel):
    name: str = ""
    username: str = ""


class _Issue(BaseModel):
    iid: int
    title: str
    web_url: str
    state: str
    updated_at: dt.datetime
    confidential: bool
    user_notes_count: int = 0
    issue_type: str | None = None
    description: str | None = None
    author: _User | None = None
    labels: list[str] = []
    severity: str | None = None


class _Note(BaseModel):
    body: str
    created_at: dt.datetime
    author: _User | None = None
    system: bool = False
    internal: bool = False
    confidential: bool | None = None


class GitLabSource:
    """Issues named `group/project#number`. An issue changed when its time of change or number of comments did."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The issues of all projects, sorted by id; one call for each hundred."""
        skipped: Counter[str] = Counter()
        entries = [entry for name in self._settings.projects for entry in await self._issues(name, skipped)]
        self.skipped = dict(skipped)
        return by_id(entries)

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named issues, each with its comments: one call, and one for each hundred comments."""
        return each(ids, self._document)

    async def _issues(self, project: str, skipped: Counter[str]) -> list[Entry]:
        # Servers that know no keyset pages for issues (before 18.3) take the parameter and page by offset.
        query = {"order_by": "updated_at", "sort": "desc", "per_page": "100", "pagination": "keyset", "scope": "all"}
        if self._settings.since_days:
            since = self._client.now - dt.timedelta(days=self._settings.since_days)
            query["updated_after"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")

        async def page(mark: str) -> tuple[list[_Issue], str]:
            answer = await (self._client.get(mark) if mark else self._client.get(_path(project), query))
            return answer.of(list[_Issue]), answer.next

        found = await listed(page, self._settings.max_pages)
        if not found.complete:
            skipped["issue beyond max_pages"] += 1
        shown = [issue for issue in found.items if self._shown(issue)]
        if len(shown) < len(found.items):
            skipped["confidential issue"] += len(found.items) - len(shown)
        return [Entry(f"{project}#{one.iid}", self._stamp(one), 0) for one in shown]

    def _stamp(self, issue: _Issue) -> str:
        return stamp(issue.updated_at.isoformat(), issue.user_notes_count, readers=self._readers(issue))

    def _readers(self, issue: _Issue) -> tuple[str, ...]:
        return self._settings.confidential_readers if issue.confidential else self._settings.readers

    def _shown(self, issue: _Issue) -> bool:
        return not issue.confidential or bool(self._settings.confidential_readers)

    async def _document(self, id: str) -> Document | Unreadable:
        project, _, number = id.rpartition("#")
        if project not in self._settings.projects or not number.isdecimal():
            return Unreadable(id, "not an issue of the projects in the settings")
        issue = (await self._client.get(f"{_path(project)}/{number}")).of(_Issue)
        if not self._shown(issue):
            return Unreadable(id, "confidential by now")
        return Ticket(
            id=id,
            title=issue.title,
            link=web_link(issue.web_url, id),
            facts={
                "type": (issue.issue_type or "").lower(),
                "status": issue.state,
                "severity": (issue.severity or "").lower().replace("unknown", ""),
                "reporter": issue.author.name or issue.author.username if issue.author else "",
                "date": issue.updated_at.date().isoformat(),
            },
            description=issue.description or "",
            comments=await self._notes(f"{_path(project)}/{number}/notes") if issue.user_notes_count else (),
            labels={"tags": issue.labels},
            readers=self._readers(issue),
        ).document()

    async def _notes(self, path: str) -> list[Comment]:
        query = {"sort": "asc", "order_by": "created_at", "per_page": "100"}

        async def page(mark: str) -> tuple[list[_Note], str]:
            answer = await (self._client.get(mark) if mark else self._client.get(path, query))
            return answer.of(list[_Note]), answer.next

        # Internal notes are for the project's members alone, and system notes say what the labels say.
        notes = (await listed(page, MOST_COMMENT_PAGES)).items
        return [
            Comment(one.author.name or one.author.username if one.author else "", one.created_at.isoformat(), one.body)
            for one in notes
            if not (one.system or one.internal or one.confidential)
        ]


def _path(project: str) -> str:
    return f"/api/v4/projects/{quote(project, safe='')}/issues"


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the API; nothing is asked before entries are."""
    token = settings.token.get_secret_value() if settings.token else ""
    site = Site(
        name="GitLab",
        url=settings.url,
        limits=settings,
        headers={"PRIVATE-TOKEN": token} if token else {},
        secrets=(token,),
        advice={
            401: "make a new token with the scope read_api (Preferences › Access tokens)",
            403: "give the token the scope read_api, and its owner at least the role Reporter in the project",
            404: "gone, or projects is wrong, or the token's owner is no member of the project",
        },
    )
    async with open_client(site, network) as client:
        yield GitLabSource(settings, client)
