"""Issues of GitHub repositories with their comments, from github.com or an Enterprise Server; no pull requests.

https://docs.github.com/en/rest/issues/issues and https://docs.github.com/en/rest/issues/comments
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import BaseModel, field_validator

from connectors.sources.access import Address, Names, Token, bearer, web_link
from connectors.sources.listing import by_id, each, listed, stamp
from connectors.sources.polite import REAL, Answer, Client, Limits, Network, Site, open_client
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable
from connectors.sources.ticket import MOST_COMMENT_PAGES, Comment, Ticket

# Enterprise Servers refuse newer versions than their own; github.com supports this one until March 2028 at least.
_VERSION = "2022-11-28"


class Settings(Limits):
    """The table [connectors.sources.github]."""

    name: str = "github"
    """What the source is called in the library."""

    url: Address = "https://api.github.com"
    """The API's address; an Enterprise Server has it at `https://<host>/api/v3`."""

    repositories: Names
    """Whose issues are read, as `owner/name`."""

    token: Token | None = None
    """A fine-grained token with "Issues: read-only", or a classic one with `repo`; public repositories need none."""

    @field_validator("repositories")
    @classmethod
    def _are_repositories(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII) for name in names):
            raise ValueError("must be written as owner/name")
        return names


class _User(BaseModel):
    login: str


class _Label(BaseModel):
    name: str = ""


class _Issue(BaseModel):
    number: int
    title: str
    html_url: str
    repository_url: str
    state: str
    updated_at: dt.datetime
    created_at: dt.datetime
    comments: int = 0
    state_reason: str | None = None
    body: str | None = None
    user: _User | None = None
    labels: list[_Label | str] = []
    pull_request: dict[str, object] | None = None

    @property
    def repository(self) -> str:
        return "/".join(self.repository_url.split("/")[-2:])


class _Comment(BaseModel):
    created_at: dt.datetime
    body: str | None = None
    user: _User | None = None


class GitHubSource:
    """Issues named `owner/name#number`. An issue changed when its time of change or number of comments did."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The issues of all repositories, sorted by id; one call for each hundred."""
        skipped: Counter[str] = Counter()
        entries = [entry for name in self._settings.repositories for entry in await self._issues(name, skipped)]
        self.skipped = dict(skipped)
        return by_id(entries)

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named issues, each with its comments: one call, and one for each hundred comments."""
        return each(ids, self._document)

    async def _issues(self, repository: str, skipped: Counter[str]) -> list[Entry]:
        query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": "100"}
        if self._settings.since_days:
            since = self._client.now - dt.timedelta(days=self._settings.since_days)
            query["since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")

        async def page(mark: str) -> tuple[list[_Issue], str]:
            answer = await self._get(mark) if mark else await self._get(f"/repos/{repository}/issues", query)
            return answer.of(list[_Issue]), answer.next

        found = await listed(page, self._settings.max_pages)
        if not found.complete:
            skipped["issue beyond max_pages"] += 1
        issues = [issue for issue in found.items if issue.pull_request is None]
        if len(issues) < len(found.items):
            skipped["pull request"] += len(found.items) - len(issues)
        for moved in (issue.repository for issue in issues if issue.repository.lower() != repository.lower()):
            raise SourceUnavailable(f"{repository} is now called {moved}: write that into repositories.")
        return [Entry(f"{repository}#{one.number}", self._stamp(one), 0) for one in issues]

    def _stamp(self, issue: _Issue) -> str:
        return stamp(issue.updated_at.isoformat(), issue.comments, readers=self._settings.readers)

    async def _document(self, id: str) -> Document | Unreadable:
        repository, _, number = id.rpartition("#")
        if repository not in self._settings.repositories or not number.isdecimal():
            return Unreadable(id, "not an issue of the repositories in the settings")
        path = f"/repos/{repository}/issues/{number}"
        issue = (await self._get(path)).of(_Issue)
        if issue.repository.lower() != repository.lower():
            return Unreadable(id, f"moved to {issue.repository}")
        return Ticket(
            id=id,
            title=issue.title,
            link=web_link(issue.html_url, id),
            facts={
                "status": issue.state,
                "resolution": issue.state_reason or "",
                "reporter": issue.user.login if issue.user else "",
                "date": issue.updated_at.date().isoformat(),
            },
            description=issue.body or "",
            comments=await self._comments(path) if issue.comments else (),
            labels={"tags": [one if isinstance(one, str) else one.name for one in issue.labels]},
            readers=self._settings.readers,
        ).document()

    async def _comments(self, path: str) -> list[Comment]:
        async def page(mark: str) -> tuple[list[_Comment], str]:
            answer = await self._get(mark) if mark else await self._get(f"{path}/comments", {"per_page": "100"})
            return answer.of(list[_Comment]), answer.next

        found = await listed(page, MOST_COMMENT_PAGES)
        return [
            Comment(one.user.login if one.user else "ghost", one.created_at.isoformat(), one.body or "")
            for one in found.items
        ]

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return await self._client.get(path, query)


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the API; nothing is asked before entries are."""
    token = settings.token
    site = Site(
        name="GitHub",
        url=settings.url,
        limits=settings,
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION, **bearer(token)},
        secrets=(token.get_secret_value(),) if token else (),
        # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: not always with a header.
        busy=lambda answer: answer.status == 403 and b"secondary rate limit" in answer.raw,
        advice={
            401: "make a new token (Settings › Developer settings › Personal access tokens)",
            403: "the token needs Issues: read-only on the repository, or single sign-on for its organization",
            404: "gone, or repositories is wrong, or the token may not read the repository (Issues: read-only)",
            410: "deleted, or the repository has its issues switched off",
        },
    )
    async with open_client(site, network) as client:
        yield GitHubSource(settings, client)
