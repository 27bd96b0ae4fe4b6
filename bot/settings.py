"""All settings of the assistant; the only place of this program that reads the environment."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, cast

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.types import FilePath

from bot.incident_settings import Incidents, Mode
from bot.remedy_settings import Remedies
from knowledge.settings import Names, Section, SharedPorts, SharedSettings, read

Port = Annotated[int, Field(ge=1, le=65535)]


class Ports(SharedPorts):
    """Which vendor serves a seam: the name of a file in `connectors/<seam>/`."""

    llm: Names = ("local",)
    """Language models, the first that answers is used; `[]` works without one. With a table
    `[connectors.llm.endpoint]` the default is `["endpoint", "local"]`."""

    state: str = "sql"
    """What keeps questions, answers and the queue of work."""

    directory: Names = ("file",)
    """Who people are, what groups they are in and who is on call: `file`, `slack`, `feishu`, or several that complete
    each other, such as `["file", "slack"]`; the first says who is on call. Empty: nobody is in any group."""

    chat: Names = ()
    """Chat platforms to be asked on: `slack`, `feishu`. The page and the terminal are always there."""

    ocr: str | None = "paddle"
    """What reads screenshots: `paddle` (on this machine: 31 MB to pull, about 1 GB of memory once a picture came).
    None: pictures are refused."""

    sql: str | None = None
    """The database that questions for figures are asked of: `postgres`, `mysql` (MariaDB too), `sqlite`, `clickhouse`.
    None: none."""

    tools: Names = ()
    """Live systems that may be asked, read only: names of files in `connectors/tools/`, such as `prometheus`,
    `alertmanager`, `kubernetes`, `loki`, `mcp`. Empty: the demo's recordings, if `demo` is on."""

    alerts: Names = ()
    """Monitoring systems that post their alerts to `/alerts/…`: names of files in `connectors/alerts/`, such as
    `alertmanager`; `spoken` reads the alert messages of other bots in chat."""

    remediation: Names = ()
    """What may change production once people have approved it: names of files in `connectors/remediation/`, such as
    `command`, `http`, `kubernetes`. Their credentials are their own, never those of `tools`. Empty: nothing may."""

    weights: Names = ("folder", "mirror", "packages", "hub")
    """Where `python -m bot models pull` looks for model files, in this order."""


class Proxy(Section):
    """A reverse proxy that signs people in (OIDC) and says who they are in a header."""

    addresses: Names = ()
    """Addresses or networks (`10.0.0.0/8`) whose headers are believed; nobody else's are."""

    user_header: str = "X-Forwarded-User"
    """The header with the person's name. The proxy must remove it from what comes in."""

    @field_validator("addresses")
    @classmethod
    def _are_networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            ipaddress.ip_network(address, strict=False)
        return addresses


class Web(Section):
    """The page, the widget and the API."""

    host: str = "127.0.0.1"
    """The address to listen at. Beyond this machine a token or a proxy is required."""

    port: Port = 8080
    """The port to listen at."""

    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where people open the page, such as `https://nightshift.example.com`: an answer that a chat platform takes in no
    form is linked to there."""

    token: SecretStr | None = None
    """What callers have to send as `Authorization: Bearer …`."""

    allowed_origins: Names = ()
    """Origins of other sites that may embed the widget, such as `https://wiki.example.com`."""

    proxy: Proxy = Proxy()
    """A reverse proxy that signs people in."""

    @model_validator(mode="after")
    def _is_guarded(self) -> "Web":
        local = self.host in ("localhost", "127.0.0.1", "::1")
        if not (local or self.token or self.proxy.addresses):
            raise ValueError(
                f"{self.host} lets other machines in: set web.token or web.proxy.addresses, or use 127.0.0.1"
            )
        return self


class Answer(Section):
    """How much work goes into one answer."""

    max_rounds: Annotated[int, Field(ge=1, le=5)] = 2
    """How often a question is looked up, refined between."""

    time_budget_seconds: Annotated[float, Field(gt=0)] = 90.0
    """After this long no new round starts and what there is is said."""

    max_output_tokens: Annotated[int, Field(ge=64)] = 700
    """The longest answer a model may write."""

    evidence_tokens: Annotated[int, Field(ge=256)] = 6000
    """The room for evidence in the prompt."""

    local_max_output_tokens: Annotated[int, Field(ge=64)] = 180
    """The longest answer the local model may write; on two cores it writes 20 tokens a second."""

    local_evidence_tokens: Annotated[int, Field(ge=256)] = 1200
    """The room for evidence in the local model's prompt; on two cores it reads 60 to 90 tokens a second."""

    hits: Annotated[int, Field(ge=1, le=50)] = 8
    """How many passages a search returns."""


