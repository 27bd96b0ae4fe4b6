"""PagerDuty as read-only tools: who is on call, which incidents are open or were, and what happened in one."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar
from urllib.parse import urlencode

from pydantic import AliasChoices, AwareDatetime, BaseModel, Field

from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.port import Result, Table, Tools
from connectors.tools.questions import Asked, Day, Question, Questions
from connectors.tools.summary import clock, iso
from connectors.tools.untrusted import one_line, web_link

T = TypeVar("T", bound="_Row")
N = TypeVar("N")
Query = dict[str, str | list[str]]
_PAGE, _MOST_SERVICES = 100, 20
_LIST = AliasChoices("oncalls", "incidents", "log_entries", "services", "schedules", "escalation_policies")


class Settings(Access):
    """Which account. The token is a read-only REST API key."""

    scheme: ClassVar[str] = "Token token="
    fixed_headers: ClassVar[Mapping[str, str]] = {"Accept": "application/vnd.pagerduty+json;version=2"}

    url: str = "https://api.pagerduty.com"
    """The API's address; in the European region ``https://api.eu.pagerduty.com``."""

    console: str = "https://app.pagerduty.com"
    """Address of the page that people open, such as ``https://acme.pagerduty.com``."""

    max_pages: int = Field(default=3, gt=0, le=20)
    """How many pages of a hundred are read of one list."""

    max_rows: int = Field(default=50, gt=0, le=500)
    """How many incidents, people or entries of an answer are told."""


class OnCall(Asked):
    """Who is on call in PagerDuty, now or at a moment, by level of escalation."""

    service: str = Field(default="", max_length=100)
    """Only for this service, by its name or a part of it."""

    team: str = Field(default="", max_length=100)
    """Only by escalation policies or schedules with this in their name, such as a team."""

    at: AwareDatetime | None = None
    """The moment, ISO 8601 with an offset; now when left out."""


class Incidents(Day):
    """Incidents of PagerDuty, the newest first: those of a window, or all that are open."""

    open: bool = False
    """Only those that are not resolved, however old they are: start, end and last do not count then."""

    service: str = Field(default="", max_length=100)
    """Only of this service, by its name or a part of it."""

    urgency: Literal["any", "high", "low"] = "any"
    """Only those of this urgency."""


class Log(Asked):
    """What happened in one incident of PagerDuty: triggered, who was notified, acknowledged, notes, resolved."""

    incident: str = Field(pattern=r"^[A-Z0-9]{1,20}$")
    """Its id as pagerduty_incidents gives it, such as PT4KHLK."""


class _Named(BaseModel):
    id: str = ""
    summary: str | None = None

    def __str__(self) -> str:
        return one_line(self.summary)


class _Service(_Named):
    policy: _Named | None = Field(default=None, alias="escalation_policy")


class _Row(Protocol):
    """An entry of a list that is told."""

    @property
    def row(self) -> tuple[str, ...]:
        """It in a table."""

    def __str__(self) -> str:
        """It in a line."""


class _Duty(BaseModel):
    user: _Named
    schedule: _Named | None = None
    policy: _Named = Field(alias="escalation_policy")
    level: int = Field(alias="escalation_level")
    end: dt.datetime | None = None

    @property
    def row(self) -> tuple[str, ...]:
        until = clock(self.end.timestamp()) if self.end else "always"
        return str(self.policy), str(self.level), str(self.user), str(self.schedule or ""), until

    def __str__(self) -> str:
        policy, level, who, schedule, until = self.row
        by = f" by schedule {schedule}" if schedule else ""
        return f"{policy}, level {level}: {who}{by}, {'until ' if self.end else ''}{until}"


class _Assignment(BaseModel):
    assignee: _Named


class _Incident(BaseModel):
    id: str
    number: int = Field(alias="incident_number")
    title: str = ""
    status: str
    urgency: str = ""
    created_at: dt.datetime
    resolved_at: dt.datetime | None = None
    service: _Named | None = None
    priority: _Named | None = None
    assignments: list[_Assignment] = []
    html_url: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        weight = f"{self.urgency} {self.priority or ''}".strip()
        ended = clock(self.resolved_at.timestamp()) if self.resolved_at and self.status == "resolved" else ""
        who = ", ".join(str(one.assignee) for one in self.assignments)
        since, service = clock(self.created_at.timestamp()), str(self.service or "")
        head = (f"#{self.number}", self.id, self.status, weight, since, ended)
        return *head, service, one_line(self.title), who, web_link(self.html_url)

    def __str__(self) -> str:
        number, id, status, weight, since, ended, service, title, who, _ = self.row
        rest = (f"assigned to {who}" if who else "", f"resolved {ended}" if ended else "")
        return ", ".join(filter(None, (f"{since} {number} ({id}) {status}, {weight}, {service}: {title}", *rest)))


class _Entry(BaseModel):
    created_at: dt.datetime
    summary: str | None = None
    type: str = ""
    channel: _Named | None = None

    @property
    def row(self) -> tuple[str, ...]:
        said = one_line(self.channel.summary, 500) if self.channel else ""
        what = one_line(self.summary or self.type)
        return clock(self.created_at.timestamp()), what, "" if said == what else said

    def __str__(self) -> str:
        at, what, said = self.row
        return f"{at} {what}{': ' if said else ''}{said}"


