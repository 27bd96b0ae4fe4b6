"""What an argument of a tool stands for, told from its name and schema: a pod, a namespace, a time, a query."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from bot.rules.objects import KINDS, kind_of
from connectors.tools.port import Tool

Schema = Mapping[str, JsonValue]
_SLOTS = tuple(
    (slot, re.compile(pattern))
    for slot, pattern in (
        ("flag", r"^(previous|follow|quiet|warnings|wide|trouble|open)$"),
        ("namespace", r"(^|_)(namespaces?|ns)(_name)?$"),
        ("labels", r"selector$|^(labels?|matchers|tags|dimensions)$"),
        ("limit", r"(^|_)(limit|tail|lines|size|count|top|per_page|page)$|^(max|num)_"),
        ("pod", r"(^|_)pods?(_?names?)?$"),
        ("node", r"(^|_)node(_?name)?$"),
        ("container", r"(^|_)container(_?name)?$"),
        ("reason", r"^(description|reason|purpose|explanation|justification|intent)$"),
        ("columns", r"^(columns|output_columns)$"),
        ("workload", r"(^|_)(deployment|workload|statefulset|daemonset|owner|controller)(_?name)?$"),
        ("job", r"(^|_)job(_?name)?$"),
        ("environment", r"^(environment|env|stage)$"),
        ("kind", r"^(kind|(resource|object|workload|entity)_?(type|kind))$"),
        ("service", r"(^|_)(services?|app|application|component)(_?(name|id))?$"),
        ("start", r"^(start|from|begin|after|since)(_?(time|at|date|ts|timestamp))?$"),
        ("end", r"^(end|to|until|before)(_?(time|at|date|ts|timestamp))?$"),
        (
            "last",
            r"^(last|lookback|duration|window|period|time_?range|minutes|hours|days)(_?(back|minutes|hours|days))?$",
        ),
        ("url", r"(^|_)(url|uri|link|address)$"),
        ("host", r"^(host|hostname|domain)(_name)?$"),
        ("id", r"^((finding|alert|incident|issue|event)_?)?(id|fingerprint|uuid)$"),
        (
            "keyword",
            r"^(keywords?|contains|search(_?(term|text|regex|pattern))?|regex|q|text|words?|term|filter|grep|pattern|match|needle)$",
        ),
        ("jq", r"(^|_)jq(_|$)"),
        ("query", r"(^|_)(query|logql|expr|expression|lucene|kql|promql|sql)$"),
        ("name", r"^(name|(resource|object|entity)_?name|resource|object|target|instance)$"),
        ("named", r"_name$|^(release|repository|repo|project|topic|queue|database|db|cluster|group|team|index)$"),
    )
)


def properties(tool: Tool) -> Mapping[str, Schema]:
    """The arguments that a tool takes, by name."""
    found = tool.arguments.get("properties")
    return {key: one if isinstance(one, dict) else {} for key, one in found.items()} if isinstance(found, dict) else {}


def required(tool: Tool) -> frozenset[str]:
    """The arguments that a tool has to be given."""
    found = tool.arguments.get("required")
    return frozenset(str(one) for one in found) if isinstance(found, list) else frozenset()


def slot(name: str, schema: Schema) -> str:
    """What an argument stands for; empty when neither its name nor its values say."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]+", "_", name).lower()
    if schema.get("type") == "boolean":
        return "flag"
    found = next((slot for slot, pattern in _SLOTS if pattern.search(plain)), "")
    values = schema.get("enum")
    if found in ("", "name") and isinstance(values, list) and any(kind_of(str(one)) for one in values):
        return "kind"
    if found == "start" and re.search(r"smhd|\b\d+[mhd]\b", f"{schema.get('pattern')} {schema.get('description')}"):
        return "last"
    return found


def spelled_kind(kind: str, schema: Schema) -> str | None:
    """A kind as the argument takes it, one of its values where it has any; None when it takes no such kind."""
    values = schema.get("enum")
    if isinstance(values, list):
        return next((str(one) for one in values if kind_of(str(one)) == kind), None)
    accepted = str(schema.get("pattern", ""))
    if accepted:
        spellings = (kind, *KINDS.get(kind, ()))
        return next((one for one in spellings if re.search(accepted, one)), None)
    said = str(schema.get("description", ""))
    listed = {found for word in re.split(r"\W+", said) if (found := kind_of(word))}
    # "deployment, statefulset or daemonset" are all that there are; "such as pod, node" are some.
    some = len(listed) < 2 or kind in listed or re.search(r"such as|e\.g|for example|like|\.\.\.|…|etc", said)
    return kind if some else None


def spelled_time(at: datetime, schema: Schema) -> JsonValue:
    """A moment as the argument takes it: ISO 8601, or a number since 1970, of milliseconds where it says so."""
    if schema.get("type") in ("integer", "number"):
        milliseconds = re.search(r"milli|\bms\b", str(schema.get("description", "")), re.IGNORECASE)
        return int(at.timestamp() * (1000 if milliseconds else 1))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def spelled_length(name: str, seconds: float, schema: Schema) -> JsonValue:
    """A span as the argument takes it: a number of its unit, or such as 90m."""
    if schema.get("type") in ("integer", "number"):
        units = {"hour": 3600, "day": 86400, "second": 1}
        said = f"{name} {schema.get('description', '')}".lower()
        return max(1, round(seconds / next((size for word, size in units.items() if word in said), 60)))
    return f"{max(1, round(seconds / 60))}m"
