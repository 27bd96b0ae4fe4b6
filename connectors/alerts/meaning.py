"""What words of monitoring systems mean to us: how bad, which service, where, and what is the same trouble."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from connectors.alerts.port import Severity, as_text, one_line, web_link

_WORDS: Mapping[Severity, str] = {
    "critical": "critical crit fatal emergency emerg panic disaster page blocker urgent highest down critique s1 p0 p1 "
    "sev0 sev1 sev-1 致命 紧急 严重 灾难 特别严重 一级",
    "error": "error err high major alert failure failed p2 sev2 sev-2 s2 错误 重要 高 二级",
    "warning": "warning warn average medium moderate minor degraded unknown p3 sev3 sev-3 s3 警告 预警 一般 中 三级",
    "info": "info information informational notice low lowest debug none ok success unclassified p4 p5 sev4 sev5 s4 s5 "
    "not-classified 信息 提示 通知 低 次要 四级",
}
_MEANS: Mapping[str, Severity] = {word: severity for severity, words in _WORDS.items() for word in words.split()}

SERVICE = (
    "service", "service_name", "service.name", "servicename", "app", "application", "app_kubernetes_io_name",
    "app.kubernetes.io/name", "k8s.deployment.name", "workload", "deployment", "statefulset", "daemonset",
    "kube_deployment", "kube_service", "functionname", "component", "pipeline_name", "job",
)  # fmt: skip
"""Labels that name the service, the surest first."""

ENVIRONMENT = (
    "environment", "env", "deployment_environment", "deployment.environment", "deployment.environment.name", "stage",
)  # fmt: skip
"""Labels that name the environment, the surest first."""

_RUNBOOK = ("runbook_url", "runbook", "runbookurl", "runbook-url", "playbook", "playbook_url")
_NO_FINGERPRINT = {"", "unknown", "null", "none"}
_LONGEST_FINGERPRINT = 128


def severity(*words: str, otherwise: Severity = "warning") -> Severity:
    """How bad the first word says it is that we know; ``otherwise`` when we know none."""
    for word in words:
        plain = re.sub(r"[\s_]+", "-", word.strip().lower())
        if plain in _MEANS:
            return _MEANS[plain]
    return otherwise


def first(*candidates: str) -> str:
    """The first text in which something can be seen, else ``unnamed``."""
    return next((one for one in candidates if one_line(one, 200)), "unnamed")


def labelled(labels: Mapping[str, str], names: Iterable[str]) -> str:
    """The value of the first label that is there and says something, whatever the case of its name."""
    plain = {key.lower(): value for key, value in labels.items()}
    return next((plain[name] for name in names if plain.get(name, "").strip()), "")


def runbook(annotations: Mapping[str, str]) -> str:
    """The page that says what to do, if one is named."""
    return web_link(labelled(annotations, _RUNBOOK))


def same(given: str, *parts: object) -> str:
    """By what repeats are recognised: what the system gave, else a digest of what does not change between them."""
    given = given.strip()
    if given.lower() not in _NO_FINGERPRINT:
        printable = given.isprintable() and len(given) <= _LONGEST_FINGERPRINT and " ".join(given.split()) == given
        return given if printable else _digest(given)
    return _digest(json.dumps(parts, sort_keys=True, default=str))


def texts(values: Mapping[str, JsonValue]) -> dict[str, str]:
    """Values out of JSON as text; what is null is left out."""
    return {key: as_text(value) for key, value in values.items() if value is not None}


def tags(value: JsonValue) -> dict[str, str]:
    """Tags in whatever form: an object, ``a:b,c:d``, a list of that, of pairs, or of objects with name and value."""
    if isinstance(value, dict):
        return texts(value)
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    found = (_tag(one) for one in value) if isinstance(value, list) else ()
    return {key: text for key, text in found if key}


def _tag(one: JsonValue) -> tuple[str, str]:
    if isinstance(one, str):
        key, colon, text = one.partition(":")
        return (key.strip(), text.strip()) if colon else (one.strip(), "true" if one.strip() else "")
    if isinstance(one, list) and len(one) == 2:
        return as_text(one[0]), as_text(one[1])
    if isinstance(one, dict):
        key = next((as_text(one[name]) for name in ("key", "tag", "name") if name in one), "")
        held = one.get("value")
        # OpenTelemetry says the type of a value beside it: {"stringValue": "checkout"}.
        inner = next(iter(held.values()), None) if isinstance(held, dict) and len(held) == 1 else held
        return key, as_text(inner)
    return "", ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
