"""What changed in GitLab projects, on gitlab.com or a server of one's own, as a read-only tool."""

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field, field_validator

from connectors.tools.api import REAL, Outside, open_api
from connectors.tools.code_hosts import Changed, CodeHost, HostSettings, Listing, Place, Sort
from connectors.tools.port import Change, Tools
from connectors.tools.questions import Question, Questions
from connectors.tools.untrusted import headline, one_line, web_link

_PROJECT = "/api/v4/projects/{quoted}"


class Settings(HostSettings):
    """Which projects. The token (personal, group or project) needs ``read_api``; public projects need none."""

    url: str = "https://gitlab.com"
    """The server's address, without ``/api/v4``."""

    projects: tuple[Place, ...] = Field(min_length=1, max_length=50)
    """Whose changes are told, as ``group/project``."""

    @field_validator("projects")
    @classmethod
    def _are_projects(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)+", name, re.ASCII) for name in names):
            raise ValueError("write each as group/project, without the server's address")
        return names


class _User(BaseModel):
    username: str = ""
    name: str = ""


class _Environment(BaseModel):
    name: str = ""


class _Links(BaseModel):
    self: str = ""


class _Pipeline(BaseModel):
    id: int
    sha: str
    ref: str = ""
    status: str
    source: str = ""
    name: str | None = None
    updated_at: dt.datetime
    web_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.updated_at

    def change(self, place: str) -> Change:
        return Change(
            id=f"pipeline {self.id}",
            at=self.updated_at,
            service=place,
            kind="pipeline",
            summary=one_line(f"{self.name or 'pipeline'} {self.id} on {self.source}: {self.ref}"),
            version=self.sha[:8],
            link=web_link(self.web_url),
            more={"state": one_line(self.status)},
        )


class _Head(BaseModel):
    title: str = ""


class _Run(BaseModel):
    web_url: str = ""


class _Job(BaseModel):
    commit: _Head | None = None
    pipeline: _Run | None = None


class _Deployment(BaseModel):
    id: int
    sha: str
    ref: str = ""
    status: str
    updated_at: dt.datetime
    user: _User | None = None
    environment: _Environment | None = None
    deployable: _Job | None = None

    @property
    def listed_at(self) -> dt.datetime:
        return self.updated_at

    def change(self, place: str) -> Change:
        job = self.deployable or _Job()
        return Change(
            id=f"deployment {self.id}",
            at=self.updated_at,
            service=place,
            summary=headline(job.commit.title) if job.commit else "deploy",
            environment=one_line(self.environment.name) if self.environment else "",
            version=one_line(f"{self.ref} ({self.sha[:8]})"),
            author=_who(self.user),
            link=web_link(job.pipeline.web_url) if job.pipeline else "",
            more={"state": one_line(self.status)},
        )


class _Release(BaseModel):
    tag_name: str
    name: str | None = None
    released_at: dt.datetime | None = None
    author: _User | None = None
    links: _Links = Field(default=_Links(), alias="_links")

    @property
    def listed_at(self) -> dt.datetime | None:
        return self.released_at

    def change(self, place: str) -> Change | None:
        if self.released_at is None:
            return None
        return Change(
            id=one_line(f"release {self.tag_name}"),
            at=self.released_at,
            service=place,
            kind="release",
            summary=one_line(self.name) or one_line(self.tag_name) or "release",
            version=one_line(self.tag_name),
            author=_who(self.author),
            link=web_link(self.links.self),
        )


class _Merge(BaseModel):
    iid: int
    title: str
    merged_at: dt.datetime | None = None
    updated_at: dt.datetime
    author: _User | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    sha: str | None = None
    web_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.updated_at

    def change(self, place: str) -> Change | None:
        if self.merged_at is None:
            return None
        return Change(
            id=f"merge {self.iid}",
            at=self.merged_at,
            service=place,
            kind="merge",
            summary=one_line(f"!{self.iid} {self.title}"),
            version=(self.merge_commit_sha or self.squash_commit_sha or self.sha or "")[:8],
            author=_who(self.author),
            link=web_link(self.web_url),
        )


class _Commit(BaseModel):
    id: str
    title: str = ""
    author_name: str = ""
    committed_date: dt.datetime
    web_url: str = ""

    @property
    def listed_at(self) -> dt.datetime:
        return self.committed_date

    def change(self, place: str) -> Change:
        return Change(
            id=f"commit {self.id[:64]}",
            at=self.committed_date,
            service=place,
            kind="commit",
            summary=headline(self.title),
            version=self.id[:8],
            author=one_line(self.author_name),
            link=web_link(self.web_url),
        )


def _updated(start: str, end: str) -> Mapping[str, str]:
    return {"order_by": "updated_at", "sort": "desc", "updated_after": start, "updated_before": end}


LISTINGS: Mapping[Sort, Listing] = {
    # https://docs.gitlab.com/api/deployments/#list-project-deployments
    "deployment": Listing(
        f"{_PROJECT}/deployments",
        lambda one: one.of(list[_Deployment], "GitLab"),
        lambda start, end, _branch: _updated(start, end),
    ),
    # https://docs.gitlab.com/api/releases/#list-releases
    "release": Listing(
        f"{_PROJECT}/releases",
        lambda one: one.of(list[_Release], "GitLab"),
        lambda _start, _end, _branch: {"order_by": "released_at", "sort": "desc"},
    ),
    # https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests: updated after the window, too.
    "merge": Listing(
        f"{_PROJECT}/merge_requests",
        lambda one: one.of(list[_Merge], "GitLab"),
        lambda start, _end, branch: {**_updated(start, ""), "state": "merged", "target_branch": branch},
    ),
    # https://docs.gitlab.com/api/pipelines/#list-project-pipelines
    "pipeline": Listing(
        f"{_PROJECT}/pipelines",
        lambda one: one.of(list[_Pipeline], "GitLab"),
        lambda start, end, branch: {**_updated(start, end), "ref": branch},
    ),
    # https://docs.gitlab.com/api/commits/#list-repository-commits
    "commit": Listing(
        f"{_PROJECT}/repository/commits",
        lambda one: one.of(list[_Commit], "GitLab"),
        lambda start, end, branch: {"since": start, "until": end, "ref_name": branch},
    ),
}


def _who(user: _User | None) -> str:
    return one_line(user.name or user.username) if user else ""


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tool; nothing is asked before the first call."""
    async with open_api("GitLab", settings, outside) as api:
        asks = CodeHost(settings, api, settings.projects, LISTINGS, settings.url)
        yield Questions(Question("gitlab_changes", "What changed on GitLab", "changes", Changed, asks.changes))
