"""Jira tickets that a JQL query finds, from Atlassian's cloud or a Data Center, with cause, fix and comments.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ (`/search/jql`, as the cloud's
`/search` is gone since 2025) and https://developer.atlassian.com/server/jira/platform/rest/
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import quote

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from connectors.sources.access import ATLASSIAN_CREDENTIAL, Address, Token, basic, bearer
from connectors.sources.formats.adf import markdown as adf_markdown
from connectors.sources.formats.html import read as read_html
from connectors.sources.formats.page import CannotRead
from connectors.sources.listing import by_id, each, listed, stamp
from connectors.sources.polite import REAL, Client, Limits, Network, NoAnswer, Site, open_client
from connectors.sources.port import Document, Entry, Source, SourceUnavailable, Unreadable
from connectors.sources.ticket import MOST_COMMENT_PAGES, Comment, Ticket

_READ = (
    "summary,description,status,resolution,updated,assignee,reporter,labels,components,priority,issuetype,"
    "security,issuerestriction,comment"
)


class Settings(Limits):
    """The table [connectors.sources.jira]."""

    name: str = "jira"
    """What the source is called in the library."""

    url: Address
    """The site's address, as in a browser; for a scoped cloud token `https://api.atlassian.com/ex/jira/<cloud id>`."""

    edition: Literal["cloud", "data_center"] = "cloud"
    """Which Jira it is: they differ in API and in markup."""

    jql: str
    """Which tickets are read, in Jira's own query language. The cloud wants at least one condition, like a project."""

    user: str = ""
    """The account's e-mail address, for the cloud; empty for a Data Center."""

    token: Token | None = None
    """An API token of that account, or a Data Center's personal access token; none for a site open to all."""

    site: Address | None = None
    """Address under which people open tickets; the url when empty."""

    cause_fields: tuple[str, ...] = ("Root cause", "Cause", "根本原因", "根因")
    """Names of the fields that say why something happened."""

    fix_fields: tuple[str, ...] = ("Fix", "Solution", "Resolution details", "Workaround", "解决方案", "解决办法")
    """Names of the fields that say what helped."""

    security_readers: dict[str, tuple[str, ...]] = Field(default={})
    """Groups that may read tickets of a security level, by its name; tickets of any other level are left out."""

    @field_validator("jql")
    @classmethod
    def _asks_for_something(cls, jql: str) -> str:
        if not _condition(jql):
            raise ValueError('must say which tickets to read, for example project = OPS and type = "Incident"')
        return jql

    @model_validator(mode="after")
    def _credential_is_whole(self) -> "Settings":
        if self.user and not self.token:
            raise ValueError("user is given, but token is missing")
        if self.token and not self.user and self.edition == "cloud":
            raise ValueError("user is missing: a cloud token goes with its account's e-mail address")
        return self


class _Name(BaseModel):
    """What something or somebody is called; people's `name` is what they log in with."""

    name: str = Field(default="", validation_alias=AliasChoices("displayName", "name"))
    id: str = ""


class _Comment(BaseModel):
    body: JsonValue = None
    rendered: str = Field(default="", alias="renderedBody")
    created: str = ""
    author: _Name | None = None
    visibility: dict[str, JsonValue] | None = None


class _Comments(BaseModel):
    comments: list[_Comment] = []
    total: int = 0


class _Roles(BaseModel):
    """A team-managed project's way to reserve a ticket."""

    roles: dict[str, JsonValue] = Field(default={}, alias="issuerestrictions")


class _Fields(BaseModel):
    model_config = ConfigDict(extra="allow")

    updated: str
    summary: str = ""
    description: JsonValue = None
    status: _Name | None = None
    resolution: _Name | None = None
    priority: _Name | None = None
    issuetype: _Name | None = None
    security: _Name | None = None
    issuerestriction: _Roles | None = None
    assignee: _Name | None = None
    reporter: _Name | None = None
    labels: list[str] = []
    components: list[_Name] = []
    comment: _Comments = _Comments()


class _Issue(BaseModel):
    key: str
    fields: _Fields
    rendered: dict[str, JsonValue] = Field(default={}, alias="renderedFields")


class _Found(BaseModel):
    issues: list[_Issue]
    next: str | None = Field(default=None, alias="nextPageToken")
    total: int = 0