class _Listed(BaseModel, Generic[N]):
    items: list[N] = Field(validation_alias=_LIST)
    more: bool = False


class _One(BaseModel):
    incident: _Incident


class PagerDuty:
    """Asks the REST API, version 2 (https://developer.pagerduty.com/api-reference/)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api

    async def on_call(self, asked: OnCall) -> Result:
        """On-calls (https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls)."""
        at = asked.at.timestamp() if asked.at else self._api.now
        query: Query = {"time_zone": "UTC", "since": iso(at), "until": iso(at + 1)}
        what = " for ".join(filter(None, ("people on call", asked.service, asked.team))) + f" at {clock(at)} UTC"
        if asked.service:
            services = await self._services(asked.service)
            query["escalation_policy_ids[]"] = sorted({one.policy.id for one in services if one.policy})
            if not query["escalation_policy_ids[]"]:
                return self._no_service(asked.service)
        found, more = await self._all("/oncalls", query, _Listed[_Duty])
        wanted = asked.team.casefold()
        meant = {one.row: one for one in found if wanted in f"{one.policy} {one.schedule or ''}".casefold()}
        duties = [meant[row] for row in sorted(meant)]
        columns = ("escalation policy", "level", "who", "schedule", "until")
        return self._told(what, duties, columns, ("/oncalls", query), more=more)

    async def incidents(self, asked: Incidents) -> Result:
        """Incidents (https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents)."""
        window = asked.window(self._api.now)
        query: Query = {"time_zone": "UTC", "sort_by": "created_at:desc"}
        if asked.open:
            query |= {"date_range": "all", "statuses[]": ["triggered", "acknowledged"]}
        else:
            query |= {"since": iso(window.start), "until": iso(window.end)}
        query |= {"urgencies[]": asked.urgency} if asked.urgency != "any" else {}
        what = "open incidents" if asked.open else f"incidents {window}"
        if asked.service:
            what = f"{what} of {asked.service}"
            query["service_ids[]"] = [one.id for one in await self._services(asked.service)]
            if not query["service_ids[]"]:
                return self._no_service(asked.service)
        found, more = await self._all("/incidents", query, _Listed[_Incident])
        columns = ("number", "id", "status", "urgency", "since", "resolved", "service", "title", "assigned to", "link")
        return self._told(what, found, columns, ("/incidents", query), more=more)

    async def log(self, asked: Log) -> Result:
        """Log entries of one incident, the oldest first."""
        path = f"/incidents/{asked.incident}"
        answer = await self._api.get(path, None, 404)
        if answer.status == 404:
            return Result(f"No incident {asked.incident}.", f"GET {path}", self._settings.console)
        incident = answer.of(_One, "PagerDuty").incident
        query: Query = {"time_zone": "UTC"}
        found, more = await self._all(f"{path}/log_entries", query, _Listed[_Entry])
        found.sort(key=lambda one: one.created_at)
        told = self._told(
            f"entries of {incident}", found, ("time", "what", "said"), (f"{path}/log_entries", query), more=more
        )
        return replace(told, link=web_link(incident.html_url))

    async def _services(self, name: str) -> list[_Service]:
        found, _ = await self._all("/services", {"query": name}, _Listed[_Service])
        exact = [one for one in found if str(one).casefold() == name.casefold()]
        return exact or found[:_MOST_SERVICES]

    def _no_service(self, name: str) -> Result:
        exact = f"GET /services?{urlencode({'query': name})}"
        return Result(f"No service of PagerDuty has {name!r} in its name.", exact, self._settings.console)

    async def _all(self, path: str, query: Query, shape: type[_Listed[N]]) -> tuple[list[N], bool]:
        """All entries of a list, and whether there are more than may be read."""
        found: list[N] = []
        for number in range(self._settings.max_pages):
            given = {**query, "limit": str(_PAGE), "offset": str(number * _PAGE)}
            page = (await self._api.get(path, given)).of(shape, "PagerDuty")
            found += page.items
            if not page.more:
                return found, False
        return found, True

    def _told(
        self, what: str, found: Sequence[T], columns: tuple[str, ...], call: tuple[str, Query], *, more: bool
    ) -> Result:
        path, query = call
        most = self._settings.max_rows
        lines = [f"{len(found)} {what}:" if found else f"No {what}.", *map(str, found[:most])]
        lines += ["… and more; narrow it."] if more or len(found) > most else []
        table = Table(columns, tuple(one.row for one in found[:most]))
        exact = f"GET {path}?{urlencode(query, doseq=True)}"
        link = f"{self._settings.console}/incidents" if path == "/incidents" else self._settings.console
        return Result("\n".join(lines), exact, link, table if found else None, truncated=more or len(found) > most)


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("PagerDuty", settings, outside) as api:
        asks = PagerDuty(settings, api)
        questions: list[Question[Any]] = [
            Question("pagerduty_oncall", "Who is on call", "other", OnCall, asks.on_call),
            Question("pagerduty_incidents", "Incidents of PagerDuty", "alerts", Incidents, asks.incidents),
            Question("pagerduty_log", "What happened in an incident", "alerts", Log, asks.log),
        ]
        yield Questions(*questions)
