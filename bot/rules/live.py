"""Questions to live systems by rules: which kinds of tools a text asks for, and their arguments where it says them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template

from pydantic import JsonValue

from bot.rules.trouble import asks_what_happened_before
from bot.vocabulary import Evidence, RewrittenQuery
from connectors.tools.port import Kind, Tool
from knowledge.service_graph import Service

MOST_OF_A_KIND, MOST_CALLS = 2, 6

_WORDS: tuple[tuple[Kind, str], ...] = (
    ("alerts", r"\balerts?\b|\balerting\b|\bfiring\b|\bpaged\b|\bsilenced?s?\b|\bincidents?\b|告警|报警|静默|事故"),
    (
        "metrics",
        r"\berror rate|\blatenc|\bp(?:50|90|95|99)\b|\bthroughput\b|\b[qr]ps\b|\bcpu\b|\bmemory\b|\bmetrics?\b"
        r"|\busage\b|\bsaturat|\btraffic\b|\blag\b|\bslow(?:er|ly)?\b|\bqueue (?:depth|length)|\bscraped?\b"
        r"|错误率|延迟|耗时|吞吐|指标|内存|使用率|流量|积压|负载|变慢|很慢",
    ),
    ("logs", r"\blogs?\b|\blogged\b|\bexceptions?\b|\bstack ?traces?\b|\berror messages?\b|日志|异常|报错|堆栈"),
    (
        "cluster",
        r"\bpods?\b|\bdeployments?\b|\bnodes?\b|\bnamespaces?\b|\breplicas?\b|\bcontainers?\b|\bcrashloop|\boom"
        r"|\bevents?\b|\bk8s\b|\bkubernetes\b|容器|节点|副本|命名空间|集群|事件",
    ),
    (
        "changes",
        r"\bdeploy(?:s|ed|ment|ments)?\b|\broll(?:ed)? ?outs?\b|\breleased?s?\b|\bchang(?:e|ed|es)\b|\bcommits?\b"
        r"|\bmerged\b|\brolled back\b|\bshipped\b|\bwent out\b|发布|上线|变更|部署|回滚|提交|改动|改了",
    ),
    (
        "network",
        r"https?://|\bcertificates?\b|\bcert\b|\btls\b|\bdns\b|\bresolves?\b|\breachable\b|证书|域名|解析|连通",
    ),
    ("other", r"\btickets?\b|\bissues?\b|\bincidents?\b|\bjira\b|\bpagerduty\b|\bon.?call\b|工单|事故|值班"),
)
_ABOUT: Mapping[Kind, re.Pattern[str]] = {kind: re.compile(words, re.IGNORECASE) for kind, words in _WORDS}
_NOW = re.compile(
    r"\b(?:currently|at the moment|right now|at present|still|today|recent(?:ly)?|latest|last|since|ago|ongoing)\b"
    r"|^\W*(?:is|are|was|were|has|have|did|any|show|list)\b(?! (?:i|we|you|there a way)\b)"
    r"|\b(?:which|what|how many|any)\b.{0,40}\b(?:is|are|was|were|has|have|did|changed|now)\b"
    r"|现在|目前|当前|此刻|最近|刚才|刚刚|今天|有没有|有哪些|哪些|是否|还在|以来|查一下|看一下|看看|正在",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"\bhow (?:do|can|should|to)\b|\b(?:can|could|should|may) (?:i|we)\b|\bwhat (?:now|next)\b"
    r"|\bhow (?:is|are) (?:.+ )?\w+ed\b|\bwhat (?:does|do i|should|is an?)\b|\bwhat do we\b|\bmean(?:s|ing)?\b"
    r"|\bexplain\b|\bwhy (?:do|does) \w+ (?:need|have|use)\b|\bsteps? to\b|\brunbook\b|\bpolicy\b"
    r"|\bwhere (?:is|are|do)\b|怎么|如何|怎样|什么意思|是什么|为什么要|步骤|手册|流程|规定",
    re.IGNORECASE,
)
_ASKS_FOR_ALL = re.compile(
    r"\b(?:which|what|any|list|show)\b.{0,20}\b(?:alerts?|deploy\w*|changes?|changed|incidents?)\b"
    r"|\b(?:anything|what(?:'s| is)) firing\b"
    r"|(?:哪些|有没有|什么).{0,6}(?:告警|报警|变更|发布|部署|事故)",
    re.IGNORECASE,
)
# What people call what is measured, and how the names of metrics say it.
_MEASURES = (
    (r"latenc|slow|延迟|耗时|慢", ("duration", "latency", "wait")),
    (r"\berrors?\b|fail|错误|失败", ("errors", "error", "failed", "failures")),
    (r"traffic|throughput|\brate\b|[qr]ps|流量|吞吐", ("requests", "total")),
    (r"\bqueue|\blag\b|backlog|积压|队列", ("queue", "lag", "pending", "buffered", "depth")),
    (r"\bpool\b|connections?|连接", ("pool", "connections")),
)
_ALERT_NAME = re.compile(r"\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\b")
_URL = re.compile(r"https?://[^\s<>\"'）)，。]+")
_HOST = re.compile(r"(?<![\w.@/-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?![\w-])", re.IGNORECASE)
_OBJECTS = (
    ("pods", r"\bpods?\b|\bcontainers?\b|容器"),
    ("nodes", r"\bnodes?\b|节点"),
    ("deployments", r"\bdeployments?\b|\breplicas?\b|副本"),
    ("cronjobs", r"\bcron ?jobs?\b|定时任务"),
    ("jobs", r"\bjobs?\b"),
    ("namespaces", r"\bnamespaces?\b|命名空间"),
)
# What tools of many makers call the same thing.
_SERVICE = frozenset(("service", "app", "application", "component", "service_name", "contains", "project"))
_ENVIRONMENT = frozenset(("environment", "env", "stage"))
_HOSTS = frozenset(("host", "hostname", "domain"))


def asked_kinds(query: RewrittenQuery) -> frozenset[Kind]:
    """Kinds of tools that a text asks for; none when it asks how something is done in general.

    Trouble that somebody reports is looked at from all sides, whatever its words.
    """
    if query.route in ("chat", "action"):
        return frozenset()
    # A question says itself what it is about; only one that leans on an earlier one is read with it.
    text = query.asked if _named(query.asked) or not query.follow_up else f"{query.asked}\n{query.text}"
    named = _named(text)
    if query.route == "incident" and not asks_for_all(text):
        return named | {"alerts", "changes", "metrics", "logs", "cluster"}
    general = asks_what_happened_before(text) or (_GENERAL.search(text) and query.entities.window is None)
    if general or not (query.entities.window or _NOW.search(text) or _HOST.search(text)):
        return frozenset()
    return named


def asks_for_state(text: str) -> bool:
    """Whether a text asks how things are: what systems say is the answer, and pages come behind it."""
    return asks_for_all(text) or (bool(_NOW.search(text)) and not _GENERAL.search(text))


def asks_for_all(text: str) -> bool:
    """Whether a text asks for everything of a kind, such as all alerts: it needs no service and no earlier question."""
    return bool(_ASKS_FOR_ALL.search(text))


def _named(text: str) -> frozenset[Kind]:
    return frozenset(kind for kind, pattern in _ABOUT.items() if pattern.search(text))


@dataclass(frozen=True)
class Known:
    """What is known of services: their namespace and metrics, and how the team's log system is asked for one.

    ``logs`` is a query in which ``$service`` and ``$namespace`` stand for the service's own.
    """

    services: Mapping[str, Service]
    logs: str = ""


def calls(query: RewrittenQuery, tools: Sequence[Tool], known: Known) -> list[tuple[Tool, dict[str, JsonValue]]]:
    """The tools of the kinds that are asked for whose arguments the question says, and these arguments."""
    wanted, found = asked_kinds(query), list[tuple[Tool, dict[str, JsonValue]]]()
    for kind in (kind for kind in _ABOUT if kind in wanted):
        filled = [(tool, given) for tool in tools if tool.kind == kind for given in _filled(tool, query, known)]
        # A tool that can be asked for what the question names says more than one that lists everything.
        filled.sort(key=lambda one: -len(one[1]))
        found += filled[:MOST_OF_A_KIND]
    return found[:MOST_CALLS]


def _filled(tool: Tool, query: RewrittenQuery, known: Known) -> Iterator[dict[str, JsonValue]]:
    """Arguments out of what the question names and what is known of its service; none when one is missing."""
    takes, required = tool.arguments.get("properties"), tool.arguments.get("required") or []
    names = list(takes) if isinstance(takes, dict) else []
    service = next((known.services[name] for name in query.entities.services if name in known.services), None)
    queries: Sequence[str | None] = [None]
    if "query" in names:
        queries = _queries(tool.kind, service, query, known.logs) or [None]
    for wording in queries:
        said = {name: _value(name, query, service) for name in names} | {"query": wording}
        given: dict[str, JsonValue] = {name: value for name, value in said.items() if value is not None}
        if isinstance(required, list) and all(name in given for name in required):
            yield given


def _queries(kind: Kind, service: Service | None, query: RewrittenQuery, logs: str) -> Sequence[str]:
    """The service's own metrics in PromQL, those that the question names first; its logs as the team asks for them."""
    if service is None:
        return ()
    if kind == "logs" and logs:
        return (Template(logs).safe_substitute(service=service.name, namespace=service.namespace or service.name),)
    if kind != "metrics":
        return ()
    text = f"{query.asked} {query.text}".lower()
    words = set(re.findall(r"[a-z]+", text))
    words |= {part for said, parts in _MEASURES for part in parts if re.search(said, text)}
    ranked = sorted(service.metrics, key=lambda metric: -len(words & set(metric.lower().split("_"))))
    return [promql(metric) for metric in ranked[:MOST_OF_A_KIND]]