class JiraSource:
    """Tickets named by their key. A ticket changed when its time of change or its readers did."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._cloud = settings.edition == "cloud"
        self._api = "/rest/api/3" if self._cloud else "/rest/api/2"
        self._fields: list[_Name] = []
        self.name = settings.name
        self.skipped: Mapping[str, int] = {}

    async def entries(self) -> list[Entry]:
        """The tickets, sorted by key; one call for each hundred."""
        found = await listed(self._page, self._settings.max_pages)
        skipped: Counter[str] = Counter({"ticket beyond max_pages": 1} if not found.complete else {})
        entries = []
        for issue in found.items:
            readers = self._readers(issue)
            if readers is None:
                skipped["ticket for roles, or with a security level that security_readers does not name"] += 1
            else:
                entries.append(Entry(issue.key, stamp(issue.fields.updated, readers=readers), 0))
        self.skipped = dict(skipped)
        return by_id(entries)

    def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named tickets, one call each; one more for each hundred comments when Jira does not send them along."""
        return each(ids, self._document)

    async def _page(self, mark: str) -> tuple[list[_Issue], str]:
        days = f" AND updated >= -{self._settings.since_days}d" if self._settings.since_days else ""
        query = {
            "jql": f"({_condition(self._settings.jql)}){days} ORDER BY updated DESC",
            "fields": "updated,security,issuerestriction",
            "maxResults": "100",
        }
        if self._cloud:
            query |= {"nextPageToken": mark} if mark else {}
            found = (await self._client.get(f"{self._api}/search/jql", query)).of(_Found)
            return found.issues, found.next or ""
        found = (await self._client.get(f"{self._api}/search", {**query, "startAt": mark or "0"})).of(_Found)
        reached = int(mark or 0) + len(found.issues)
        return found.issues, str(reached) if found.issues and reached < found.total else ""

    def _readers(self, issue: _Issue) -> tuple[str, ...] | None:
        """Groups that may read the ticket, none for everybody; None when it is not for us to tell."""
        level, reserved = issue.fields.security, issue.fields.issuerestriction
        if reserved and reserved.roles:
            return None
        return self._settings.readers if level is None else self._settings.security_readers.get(level.name) or None

    async def _document(self, id: str) -> Document | Unreadable:
        causes, fixes = await self._ids(self._settings.cause_fields), await self._ids(self._settings.fix_fields)
        query = {"fields": ",".join([_READ, *causes, *fixes])} | ({} if self._cloud else {"expand": "renderedFields"})
        path = f"{self._api}/issue/{quote(id, safe='')}"
        issue = (await self._client.get(path, query)).of(_Issue)
        readers = self._readers(issue)
        if readers is None or issue.key != id:
            return Unreadable(id, "by now reserved for some" if readers is None else f"now called {issue.key}")
        resolved = issue.fields.resolution is not None
        try:
            return Ticket(
                id=id,
                title=issue.fields.summary,
                link=f"{self._settings.site or self._settings.url}/browse/{quote(id)}",
                facts=_facts(issue.fields),
                description=self._text(issue, "description"),
                sections={
                    "Cause" if resolved else "Suspected cause": self._said(issue, causes),
                    "Fix" if resolved else "Proposed fix": self._said(issue, fixes),
                },
                comments=await self._comments(path, issue.fields.comment),
                labels={"tags": issue.fields.labels, "component": [one.name for one in issue.fields.components]},
                readers=readers,
            ).document()
        except CannotRead as reason:
            return Unreadable(id, str(reason))

    async def _ids(self, names: tuple[str, ...]) -> list[str]:
        """The ids of the fields of these names, in their order; Jira is asked once."""
        try:
            self._fields = self._fields or (await self._client.get(f"{self._api}/field")).of(list[_Name])
        except NoAnswer as refusal:
            raise SourceUnavailable(f"The list of fields cannot be had: {refusal}") from refusal
        return [one.id for name in names for one in self._fields if one.name.casefold() == name.casefold()]

    def _said(self, issue: _Issue, ids: list[str]) -> str:
        return "\n\n".join(text for id in ids if (text := self._text(issue, id)))

    def _text(self, issue: _Issue, id: str) -> str:
        given = issue.fields.description if id == "description" else (issue.fields.model_extra or {}).get(id)
        return _markdown(given, issue.rendered.get(id))

    async def _comments(self, path: str, first: _Comments) -> list[Comment]:
        rendered = {} if self._cloud else {"expand": "renderedBody"}

        async def page(mark: str) -> tuple[list[_Comment], str]:
            query = {"startAt": mark or "0", "maxResults": "100", "orderBy": "created"} | rendered
            found = (await self._client.get(f"{path}/comment", query)).of(_Comments)
            reached = int(mark or 0) + len(found.comments)
            return found.comments, str(reached) if found.comments and reached < found.total else ""

        whole = self._cloud and first.total <= len(first.comments)
        found = first.comments if whole or not first.total else (await listed(page, MOST_COMMENT_PAGES)).items
        # What is visible to a role or a group alone is not for all who may read the ticket.
        return [
            Comment(one.author.name if one.author else "", one.created, _markdown(one.body, one.rendered))
            for one in found
            if not one.visibility
        ]


def _condition(jql: str) -> str:
    """The query without its order: which tickets come first is not for it to say."""
    return re.sub(r"(?:^|\s+)order\s+by\s[^\"']*$", "", jql, flags=re.IGNORECASE).strip()


def _facts(fields: _Fields) -> dict[str, str]:
    named = {
        "type": fields.issuetype,
        "status": fields.status,
        "resolution": fields.resolution,
        "priority": fields.priority,
        "owner": fields.assignee,
        "reporter": fields.reporter,
    }
    return {**{key: one.name for key, one in named.items() if one}, "date": fields.updated[:10]}


def _markdown(value: JsonValue, rendered: JsonValue) -> str:
    """A field's text: a Data Center renders its wiki markup to HTML itself, the cloud sends a document."""
    if isinstance(rendered, str) and rendered.strip():
        markup = rendered.replace("\0", "").replace('<pre class="code-', '<pre class="language-')
        return read_html(markup.encode(errors="replace")).text
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := _markdown(one, None)))
    if isinstance(value, dict):
        option = value.get("value") or value.get("name")
        return str(option) if option and value.get("type") != "doc" else adf_markdown(value)
    return "" if value is None else str(value)


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[Source]:
    """Open the API; nothing is asked before entries are."""
    token = settings.token
    site = Site(
        name="Jira",
        url=settings.url,
        limits=settings,
        headers=basic(settings.user, token) if settings.user and token else bearer(token),
        secrets=(token.get_secret_value(),) if token else (),
        advice={
            400: "check jql: try it in Jira's own search",
            401: ATLASSIAN_CREDENTIAL,
            403: "give the account the permission Browse projects (Project settings › Permissions)",
            404: "gone, or the account may not browse it, or url or edition is wrong",
            410: "set edition to cloud",
        },
    )
    async with open_client(site, network) as client:
        yield JiraSource(settings, client)
