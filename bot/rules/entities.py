"""Names in a text that rules find for certain: services, environments, severities, identifiers."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from bot.rules.windows import find_window
from bot.vocabulary import Entities
from knowledge.language import language_of

_ENVIRONMENTS: Mapping[str, str] = {
    r"\bprod(?:uction)?\b|生产(?:环境)?|线上": "production",
    r"\bstag(?:e|ing)\b|预发(?:布)?(?:环境)?|预生产": "staging",
    r"\bdev(?:elopment)?\b(?!ops)|开发环境": "development",
    r"\b(?:test|qa)\s+env(?:ironment)?\b|测试环境": "test",
}
_CHINESE = {"production": "生产环境", "staging": "预发环境", "development": "开发环境", "test": "测试环境"}
_SEVERITY = re.compile(r"\b(?:SEV|P|S)-?[0-4]\b", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"[A-Za-z0-9]+(?:[_./:@-][A-Za-z0-9]+)+"  # pg_stat_activity, order-api, v1.2.3, 10.0.0.1:5432
    r"|\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+\b"  # CheckoutHighLatency
    r"|\b[a-z]+[A-Z][A-Za-z0-9]*\b"  # maxPoolSize
    r"|\b[A-Z]{2,}[A-Za-z]*\d*\b|\bE?\d{3,}\b"  # OOMKilled, ORA00600, 503
)


Names = Callable[[str], tuple[str, ...]]
"""Names of the services that a text mentions, by name or alias, in order."""


def find_entities(text: str, services: Names, now: datetime) -> Entities:
    """What the text names."""
    return Entities(
        services=services(text),
        environments=find_environments(text),
        severities=_unique(match.upper().replace("-", "") for match in _SEVERITY.findall(text)),
        identifiers=identifiers_in(text),
        window=find_window(text, now),
    )


def identifiers_in(text: str) -> tuple[str, ...]:
    """What looks like the name of a thing: a pod, a metric, a version, an address, an error code."""
    return _unique(_IDENTIFIER.findall(text))


def find_environments(text: str) -> tuple[str, ...]:
    """Canonical names of the environments in the text."""
    return _unique(name for pattern, name in _ENVIRONMENTS.items() if re.search(pattern, text, re.IGNORECASE))


def replace_environment(text: str, environment: str) -> str:
    """The text about another environment, named in its language; it is added when the text names none."""
    environment = _CHINESE.get(environment, environment) if language_of(text) == "zh" else environment
    for pattern in _ENVIRONMENTS:
        if re.search(pattern, text, re.IGNORECASE):
            return re.sub(pattern, environment, text, flags=re.IGNORECASE)
    joiner = "，" if language_of(text) == "zh" else " in "
    return f"{text.rstrip(' ?？.。')}{joiner}{environment}"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
