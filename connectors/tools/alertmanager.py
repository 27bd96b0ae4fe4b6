"""Alertmanager as read-only tools: which alerts are out, who gets them, what silences them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from connectors.tools.api import REAL, Access, Api, Outside, open_api
from connectors.tools.port import Result, Table, Tools
from connectors.tools.questions import Asked, Question, Questions
from connectors.tools.summary import labelled


class Settings(Access):
    """Which Alertmanager."""

    console: str = ""
    """Address of the page that people open; ``url`` when empty."""

    max_alerts: int = Field(default=50, gt=0)
    """How many alerts of an answer are told."""


class Alerts(Asked):
    """Alerts that Alertmanager knows: since when, whom they go to, and whether something silences them."""

    matchers: list[str] = Field(default_factory=list, max_length=10)
    """Only alerts whose labels match, such as service="checkout" or severity=~"critical|warning"."""

    quiet: bool = True
    """Also those that are silenced or inhibited."""


class Silences(Asked):
    """Silences that are in force or will be: what they match, who made them, why, until when."""

    matchers: list[str] = Field(default_factory=list, max_length=10)
    """Only silences with such matchers, for example service="checkout"."""


class _Status(BaseModel):
    state: str
    silenced_by: tuple[str, ...] = Field(default=(), alias="silencedBy")
    inhibited_by: tuple[str, ...] = Field(default=(), alias="inhibitedBy")


class _Receiver(BaseModel):
    name: str


class _Alert(BaseModel):
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = Field(default_factory=dict)
    starts_at: str = Field(alias="startsAt")
    status: _Status
    receivers: tuple[_Receiver, ...] = ()

    @property
    def row(self) -> tuple[str, ...]:
        words = self.annotations.get("summary") or self.annotations.get("description") or ""
        quiet = [*(f"silence {id}" for id in self.status.silenced_by), *self.status.inhibited_by]
        state = self.status.state + (f" by {', '.join(quiet)}" if quiet else "")
        return state, self.starts_at[:19], labelled(self.labels), ", ".join(one.name for one in self.receivers), words


class _Matcher(BaseModel):
    name: str
    value: str
    is_regex: bool = Field(alias="isRegex")
    is_equal: bool = Field(default=True, alias="isEqual")

    def __str__(self) -> str:
        signs = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
        return f'{self.name}{signs[self.is_equal, self.is_regex]}"{self.value}"'


class _Ends(BaseModel):
    state: str


class _Silence(BaseModel):
    id: str
    matchers: tuple[_Matcher, ...]
    ends_at: str = Field(alias="endsAt")
    created_by: str = Field(alias="createdBy")
    comment: str = ""
    status: _Ends

    @property
    def row(self) -> tuple[str, ...]:
        matchers = ", ".join(map(str, self.matchers))
        return self.status.state, self.ends_at[:19], matchers, self.created_by, self.comment, self.id


class Alertmanager:
    """Asks the HTTP API, version 2 (github.com/prometheus/alertmanager, api/v2/openapi.yaml)."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._most = settings.max_alerts
        self._console = (settings.console or settings.url).rstrip("/")
        self._api = api

    async def alerts(self, asked: Alerts) -> Result:
        """Alerts, the newest first."""
        quiet = str(asked.quiet).lower()
        query = {"filter": asked.matchers, "silenced": quiet, "inhibited": quiet}
        found = (await self._api.get("/api/v2/alerts", query)).of(list[_Alert], "Alertmanager")
        found.sort(key=lambda one: one.starts_at, reverse=True)
        rows = [one.row for one in found]
        lines = [f"{state} since {since}: {name} → {to}. {words}" for state, since, name, to, words in rows]
        columns = ("state", "since", "alert", "receivers", "about")
        return self._listed("alerts", asked.matchers, lines, Table(columns, tuple(rows)))

    async def silences(self, asked: Silences) -> Result:
        """Silences that have not expired, those that end first at the top."""
        query = {"filter": asked.matchers}
        found = (await self._api.get("/api/v2/silences", query)).of(list[_Silence], "Alertmanager")
        rows = sorted((one.row for one in found if one.status.state != "expired"), key=lambda row: row[1])
        lines = [f"{state} until {end}: {what}, by {who}: {why} ({id})" for state, end, what, who, why, id in rows]
        columns = ("state", "until", "matches", "by", "comment", "id")
        return self._listed("silences", asked.matchers, lines, Table(columns, tuple(rows)))

    def _listed(self, what: str, matchers: list[str], lines: list[str], table: Table) -> Result:
        condition = "{" + ", ".join(matchers) + "}"
        text = [f"{len(lines)} {what}:", *lines[: self._most]] if lines else [f"No {what} for {condition}."]
        more = len(lines) - self._most
        if more > 0:
            text.append(f"… and {more} more; narrow it with matchers.")
        link = f"{self._console}/#/{what}?{urlencode({'filter': condition})}"
        table = Table(table.columns, table.rows[: self._most])
        return Result("\n".join(text), f"{what}{condition}", link, table, truncated=more > 0)


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[Tools]:
    """The tools; nothing is asked before the first call."""
    async with open_api("Alertmanager", settings, outside) as api:
        asks = Alertmanager(settings, api)
        yield Questions(
            Question("alertmanager_alerts", "Alerts that are out", "alerts", Alerts, asks.alerts),
            Question("alertmanager_silences", "Silences", "alerts", Silences, asks.silences),
        )