def promql(metric: str) -> str:
    """What is looked at of a metric, by the naming of Prometheus: the rate of a counter, a high quantile of a duration.

    https://prometheus.io/docs/practices/naming/
    """
    if metric.endswith("_total"):
        return f"sum(rate({metric}[5m]))"
    if metric.endswith(("_duration_seconds", "_latency_seconds", "_wait_seconds")):
        return f"histogram_quantile(0.99, sum by (le) (rate({metric}_bucket[5m])))"
    return f"max({metric})"


_SPOKEN = (
    (re.compile(r"histogram_quantile\(0?\.(\d+), sum by \(le\) \(rate\((\w+)_bucket\[\w+\]\)\)\)"), r"p\1 of \2"),
    (re.compile(r"sum\(rate\((\w+)\[(\w+)\]\)\)"), r"rate of \1 over \2"),
    (re.compile(r"max\((\w+)\)"), r"highest \1"),
)


def spoken(query: str) -> str:
    """A query in words where it has the form of ours, else as it is: it heads what it found."""
    return next((pattern.sub(words, query) for pattern, words in _SPOKEN if pattern.fullmatch(query)), query)


def _value(name: str, query: RewrittenQuery, service: Service | None) -> str | None:
    named = query.entities
    if name in ("start", "end"):
        return getattr(named.window, name).isoformat() if named.window else None
    if name == "namespace":
        return service.namespace or None if service else None
    if name in _SERVICE | _ENVIRONMENT:
        return next(iter(named.services if name in _SERVICE else named.environments), None)
    # Not in the rewritten text: an address may have come into it from a picture, where anybody can have put it.
    return _written(name, query.asked)


def _written(name: str, text: str) -> str | None:
    """What a text says word for word for an argument."""
    if name == "kind":
        return next((kind for kind, words in _OBJECTS if re.search(words, text, re.IGNORECASE)), None)
    pattern = _HOST if name in _HOSTS else _URL if name == "url" else None
    found = pattern.search(text) if pattern else None
    return found[0] if found else None


def leads(found: Iterable[Evidence], most: int = 4) -> tuple[str, ...]:
    """Names of alerts in what live systems said: the runbook is found by them, whatever the question called it."""
    names = (name for one in found if one.kind == "tool" for name in _ALERT_NAME.findall(one.text))
    return tuple(dict.fromkeys(names))[:most]
