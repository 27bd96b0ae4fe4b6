"""Jira as read-only tools: tickets found by words, recent incidents, one ticket in full."""

import math
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator

from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.jira_ticket import COLUMNS, Found, Ticket, in_full
from connectors.tools.port import BadArguments, Result, Table, Tools
from connectors.tools.questions import Asked, Question, Questions, Span

_LISTED = "summary,status,issuetype,priority,assignee,created,updated,resolution,security,issuerestriction"
_READ = f"{_LISTED},description,reporter,labels,components,comment"


class Settings(Access):
    """Which Jira, and which projects of it. In the cloud ``user`` and ``token`` go together."""

    edition: Literal["cloud", "data_center"] = "cloud"
    """Which Jira it is: they differ in API."""

    projects: tuple[str, ...] = Field(min_length=1, max_length=50)
    """Keys of the projects whose tickets are told, such as ``OPS``."""

    incident_types: tuple[str, ...] = ("Incident",)
    """Types of tickets that are incidents."""

    site: str = ""
    """Address under which people open tickets; ``url`` when empty."""

    restricted: bool = False
    """Whether to tell tickets and comments, too, that Jira reserves for some people."""

    max_tickets: int = Field(default=30, gt=0, le=100)
    """How many tickets of an answer are told."""

    @field_validator("projects")
    @classmethod
    def _are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[A-Z][A-Z0-9_]{1,30}", key) for key in keys):
            raise ValueError("write each as the key before a ticket's number, such as OPS")
        return keys

    @model_validator(mode="after")
    def _credential_is_whole(self) -> "Settings":
        if self.user and not (self.token or self.password):
            raise ValueError("user is given, but token is missing")
        if self.token and not self.user and self.edition == "cloud":
            raise ValueError("user is missing: a cloud token goes with its account's e-mail address")
        return self


class Search(Asked):
    """Tickets of Jira that have some words in them, the last changed first: was this seen before, who is on it."""

    words: str = Field(min_length=1, max_length=300)
    """Words that the ticket has in it, all of them, such as checkout timeout. No query language."""

    state: Literal["any", "open", "done"] = "any"
    """Only tickets that are not done, or that are."""

    days: int = Field(default=0, ge=0, le=3650)
    """Only tickets that changed in so many days; 0 for any."""


class Recent(Span):
    """Incidents among the tickets of Jira that were created in a window, the newest first."""

    last: str = Field(default="7d", pattern=r"^[1-9]\d{0,4}[smhdw]$")
    """How far back without a start: a number and s, m, h, d or w."""

    service: str = Field(default="", max_length=100)
    """Only those that have this service in their text."""


class Read(Asked):
    """One ticket of Jira in full: description, people, state and comments."""

    key: str = Field(max_length=60, pattern=r"^[A-Z][A-Z0-9_]+-[1-9]\d*$")
    """Its key, such as OPS-123."""


