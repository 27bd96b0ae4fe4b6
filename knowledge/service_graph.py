"""The service graph: what the services are called, in both languages, who owns them, and what depends on what."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.configuration import BadSettings


class BadServices(BadSettings):
    """The file of services cannot be used; the message says where and why."""


class Service(BaseModel):
    """One service, data store, queue or outside provider."""

    model_config = ConfigDict(frozen=True)

    name: str
    aliases: dict[str, list[str]] = {}
    kind: str = "service"
    description: dict[str, str] = {}
    team: str = ""
    tier: int | None = None
    depends_on: list[str] = []
    environments: list[str] = []
    namespace: str = ""
    dashboard: str = ""
    repository: str = ""
    release: str = ""
    metrics: list[str] = []
    alerts: list[str] = []


class _File(BaseModel):
    services: list[Service] = []


class ServiceGraph:
    """Recognises services in text and answers questions about them. Order is the file's order throughout."""

    def __init__(self, services: Iterable[Service] = ()) -> None:
        self.services: Mapping[str, Service] = {service.name: service for service in services}

    def mentioned(self, text: str) -> tuple[str, ...]:
        """Names of the services that a text speaks of by name, alias, alert or own metric, in order of appearance.

        Of overlapping names the longest counts: ``postgres-orders`` is not ``orders``.
        """
        found = (name for match in self._pattern.finditer(text.lower()) for name in self._names[_key(match[0])])
        return tuple(dict.fromkeys(found))

    def depends_on(self, name: str, *, indirectly: bool = False) -> tuple[str, ...]:
        """What a service needs; ``indirectly`` adds what that needs in turn. Empty for an unknown name."""
        return self._reach(name, self._down, indirectly)

    def dependents(self, name: str, *, indirectly: bool = False) -> tuple[str, ...]:
        """What needs a service; ``indirectly`` adds what needs that in turn. Empty for an unknown name."""
        return self._reach(name, self._up, indirectly)

    @cached_property
    def _down(self) -> Mapping[str, Sequence[str]]:
        return {name: service.depends_on for name, service in self.services.items()}

    @cached_property
    def _up(self) -> Mapping[str, Sequence[str]]:
        return {name: [one for one, needs in self._down.items() if name in needs] for name in self._mentionable()}

    def _mentionable(self) -> set[str]:
        return {*self.services, *(need for needs in self._down.values() for need in needs)}

    @staticmethod
    def _reach(name: str, edges: Mapping[str, Sequence[str]], indirectly: bool) -> tuple[str, ...]:  # noqa: FBT001 - private, and named at its two calls
        reached = dict.fromkeys(edges.get(name, ()))
        waiting = list(reached) if indirectly else []
        while waiting:
            for one in edges.get(waiting.pop(0), ()):
                if one not in reached and one != name:
                    reached[one] = None
                    waiting.append(one)
        return tuple(reached)

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        names: dict[str, dict[str, None]] = {}
        for service in self.services.values():
            aliases = [alias for of_language in service.aliases.values() for alias in of_language]
            for name in (service.name, *aliases, *service.alerts):
                names.setdefault(_key(name.lower()), {})[service.name] = None
        # A metric of several services says nothing about which of them is meant.
        owners: dict[str, list[str]] = {}
        for service in self.services.values():
            for metric in service.metrics:
                owners.setdefault(metric.lower(), []).append(service.name)
        alone = {_key(metric): {of[0]: None} for metric, of in owners.items() if len(of) == 1}
        # A word that is one service's name and another's alias means the first.
        exact = {_key(name.lower()): {name: None} for name in self.services}
        return {key: tuple(of) for key, of in {**alone, **names, **exact}.items() if key}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._names, key=len, reverse=True)
        return re.compile("|".join(map(_spelled, longest_first)) or r"(?!)")


def read_services(path: Path) -> ServiceGraph:
    """The graph in a YAML file with a list ``services``. Raises BadServices."""
    try:
        return ServiceGraph(_File.model_validate(yaml.safe_load(path.read_text("utf-8")) or {}).services)
    except OSError as failure:
        raise BadServices(f"{path} cannot be read ({failure.strerror}); check the path.") from failure
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as mistake:
        raise BadServices(f"{path} cannot be used: {mistake}") from mistake


def _key(name: str) -> str:
    return re.sub(r"[-_\s]+", " ", name)


def _spelled(key: str) -> str:
    if not key.isascii():
        return re.escape(key)
    words = r"[-_\s]+".join(re.escape(word) for word in key.split(" "))
    # A pod's name (checkout-7d9c) still names its service; a longer name (postgres-orders) is tried first.
    return rf"(?<![a-z0-9_.-]){words}(?![a-z0-9_])"
