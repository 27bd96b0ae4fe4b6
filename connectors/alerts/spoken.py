"""Alerts that other systems post into a chat: the cards of Alertmanager, Grafana, Datadog, Zabbix … as plain text.

The forms are those of the systems' own templates: Alertmanager's and Grafana's default.tmpl, Datadog's titles, Zabbix's
message templates, CloudWatch's subjects, Uptime Kuma's first line, and cards of names and values in English or Chinese.
"""

import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from pydantic import BaseModel, field_validator

from connectors.alerts.meaning import ENVIRONMENT, SERVICE, first, labelled, runbook, same, severity, tags
from connectors.alerts.moments import moment, span, zone_named
from connectors.alerts.port import Alert, Listener, Status, one_line, web_link

_LONGEST, _MOST_LINES, _MOST_ALERTS = 20_000, 400, 50
_NAMES: Mapping[str, str] = {
    "name": "alertname|alert name|alert|problem name|rule|rule name|monitor|monitor name|"
    "告警名称|报警名称|告警规则|规则名称|规则标题|策略名称|告警策略|告警标题|告警项",
    "status": "status|state|alert status|current state|告警状态|状态|当前状态|级别状态",
    "severity": "severity|priority|level|alert level|告警级别|报警级别|告警等级|级别|严重程度|严重性|等级",
    "service": "service|application|app|服务|服务名|应用|应用名称|所属服务|业务",
    "environment": "environment|env|环境|所属环境",
    "started": "started|started at|start|starts at|problem started|triggered at|since|time|"
    "开始时间|触发时间|告警时间|报警时间|首次触发时间|故障时间|发生时间",
    "ended": "ended|ended at|ends at|resolved at|problem resolved|problem has been resolved|恢复时间|结束时间",
    "summary": "summary|摘要|概要|告警摘要|告警主题|主题",
    "description": "description|details|message|告警详情|告警内容|报警内容|详情|描述|告警描述|内容",
    "value": "value|current value|operational data|当前值|触发值|触发时值|告警值",
    "link": "source|link|url|dashboard|panel|详情链接|链接|查看详情",
    "runbook": "runbook|runbook url|runbook_url|处理手册|预案",
    "host": "host|instance|主机|实例|告警主机|告警对象",
}
_FIELDS = {name: key for key, names in _NAMES.items() for name in names.split("|")}
_OVER = re.compile(r"resolved|recovered|\bok\b|\bup\b|normal|恢复|已解决|正常", re.IGNORECASE)
_PAIR = re.compile(r"^[\s\-•*·>]*([^:=：]{1,40}?)\s*(?::\s+|：\s*|\s=\s|:$)(.*)$")
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|([^>]*))?>|\[([^\]]*)\]\((https?://[^)\s]+)\)")
_MARKS = re.compile(
    r"(?<!\w)[*_~]{1,3}|[*_~]{1,3}(?!\w)|`|^#+\s+|(?<!\w):[a-z0-9_+-]{2,30}:(?!\w)|</?[a-z_]{1,12}(?:\s[^<>]{0,99})?>"
)


@dataclass(frozen=True)
class _Heading:
    """A way to open an alert message. One that people too may write needs names and values below it."""

    pattern: re.Pattern[str]
    sure: bool = True


def _headings(*forms: tuple[str, bool]) -> tuple[_Heading, ...]:
    return tuple(_Heading(re.compile(form, re.IGNORECASE), sure) for form, sure in forms)


_HEADINGS = _headings(
    (r"^\[(?P<status>firing|resolved)(?::(?P<count>\d{1,5}))?(?:,[^\]]*)?\]\s*(?P<name>.+)$", True),
    (
        r"^(?:\[(?P<severity>P[1-5])\]\s*)?\[(?:re-)?(?P<status>triggered|recovered|warn|no data)"
        r"(?: on \{(?P<scope>[^}]*)\})?\]\s*(?P<name>.+)$",
        True,
    ),
    (r"^(?P<status>alarm|ok):\s*\"(?P<name>[^\"]+)\"\s+in\s+(?P<region>.+)$", True),
    (r"^\[(?P<name>[^\]]+)\]\s*\[\W*(?P<status>down|up)\]\s*(?P<summary>.*)$", True),
    (r"^(?P<status>triggered|resolved)\s+#(?P<incident>\d+):?\s+(?P<name>.+)$", False),
    (r"^(?P<status>problem|resolved(?: in [^:]{1,40})?):\s*(?P<name>.+)$", False),
    (r"^[【\[](?P<status>[^】\]]{0,40}(?:告警|报警|恢复)[^】\]]{0,40})[】\]]\s*(?P<name>.*)$", False),
    (r"^(?P<status>[^:：]{0,20}(?:告警|报警|恢复)[^:：]{0,10})(?:[:：]\s*(?P<name>.+))?$", False),
)


@dataclass(frozen=True)
class _Said:
    """What a message, or one alert in it, says."""

    heading: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    over: bool = False


class Settings(BaseModel):
    """How times are meant."""

    timezone: str = "UTC"
    """The time zone of times that say none."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        zone_named(name)
        return name


@dataclass(frozen=True)
class Spoken:
    """Finds alerts in what is said."""

    zone: dt.tzinfo = dt.UTC

    def alerts_in(self, text: str, at: dt.datetime) -> Sequence[Alert]:
        """The alerts that a message reports; none when it is no alert message."""
        plain = list(islice(_plain(text), _MOST_LINES))
        heading, sure = _heading(plain)
        told = list(_told(plain, over=_is_over(heading.get("status", ""))))
        whole = [one for one in told if one.fields.get("name") or one.labels.get("alertname")]
        if whole and (sure or any(_speaks(one) for one in whole)):
            return [_alert(replace(one, heading=heading), at, self.zone) for one in whole[:_MOST_ALERTS]]
        below = told[0] if told else _Said()
        if heading.get("name", "").strip() and (sure or _speaks(below)):
            over = _is_over(heading["status"])
            return [_alert(replace(below, heading=heading, over=over), at, self.zone)]
        return []


def _plain(text: str) -> Iterator[str]:
    """The lines of a message without the marks of its markup."""
    for line in text[:_LONGEST].splitlines():
        linked = _LINK.sub(lambda link: f"{link[2] or link[3] or ''} {link[1] or link[4]}".strip(), line[:2000])
        plain = one_line(_MARKS.sub("", linked), 2000)
        if plain:
            yield plain


def _heading(lines: Sequence[str]) -> tuple[Mapping[str, str], bool]:
    """What the first line that is a heading says, and whether it alone shows that this is an alert message."""
    for line in lines[:3]:
        for heading in _HEADINGS:
            found = heading.pattern.match(line)
            if found:
                return {key: value for key, value in found.groupdict().items() if value}, heading.sure
    return {}, False


def _told(lines: Sequence[str], *, over: bool) -> Iterator[_Said]:
    """The names and values of each alert; the next begins where a name or a list of labels comes again."""
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    for line in lines:
        if line.rstrip(":").lower() in ("firing", "resolved"):
            if labels or "name" in fields:
                yield _Said(fields=fields, labels=labels, over=over)
                fields, labels = {}, {}
            over = _is_over(line)
            continue
        pair = _PAIR.match(line)
        if not pair:
            continue
        key, value = pair[1].strip(), pair[2].strip()
        known = _FIELDS.get(key.lower(), "")
        again = (known == "name" and "name" in fields) or (key.lower() == "labels" and labels)
        if again or (key == "alertname" and key in labels):
            yield _Said(fields=fields, labels=labels, over=over)
            fields, labels = {}, {}
        if known and value:
            fields.setdefault(known, value)
        if " = " in line and value:
            labels[key] = value
    yield _Said(fields=fields, labels=labels, over=over)


def _speaks(said: _Said) -> bool:
    """Whether there is more than one would write by chance."""
    return len({"status", "severity", "started", "host", "value"} & set(said.fields)) >= 1 or "alertname" in said.labels


def _is_over(status: str) -> bool:
    return bool(_OVER.search(status))


def _alert(said: _Said, at: dt.datetime, zone: dt.tzinfo) -> Alert:
    heading, fields = said.heading, said.fields
    status: Status = "resolved" if _over(said) else "firing"
    labels = {**tags(heading.get("scope")), **said.labels}
    labels |= {key: heading[key] for key in ("region", "incident") if key in heading}
    labels |= {"host": fields["host"]} if "host" in fields else {}
    start, end = (moment(_time(fields.get(key, "")), zone) for key in ("started", "ended"))
    began, ended = span(over=status == "resolved", start=start, end=end, now=at)
    title = heading.get("name", "")
    name = first(labels.get("alertname", ""), fields.get("name", ""), _shortest(title))
    told = fields.get("severity", "") or heading.get("severity", "") or labels.get("severity", "")
    service = fields.get("service", "") or labelled(labels, SERVICE)
    return Alert(
        source="spoken",
        fingerprint=same("", "spoken", name, service, sorted(labels.items()) or title),
        status=status,
        name=name,
        service=service,
        environment=fields.get("environment", "") or labelled(labels, ENVIRONMENT),
        severity=severity(told, *_words(title), heading.get("status", "")),
        original_severity=told,
        started_at=began,
        ended_at=ended,
        summary=fields.get("summary", "") or heading.get("summary", "") or title or name,
        description=fields.get("description", ""),
        labels=labels,
        annotations={"alerts": heading["count"]} if "count" in heading else {},
        link=_address(fields.get("link", "")),
        runbook=_address(fields.get("runbook", "")) or runbook(labels),
        value=fields.get("value", ""),
    )


def _over(said: _Said) -> bool:
    told = said.fields.get("status", "")
    return _is_over(told) if told else said.over or "ended" in said.fields


def _shortest(title: str) -> str:
    """The rule of a title in the form of Alertmanager, ``Rule more labels (other labels)``; else the whole of it."""
    before = title.partition(" (")[0].strip()
    word = before.partition(" ")[0]
    return word if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}[A-Z]?|\w+_\w+", word) else before or title


def _words(title: str) -> list[str]:
    """The words in the brackets that end a title: there Alertmanager writes the labels that it did not group by."""
    inside = re.search(r"\(([^()]*)\)\s*$", title)
    return inside[1].split() if inside else []


def _time(text: str) -> str:
    """Zabbix writes ``10:25:00 on 2024.01.15``."""
    turned = re.sub(r"^(?:at\s+)?(\d{1,2}:\d{2}:\d{2})\s+on\s+([\d.]+)$", r"\2 \1", text)
    return turned.removeprefix("at ")


def _address(text: str) -> str:
    found = re.search(r"https?://\S+", text)
    return web_link(found[0]) if found else ""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Listener]:
    """Ready at once."""
    yield Spoken(zone_named(settings.timezone))