class Jira:
    """Asks the REST API: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/.

    A Data Center has the same under another name: https://developer.atlassian.com/server/jira/platform/rest/.
    """

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api
        cloud = settings.edition == "cloud"
        self._search = "/rest/api/3/search/jql" if cloud else "/rest/api/2/search"
        self._issue = "/rest/api/3/issue" if cloud else "/rest/api/2/issue"
        self._site = (settings.site or settings.url).rstrip("/")

    async def search(self, asked: Search) -> Result:
        """Tickets by words, the last changed first."""
        words = phrase(asked.words)
        if not words:
            raise BadArguments("words: give at least one word or number.")
        conditions = [f"text ~ {literal(words)}"]
        conditions += {"open": ["statusCategory != Done"], "done": ["statusCategory = Done"]}.get(asked.state, [])
        conditions += [f"updated >= -{asked.days}d"] if asked.days else []
        found, more, exact = await self._found(conditions, "updated DESC")
        return self._told(found, exact, f"tickets with {words}", more=more)

    async def incidents(self, asked: Recent) -> Result:
        """Incidents of a window, the newest first."""
        window = asked.window(self._api.now)
        types = ", ".join(map(literal, self._settings.incident_types))
        # A time of day means that of the account's zone; so many minutes ago is the same everywhere.
        conditions = [f"issuetype in ({types})", f"created >= -{self._minutes(window.start, math.ceil)}m"]
        conditions += [f"created <= -{ago}m"] if (ago := self._minutes(window.end, math.floor)) > 0 else []
        conditions += [f"text ~ {literal(words)}"] if (words := phrase(asked.service)) else []
        found, more, exact = await self._found(conditions, "created DESC")
        found = [one for one in found if window.holds(one.fields.created)]
        about = f" about {words}" if words else ""
        return self._told(found, exact, f"incidents created {window}{about}", more=more)

    async def ticket(self, asked: Read) -> Result:
        """All of it, the newest comments."""
        path, link = f"{self._issue}/{asked.key}", self._link(asked.key)
        exact = f"GET {path}"
        if asked.key.rpartition("-")[0] not in self._settings.projects:
            raise BadArguments(f"Only tickets of {', '.join(self._settings.projects)} may be read.")
        answer = await self._api.get(path, {"fields": _READ}, 404)
        ticket = None if answer.status == 404 else answer.of(Ticket, "Jira")
        # A ticket that was moved answers under its old key as well.
        if ticket is None or ticket.key.rpartition("-")[0] not in self._settings.projects or self._hidden(ticket):
            return Result(f"No ticket {asked.key} that may be read.", exact, link)
        text, cut = in_full(ticket, restricted=self._settings.restricted)
        return Result(text, exact, self._link(ticket.key), truncated=cut)

    async def _found(self, conditions: Sequence[str], order: str) -> tuple[list[Ticket], bool, str]:
        """Tickets, whether there are more, and the query."""
        projects = ", ".join(map(literal, self._settings.projects))
        jql = " AND ".join([f"project in ({projects})", *conditions]) + f" ORDER BY {order}"
        query = {"jql": jql, "fields": _LISTED, "maxResults": str(self._settings.max_tickets)}
        found = (await self._api.get(self._search, query)).of(Found, "Jira")
        more = bool(found.next) or found.total > len(found.issues)
        return found.issues, more, jql

    def _hidden(self, ticket: Ticket) -> bool:
        return ticket.restricted and not self._settings.restricted

    def _told(self, found: Sequence[Ticket], exact: str, what: str, *, more: bool) -> Result:
        rows = tuple(one.row(self._link(one.key)) for one in found if not self._hidden(one))
        lines = [f"{len(rows)}{' and more' if more else ''} {what}:" if rows else f"No {what}."]
        for key, kind, state, priority, created, updated, summary, assignee, _ in rows:
            who = f", {assignee}" if assignee else ""
            lines.append(f"{key} {kind}, {state}, {priority}{who}: {summary} (created {created}, updated {updated})")
        hidden = len(found) - len(rows)
        lines += [f"{hidden} more that Jira reserves for some people."] if hidden else []
        link = f"{self._site}/issues/?jql={quote(exact, safe='')}"
        return Result("\n".join(lines), exact, link, Table(COLUMNS, rows) if rows else None, truncated=more)

    def _minutes(self, at: float, rounded: Callable[[float], int]) -> int:
        return rounded((self._api.now - at) / 60)

    def _link(self, key: str) -> str:
        return f"{self._site}/browse/{key}"


def phrase(text: str) -> str:
    """The words and numbers of a text, as a text search takes them: no sign and no word of its syntax is left.

    https://support.atlassian.com/jira-software-cloud/docs/search-for-issues-using-the-text-field/
    """
    words = re.findall(r"\w+", text)[:20]
    return " ".join(word.lower() if word in ("AND", "OR", "NOT") else word for word in words)


def literal(text: str) -> str:
    """A text as JQL quotes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    if settings.user and settings.token:
        # In the cloud a token is the password of its account (https://developer.atlassian.com/cloud/jira/platform/
        # basic-auth-for-rest-apis/); by itself it is a Data Center's personal access token.
        settings = settings.model_copy(update={"password": settings.token, "token": None})
    async with open_api("Jira", settings, outside) as api:
        asks = Jira(settings, api)
        questions: list[Question[Any]] = [
            Question("jira_search", "Tickets with some words", "other", Search, asks.search),
            Question("jira_incidents", "Recent incidents in Jira", "other", Recent, asks.incidents),
            Question("jira_ticket", "One ticket in full", "other", Read, asks.ticket),
        ]
        yield Questions(*questions)
