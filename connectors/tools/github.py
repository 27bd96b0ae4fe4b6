"""What changed in GitHub repositories, on github.com or an Enterprise Server, as a read-only tool."""

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

from connectors.tools.api import REAL, Outside, open_api
from connectors.tools.code_hosts import Changed, CodeHost, HostSettings, Listing, Place, Sort
from connectors.tools.port import Change, Tools, ToolUnavailable
from connectors.tools.questions import Question, Questions
from connectors.tools.untrusted import headline, one_line, web_link

_MOST_STATES = 20


class Settings(HostSettings):
    """Which repositories. A fine-grained token reads Contents, Deployments, Actions and Pull requests; public: none."""

    fixed_headers: ClassVar[Mapping[str, str]] = {
        "Accept": "application/vnd.github+json",
        # Enterprise Servers refuse versions newer than their own.
        "X-GitHub-Api-Version": "2022-11-28",
    }

    url: str = "https://api.github.com"
    """The API's address; an Enterprise Server has it at ``https://<host>/api/v3``."""

    repositories: tuple[Place, ...] = Field(min_length=1, max_length=50)
    """Whose changes are told, as ``owner/name``."""

    @field_validator("repositories")
    @classmethod
    def _are_repositories(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[\w-][\w.-]*/(?!\.+$)[\w.-]+", name, re.ASCII) for name in names):
            raise ValueError("write each as owner/name")
        return names


class _User(BaseModel):
    login: str = ""


class _Deployment(BaseModel):
    id: int
    sha: str
    ref: str
    task: str = ""
    environment: str
    description: str | None = None
    creator: _User | None = None
    created_at: dt.datetime

    @property
    def listed_at(self) -> dt.datetime:
        return self.created_at

    def change(self, place: str) -> Change:
        version = self.ref if self.sha.startswith(self.ref) else f"{self.ref} ({self.sha[:7]})"
        return Change(
            id=str(self.id),
            at=self.created_at,
            service=place,
            summary=one_line(self.description) or one_line(self.task) or "deploy",
            environment=one_line(self.environment),
            version=one_line(version if len(version) < 40 else self.sha[:7]),
            author=_login(self.creator),
        )


class _Status(BaseModel):
    state: str


class _Release(BaseModel):
    id: int
    tag_name: str
    name: str | None = None
    prerelease: bool = False
    published_at: dt.datetime | None = None
    author: _User | None = None
    html_url: str = ""

    @property
    def listed_at(self) -> dt.datetime | None:
        return self.published_at

    def change(self, place: str) -> Change | None:
        if self.published_at is None:
            return None
        return Change(
            id=f"release {self.id}",
            at=self.published_at,
            service=place,
            kind="release",
            summary=one_line(self.name) or one_line(self.tag_name) or "release",
            version=one_line(self.tag_name),
            author=_login(self.author),
            link=web_link(self.html_url),
            more={"state": "prerelease"} if self.prerelease else {},
        )


class _Pull(BaseModel):
    number: int
    title: str
    merged_at: dt.datetime | None = None
    updated_at: dt.datetime
    merge_commit_sha: str | None = None
    user: _User | None = None
    html_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.updated_at

    def change(self, place: str) -> Change | None:
        if self.merged_at is None:
            return None
        return Change(
            id=f"merge {self.number}",
            at=self.merged_at,
            service=place,
            kind="merge",
            summary=one_line(f"#{self.number} {self.title}"),
            version=(self.merge_commit_sha or "")[:7],
            author=_login(self.user),
            link=web_link(self.html_url),
        )


class _Run(BaseModel):
    id: int
    name: str | None = None
    display_title: str = ""
    run_number: int
    event: str = ""
    status: str | None = None
    conclusion: str | None = None
    head_sha: str = ""
    created_at: dt.datetime
    actor: _User | None = None
    html_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.created_at

    def change(self, place: str) -> Change:
        return Change(
            id=f"pipeline {self.id}",
            at=self.created_at,
            service=place,
            kind="pipeline",
            summary=one_line(f"{self.name or 'workflow'} #{self.run_number} on {self.event}: {self.display_title}"),
            version=self.head_sha[:7],
            author=_login(self.actor),
            link=web_link(self.html_url),
            more={"state": one_line(self.conclusion or self.status)},
        )


class _Runs(BaseModel):
    workflow_runs: list[_Run]


class _Signed(BaseModel):
    name: str = ""
    date: dt.datetime


class _Message(BaseModel):
    message: str = ""
    author: _Signed
    committer: _Signed


class _Commit(BaseModel):
    sha: str
    commit: _Message
    html_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.commit.committer.date

    def change(self, place: str) -> Change:
        return Change(
            id=f"commit {self.sha[:64]}",
            at=self.commit.committer.date,
            service=place,
            kind="commit",
            summary=headline(self.commit.message),
            version=self.sha[:7],
            author=one_line(self.commit.author.name),
            link=web_link(self.html_url),
        )


LISTINGS: Mapping[Sort, Listing] = {
    # https://docs.github.com/en/rest/deployments/deployments#list-deployments
    "deployment": Listing("/repos/{place}/deployments", lambda one: one.of(list[_Deployment], "GitHub")),
    # https://docs.github.com/en/rest/releases/releases#list-releases
    "release": Listing("/repos/{place}/releases", lambda one: one.of(list[_Release], "GitHub")),
    # https://docs.github.com/en/rest/pulls/pulls#list-pull-requests: a merge is an update, too.
    "merge": Listing(
        "/repos/{place}/pulls",
        lambda one: one.of(list[_Pull], "GitHub"),
        lambda _start, _end, branch: {"state": "closed", "sort": "updated", "direction": "desc", "base": branch},
    ),
    # https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
    "pipeline": Listing(
        "/repos/{place}/actions/runs",
        lambda one: one.of(_Runs, "GitHub").workflow_runs,
        lambda start, end, branch: {"created": f"{start}..{end}", "branch": branch},
    ),
    # https://docs.github.com/en/rest/commits/commits#list-commits: 409 says that the repository is empty.
    "commit": Listing(
        "/repos/{place}/commits",
        lambda one: one.of(list[_Commit], "GitHub"),
        lambda start, end, branch: {"since": start, "until": end, "sha": branch},
        (409,),
    ),
}


class GitHub(CodeHost):
    """Asks the REST API, version 2022-11-28 (https://docs.github.com/en/rest?apiVersion=2022-11-28)."""

    async def completed(self, place: str, changes: Sequence[Change]) -> Sequence[Change]:
        """The newest ones with their states: https://docs.github.com/en/rest/deployments/statuses."""
        states = await asyncio.gather(*(self._state(place, one.id) for one in changes[:_MOST_STATES]))
        states += [""] * (len(changes) - len(states))
        link = f"{self._console}/{place}/deployments"
        return [
            one.model_copy(update={"link": link, "more": {"state": state} if state else {}})
            for one, state in zip(changes, states, strict=True)
        ]

    async def _state(self, place: str, deployment: str) -> str:
        path = f"/repos/{place}/deployments/{deployment}/statuses"
        try:
            found = (await self._api.get(path, {"per_page": "1"})).of(list[_Status], "GitHub")
        except ToolUnavailable:
            # That something was deployed is worth telling, even if nobody can say how it went.
            return "unknown"
        return one_line(found[0].state) if found else "no state"


def _login(user: _User | None) -> str:
    return one_line(user.login) if user else ""


def _console(url: str) -> str:
    """Where people look: the same host, but for github.com."""
    parts = urlsplit(url)
    return "https://github.com" if parts.hostname == "api.github.com" else f"{parts.scheme}://{parts.netloc}"


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tool; nothing is asked before the first call."""
    async with open_api("GitHub", settings, outside) as api:
        asks = GitHub(settings, api, settings.repositories, LISTINGS, _console(settings.url))
        yield Questions(Question("github_changes", "What changed on GitHub", "changes", Changed, asks.changes))
