"""Cedar policies: read and validated at the start, and asked who may do what. What goes wrong is a denial."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import cedarpy
from pydantic import JsonValue

from connectors.configuration import BadSettings

FOLDER = Path(__file__).parent / "policy"
Deed: TypeAlias = Literal["approve", "reject", "rehearse", "probe", "raise", "stop", "go"]
"""What somebody may be permitted to do."""


class BadPolicy(BadSettings):
    """Policies cannot be used; one line for each mistake names the file and the policy."""


@dataclass(frozen=True)
class Actor:
    """A person as policies see them. ``foreign``: they click from another organisation's workspace."""

    id: str
    groups: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    foreign: bool = False


@dataclass(frozen=True)
class Matter:
    """A proposal as policies see it; the schema says what each of it is. ``asker`` is a person's id."""

    id: str
    remedy: str
    risk: str
    target: str
    services: tuple[str, ...]
    environment: str
    owners: tuple[str, ...]
    teams: tuple[str, ...]
    entrusted: tuple[str, ...]
    asker: str
    autonomy: str


@dataclass(frozen=True)
class Everything:
    """All remedies together, as policies see them."""

    operators: tuple[str, ...]


@dataclass(frozen=True)
class Circumstances:
    """What holds at the moment."""

    stopped: bool = False
    frozen: bool = False
    step_up: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether it is permitted, and the ids of the policies that decided; none: no policy permits it.

    ``errors``: what could not be evaluated; then it is never permitted.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policies:
    """Validated policies and their schema."""

    cedar: cedarpy.PolicySet
    schema: cedarpy.Schema

    def decide(self, actor: Actor, deed: Deed, on: Matter | Everything, now: Circumstances) -> Decision:
        """Whether somebody may do something now. It never raises: whatever goes wrong is a denial."""
        resource = _uid("Remedies", "all") if isinstance(on, Everything) else _uid("Proposal", on.id)
        request = {
            "principal": _uid("Person", actor.id),
            "action": _uid("Action", deed),
            "resource": resource,
            "context": {"stopped": now.stopped, "frozen": now.frozen, "step_up": now.step_up},
        }
        try:
            said = cedarpy.is_authorized(request, self.cedar, _entities(actor, on), self.schema)
        except ValueError as wrong:
            return Decision(allowed=False, errors=(str(wrong),))
        names = said.diagnostics.id_annotations_by_reason
        policies = tuple(sorted(str(names.get(one, one)) for one in said.diagnostics.reasons))
        errors = tuple(said.diagnostics.errors)
        # A policy that cannot be evaluated is left out by Cedar, so that a forbid with a mistake would permit.
        return Decision(allowed=said.allowed and not errors, policies=policies, errors=errors)


def read_policies(own: Path | None = None, *, with_ours: bool = True) -> Policies:
    """Our policies and a team's own, a file or all ``*.cedar`` of a folder; what always holds is among them always.

    ``with_ours`` False: the team's own are in the place of ours. Raises BadPolicy.
    """
    try:
        texts = {path: path.read_text("utf-8") for path in _files(own, with_ours=with_ours)}
        schema = cedarpy.Schema.from_str((FOLDER / "schema.cedarschema").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as failure:
        raise BadPolicy(f"{getattr(failure, 'filename', None) or own}: cannot be read: {failure}") from failure
    mistakes = [line for path, text in texts.items() for line in _mistakes(path, text, schema)]
    mistakes += [] if mistakes else _twice(texts)
    if mistakes:
        raise BadPolicy("\n".join(mistakes))
    return Policies(cedarpy.PolicySet.from_str("\n".join(texts.values())), schema)


def _files(own: Path | None, *, with_ours: bool) -> Sequence[Path]:
    ours = [FOLDER / "always.cedar", *([FOLDER / "approval.cedar"] if with_ours or own is None else [])]
    if own is None:
        return ours
    theirs = sorted(own.glob("*.cedar")) if own.is_dir() else [own]
    if not theirs:
        raise BadPolicy(f"{own}: holds no *.cedar file; put one there, or correct the path")
    return [*ours, *theirs]


def _mistakes(path: Path, text: str, schema: cedarpy.Schema) -> Iterable[str]:
    try:
        written = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as wrong:
        return [f"{path}: not Cedar: {wrong}"]
    if written["templates"]:
        return [f"{path}: {_named(*next(iter(written['templates'].items())))}: a template; write it as a policy"]
    static = written["staticPolicies"]
    said = cedarpy.validate_policies(text, schema)
    lines = [f"{path}: {_named(one.policy_id, static.get(one.policy_id))}: {_why(one.error)}" for one in said.errors]
    nameless = [name for name, policy in static.items() if not _id(policy)]
    return lines + [f'{path}: {_named(name)}: has no @id("…"), by which a refusal could name it' for name in nameless]


def _twice(texts: dict[Path, str]) -> Sequence[str]:
    seen: dict[str, Path] = {}
    lines = []
    for path, text in texts.items():
        for policy in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
            name = _id(policy)
            if name in seen:
                lines.append(f'{path}: policy "{name}": {seen[name]} has one of this name; give it another')
            seen[name] = path
    return lines


def _id(policy: dict[str, dict[str, str]] | None) -> str:
    return ((policy or {}).get("annotations") or {}).get("id") or ""


def _named(position: str, policy: dict[str, dict[str, str]] | None = None) -> str:
    number = re.search(r"\d+$", position)
    return f'policy "{_id(policy)}"' if _id(policy) else f"policy {int(number[0]) + 1 if number else position}"


def _why(error: str) -> str:
    return re.sub(r"^for policy `[^`]*`, ", "", error)


def _uid(kind: str, name: str) -> dict[str, JsonValue]:
    return {"type": kind, "id": name}


def _entities(actor: Actor, on: Matter | Everything) -> list[dict[str, JsonValue]]:
    """All that a policy may ask for, each of it once."""
    found = {("Person", actor.id): _person(actor)}
    if isinstance(on, Everything):
        found["Remedies", "all"] = _entity("Remedies", "all", {"operators": _groups(on.operators)})
        named = on.operators
    else:
        found.setdefault(("Person", on.asker), _person(Actor(on.asker)))
        found["Proposal", on.id] = _proposal(on)
        named = (*on.owners, *on.teams, *on.entrusted)
    for group in (*actor.groups, *named):
        found["Group", group] = _entity("Group", group, {})
    return list(found.values())


def _person(actor: Actor) -> dict[str, JsonValue]:
    attributes: dict[str, JsonValue] = {"platforms": list(actor.platforms), "foreign": actor.foreign}
    return {**_entity("Person", actor.id, attributes), "parents": [_uid("Group", one) for one in actor.groups]}


def _proposal(matter: Matter) -> dict[str, JsonValue]:
    attributes: dict[str, JsonValue] = {
        "remedy": matter.remedy,
        "risk": matter.risk,
        "target": matter.target,
        "services": list(matter.services),
        "environment": matter.environment,
        "owners": _groups(matter.owners),
        "teams": _groups(matter.teams),
        "entrusted": _groups(matter.entrusted),
        "asker": {"__entity": _uid("Person", matter.asker)},
        "autonomy": matter.autonomy,
    }
    return _entity("Proposal", matter.id, attributes)


def _groups(names: Sequence[str]) -> JsonValue:
    return [{"__entity": _uid("Group", name)} for name in names]


def _entity(kind: str, name: str, attributes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"uid": _uid(kind, name), "attrs": attributes, "parents": []}
