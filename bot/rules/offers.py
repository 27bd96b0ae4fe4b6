"""Which remedies of the catalogue a diagnosis calls for, and with which parameters, by rules alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from bot import parameters
from bot.catalogue import Catalogue
from bot.incident import Category, Diagnosis, Hypothesis
from bot.parameters import Schema
from bot.placeholders import BadText, fill_text, named
from bot.remedy import Choice, Remedy, Risk
from bot.rules.objects import Answer, Thing, best, found_in
from bot.rules.releases import Replaced, replaced
from knowledge.service_graph import ServiceGraph

MOST_OFFERED = 3
_ORDER: Mapping[Risk, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}
_NAMED_BY_PAGES = re.compile(r"(?<![\w-])(?:remedy|remedies|处置)[ \t]*[:：][ \t]*(\[[^\]\n]{1,500}\]|`?[a-z0-9-]+`?)")


def offers(diagnosis: Diagnosis, catalogue: Catalogue, graph: ServiceGraph) -> tuple[Choice, ...]:
    """At most three remedies with their parameters, the best first; each has still to be admitted.

    Only for a cause that is confirmed or likely: those for its sort at its service, or at the service whose change it
    rests on. One that a page among the evidence names comes first, then the one that takes the change back, then those
    for these services alone, then by risk.
    """
    return tuple(one.choice for one in fitting(diagnosis, catalogue, graph) if one.choice is not None)[:MOST_OFFERED]


@dataclass(frozen=True)
class Fitting:
    """A remedy for the cause at one of ``services``; ``choice`` is None where rules do not know all its parameters."""

    remedy: Remedy
    service: str
    choice: Choice | None
    services: tuple[str, ...] = ()

    def aims(self, given: Mapping[str, JsonValue]) -> bool:
        """Whether with these parameters it changes one of the services, or what the catalogue itself names."""
        known = parameters.properties(self.remedy.parameters)
        told = [given.get(name) for name, one in known.items() if parameters.role(name, one) == "service"]
        if any(one not in self.services for one in told):
            return False
        return not set(named(self.remedy.target)) or any(_aims_at(self.remedy, given, one) for one in self.services)


def fitting(diagnosis: Diagnosis, catalogue: Catalogue, graph: ServiceGraph) -> tuple[Fitting, ...]:
    """All remedies for the cause of a diagnosis, the best first. None while the cause is open, or nothing is wrong."""
    leading = next(iter(diagnosis.verdict.hypotheses), None)
    if leading is None or diagnosis.verdict.outcome not in ("confirmed", "likely"):
        return ()
    about = _About(diagnosis, leading, graph)
    found = [one for remedy in catalogue if (one := _fitted(remedy, about)) is not None]
    return tuple(sorted(found, key=lambda one: _rank(one, about)))


def _rank(one: Fitting, about: "_About") -> tuple[bool, bool, int, bool, int]:
    remedy = one.remedy
    roles = {parameters.role(name, schema) for name, schema in parameters.properties(remedy.parameters).items()}
    return (
        remedy.id not in about.named,
        # What takes back the change that the cause rests on ends it; what else helps may only hide it.
        not (one.choice and "release" in roles),
        about.services.index(one.service),
        not remedy.services,
        _ORDER[remedy.risk],
    )


def _fitted(remedy: Remedy, about: "_About") -> Fitting | None:
    # A remedy for no cause in particular is only for whoever reads a page that names it.
    if about.cause not in remedy.causes and (remedy.causes or remedy.id not in about.named):
        return None
    known = parameters.properties(remedy.parameters)
    chosen = [service for service in about.services if not remedy.services or service in remedy.services]
    found: Fitting | None = None
    for service in chosen:
        values = {name: _value(name, schema, service, about) for name, schema in known.items()}
        given = {name: value for name, value in values.items() if value is not None}
        if remedy.services or _aims_at(remedy, given, service):
            complete = parameters.complete(remedy.parameters, given)
            whole = not list(parameters.misfits(remedy.parameters, complete))
            choice = Choice(remedy=remedy.id, parameters=given) if whole else None
            # The service at fault may lack what is known of the one that was changed.
            if found is None or (choice and not found.choice):
                found = Fitting(remedy, service, choice, about.services)
    return found


def _aims_at(remedy: Remedy, given: Mapping[str, JsonValue], service: str) -> bool:
    """Whether what would be changed is the service: a parameter stands for it, or the target names it."""
    known = parameters.properties(remedy.parameters)
    if any(parameters.role(name, one) == "service" and given.get(name) == service for name, one in known.items()):
        return True
    try:
        aimed = set(named(remedy.target))
        target = fill_text(remedy.target, {name: given.get(name, "") for name in aimed})
    except BadText:
        return False
    # A pod or deployment is named after its service: payments-7d9c5f-x2x is one of payments.
    return re.search(rf"(?<![\w.-]){re.escape(service)}(?![\w])", target, re.ASCII) is not None


def _value(name: str, schema: Schema, service: str, about: "_About") -> JsonValue:
    """What is known for a parameter, by what it stands for; None where nothing is, or it does not fit."""
    if len(choices := parameters.choices(schema)) == 1:
        return choices[0]
    value = about.of_role(parameters.role(name, schema), service, schema)
    if value is None and "default" not in schema:
        value = about.labels.get(name)
    value = None if value is None else parameters.meant(schema, value)
    return value if value is not None and not parameters.misfit(schema, value) else None


@dataclass(frozen=True)
class _About:
    """What a diagnosis says that parameters can be filled from."""

    diagnosis: Diagnosis
    leading: Hypothesis
    graph: ServiceGraph

    @property
    def cause(self) -> Category:
        return self.leading.cause

    @cached_property
    def services(self) -> tuple[str, ...]:
        """The service of the leading cause, then those whose changes it rests on."""
        supports = set(self.leading.supports)
        changed = (one.service for one in self.diagnosis.findings if one.kind == "change" and one.id in supports)
        return tuple(dict.fromkeys(name for name in (self.leading.service, *changed) if name))

    @cached_property
    def named(self) -> frozenset[str]:
        """The ids that pages among the evidence name, in their front matter or their text."""
        pages = [one for one in self.diagnosis.evidence if one.kind == "document"]
        said = (found for page in pages for found in _NAMED_BY_PAGES.findall(page.text))
        told = {id for one in said for id in re.findall(r"[a-z0-9][a-z0-9-]*", one)}
        return frozenset(told | {id for page in pages for id in page.remedies})

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Labels of the alerts, those of the first alert before those of the others."""
        return {key: value for one in reversed(self.diagnosis.trouble.alerts) for key, value in one.labels.items()}

    @cached_property
    def things(self) -> Sequence[Thing]:
        """Objects that live systems named, those in trouble first."""
        told = (one for one in self.diagnosis.evidence if one.kind == "tool")
        return best(thing for one in told for thing in found_in(Answer(one.title, {}, one.text)))

    def of_role(self, role: str, service: str, schema: Schema) -> JsonValue:
        """What stands for a role; None for a role that nobody knows."""
        value: JsonValue = None
        match role:
            case "service":
                value = service
            case "release" | "bad_release":
                value = self._release(service, role)
            case "namespace":
                value = self._namespace(service)
            case "pod" | "deployment" | "statefulset" | "node":
                value = self._object(role, service)
            case "replicas":
                value = self._replicas(service, schema)
            case "environment":
                value = self.diagnosis.trouble.environment or None
        return value

    def _release(self, service: str, role: str) -> str | None:
        found: Replaced | None = replaced(self.diagnosis, service, self.graph)
        if found is None:
            return None
        return (found.before if role == "release" else found.bad) or None

    def _namespace(self, service: str) -> str | None:
        known = self.graph.services[service].namespace if service in self.graph.services else ""
        seen = (one.namespace for one in self._of(service) if one.namespace)
        # The alert may be of another service than the cause.
        return known or next(seen, None) or self.labels.get("namespace")

    def _object(self, kind: str, service: str) -> str | None:
        labelled = self.labels.get(kind, "")
        if labelled and (kind == "node" or _is_of(labelled, service)):
            return labelled
        found = self.things if kind == "node" else tuple(self._of(service))
        return next((one.name for one in found if one.kind == kind), service if kind == "deployment" else None)

    def _replicas(self, service: str, schema: Schema) -> int | None:
        """Half as many again as there are, within the bounds; None where nobody says how many there are."""
        most = schema.get("maximum")
        row = re.compile(rf"^\s*{re.escape(service)}\s+(\d{{1,4}})/(\d{{1,4}})\b", re.MULTILINE)
        texts = (one.text for one in self.diagnosis.evidence if one.kind == "tool")
        now = next((int(found[2]) for text in texts if (found := row.search(text))), 0)
        more = now + max(1, now // 2)
        return min(more, int(most)) if now and isinstance(most, int | float) and most > now else None

    def _of(self, service: str) -> Iterator[Thing]:
        """Objects that are named after the service."""
        return (one for one in self.things if _is_of(one.name, service))


def _is_of(name: str, service: str) -> bool:
    return name == service or name.startswith(f"{service}-")
