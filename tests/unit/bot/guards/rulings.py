"""A proposal, people and rules to decide with: what the tests of approvals begin from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.guards.approval import Approval, Asked, Click
from bot.guards.cases import Rules
from bot.guards.policies import read_policies
from bot.guards.terms import Terms
from bot.remedy import Proposal, Remedy, Risk
from connectors.directory.port import Person
from connectors.remediation.port import Action
from connectors.state.remedy_port import Execution, ProposalStatus, Ruling, Standing, StoredProposal, Switch, Vote

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
POLICIES = read_policies()
TERMS = Terms(groups={"high": ("leads",), "critical": ("leads",)}, operators=("leads",))

ANN = Person("ann", "Ann", "payments", "en", ("payments",), ("slack:U1", "feishu:ou_1"))
BOB = Person("bob", "Bob", "payments", "en", (), ("slack:U2", "feishu:ou_2"))
LEI = Person("lei", "雷", "platform", "zh", ("leads",), ("slack:U3", "feishu:ou_3"))
MEI = Person("mei", "梅", "platform", "zh", ("leads",), ("slack:U4", "feishu:ou_4"))
EVE = Person("eve", "Eve", "storefront", "en", (), ("slack:U5", "feishu:ou_5"))
PEOPLE = (ANN, BOB, LEI, MEI, EVE)


def remedy(risk: Risk = "low", **more: Any) -> Remedy:
    given: dict[str, Any] = {
        "id": "restart",
        "title": {"en": "Restart", "zh": "重启"},
        "description": {"en": "Restart it.", "zh": "重启它。"},
        "parameters": {},
        "executor": "memory",
        "run": {"do": "restart"},
        "risk": risk,
        "target": "{service}",
        "digest": "entry-1",
        **more,
    }
    return Remedy.model_validate(given)


def proposal(risk: Risk = "low", **more: Any) -> Proposal:
    action = Action(
        remedy="restart",
        entry="entry-1",
        executor="memory",
        target="checkout",
        environment="production",
        run={"do": "x"},
    )
    given: dict[str, Any] = {
        "id": "p1",
        "incident_id": "i1",
        "language": "en",
        "action": action,
        "title": "Restart checkout",
        "risk": risk,
        "services": ("checkout",),
        "proposed_at": NOW - timedelta(minutes=10),
        "expires_at": NOW + timedelta(minutes=20),
        **more,
    }
    return Proposal.model_validate(given)


def stored(of: Proposal | None = None, status: ProposalStatus = "pending") -> StoredProposal:
    one = of or proposal()
    action = one.action
    return StoredProposal(
        one.id,
        one.incident_id,
        action.remedy,
        action.target,
        action.digest,
        status,
        one.proposed_at,
        one.expires_at,
        one.model_dump_json(),
        version=1,
    )


def approval(terms: Terms = TERMS, of: Remedy | None = None) -> Approval:
    return Approval(Rules(POLICIES, terms, {"restart": of or remedy()}, {"checkout": "payments", "cart": "storefront"}))


def click(author: str = "slack:U1", action: Asked = "approve", **more: Any) -> Click:
    one = Click(action, "e1", "slack", author, NOW, "p1", proposal().action.digest)
    return replace(one, **more)


def vote(person: str, *, approves: bool = True, seconds_ago: float = 60.0) -> Vote:
    return Vote("p1", person, approves, NOW - timedelta(seconds=seconds_ago), f"e-{person}")


def switch(name: str, value: str = "on", until: datetime | None = None) -> dict[str, Switch]:
    return {name: Switch(name, value, "lei", NOW - timedelta(minutes=1), until)}


def begun(target: str = "checkout", seconds_ago: float = 60.0, **more: Any) -> Execution:
    at = NOW - timedelta(seconds=seconds_ago)
    one = Execution("p0", target, "restart", "done", at, at)
    return replace(one, **more)


def ruled(
    *,
    by: Approval | None = None,
    on: StoredProposal | None = None,
    clicked: Click | None = None,
    votes: tuple[Vote, ...] = (),
    switches: Mapping[str, Switch] | None = None,
    execution: Execution | None = None,
    at: datetime = NOW,
) -> Ruling:
    standing = Standing(on or stored(), votes, switches or {}, execution)
    return (by or approval()).rule_click(clicked or click(), PEOPLE, at)(standing)


def claimed(
    *,
    by: Approval | None = None,
    on: StoredProposal | None = None,
    votes: tuple[Vote, ...] = (vote("ann"),),
    switches: Mapping[str, Switch] | None = None,
    recent: tuple[Execution, ...] = (),
    people: tuple[Person, ...] = PEOPLE,
    at: datetime = NOW,
) -> Ruling:
    standing = Standing(on or stored(status="approved"), votes, switches or {}, None, recent)
    return (by or approval()).rule_claim(people, at)(standing)