class Data(Section):
    """What may be asked of the database of `ports.sql`. Nothing is ever written; give it a user that cannot."""

    rows: Annotated[int, Field(ge=1, le=10_000)] = 200
    """The most rows of one result."""

    plan_rows: Annotated[float, Field(gt=0)] = 5_000_000
    """A query is not run when the database expects one of its steps to handle more rows than this."""

    plan_cost: Annotated[float, Field(gt=0)] = 5_000_000
    """A query is not run when the database expects it to cost more than this, in its own unit (PostgreSQL)."""

    tables: Names = ()
    """The tables and views that may be asked; all when empty."""

    masked: dict[str, tuple[str, ...]] = Field(default={})
    """Columns of which only `***` is shown, as `"customer.email"` or `"*.email"`, each with the groups that may read
    them all the same: `"*.email" = ["support"]`."""

    forbidden: dict[str, tuple[str, ...]] = Field(default={})
    """Columns that no query may name, with the groups that may read them all the same."""

    roles: dict[str, str] = Field(default={})
    """Database roles by group: the first that fits the asker is taken with SET ROLE. None fits: the user's own rights
    hold, so give it none. In MySQL and MariaDB a role adds to them; SQLite has none."""

    descriptions: FilePath | None = None
    """A YAML file of your own words for tables and columns, and of questions with queries that you have verified."""

    samples: bool | Literal["local"] = "local"
    """Whether the prompt for a query may hold values that a column's first rows have. `"local"`: where the model runs
    on this machine or at an address of your own network (`localhost`, `10.…`, `*.internal`, a name without a dot); an
    endpoint elsewhere is told names, types and comments alone. Never of masked columns, nor what looks secret or
    personal; people's names cannot be told, so mask their columns."""


class Tools(Section):
    """How live systems are asked."""

    seconds: Annotated[float, Field(gt=0)] = 20.0
    """How long one call may take."""

    logs: str = '{namespace="$namespace"}'
    """How your log system is asked for one service, in its own language: `$service` and `$namespace` are replaced by
    those of the services file. For Elasticsearch such as `service.name:"$service"`."""

    kept_days: Annotated[int, Field(ge=1)] = 7
    """How long the whole of a long result is kept in `home`; a preview of it is in the answer for ever."""

    record: Path | None = None
    """A folder that every result is saved into, free of secrets; `ports.tools = ["recorded"]` replays it."""


class Channel(Section):
    """What holds in one channel or group chat, by its id; `[channels."*"]` holds for all that are not named."""

    language: Literal["en", "zh"] | None = None
    """The language of answers there; the question's when unset."""

    readers: Names = ()
    """Groups that everybody there belongs to: pages for them may be quoted there. A direct message goes by the
    asker's own groups."""

    askers: Names = ()
    """Groups that may ask there; everybody when empty."""

    outsiders: bool = False
    """Whether people of other organisations, or of sibling workspaces, who share the channel are answered."""

    knowledge: dict[str, tuple[str, ...]] = Field(default={})
    """Only pages with one of these labels, such as `service = ["payments", "checkout"]`; all when empty."""

    incidents: Mode | None = None
    """What becomes of incidents that are to be posted there: `off`, `shadow` (recorded, not posted) or `live`."""

    tools: Names | None = None
    """Only these kinds of systems: `metrics`, `logs`, `cluster`, `alerts`, `changes`, `network`, `other`, and `data`,
    the database of `ports.sql`; all when unset, none when empty."""


class Settings(SharedSettings):
    """Everything that can be set; `python -m bot settings` shows each value and where it came from."""

    knows_all: ClassVar[bool] = True

    demo: bool = True
    """Offer the demo's questions on an empty page, and use its services and rota where none of yours are set."""

    services_file: Path | None = None
    """A YAML file of your services: names, aliases in both languages, owners. None: the demo's, if `demo` is on."""

    ports: Ports = Ports()
    """Which vendor serves a seam."""

    web: Web = Web()
    """The page, the widget and the API."""

    answer: Answer = Answer()
    """How much work goes into one answer."""

    incidents: Incidents = Incidents()
    """What becomes of alerts."""

    remedies: Remedies = Remedies()
    """What may be proposed for an incident."""

    channels: dict[str, Channel] = Field(default={})
    """What holds in a channel or group chat, by the platform's id of it."""

    tools: Tools = Tools()
    """How live systems are asked."""

    data: Data = Data()
    """What may be asked of the database of `ports.sql`."""

    @model_validator(mode="before")
    @classmethod
    def _endpoint_first(cls, data: Mapping[str, object]) -> Mapping[str, object]:
        llm = cast("Mapping[str, Mapping[str, object]]", data.get("connectors") or {}).get("llm", {})
        ports = data.get("ports") or {}
        if "endpoint" in llm and isinstance(ports, Mapping) and "llm" not in ports:
            return {**data, "ports": {**ports, "llm": ("endpoint", "local")}}
        return data


def read_settings(config: Path | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of this run. Raises BadSettings, whose lines can be shown as they are."""
    return read(Settings, config, overrides)
