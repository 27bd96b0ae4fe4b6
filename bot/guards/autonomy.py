"""Levels of autonomy: when a remedy may run without an approval, and who may change its level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import JsonValue, ValidationError

from bot.guards.cases import AUTONOMY, NIGHTSHIFT, STRICTEST, Case, Rules, actor_of, level_named, offer_of, person_of
from bot.guards.policies import Circumstances, Deed, Matter
from bot.guards.terms import Terms
from bot.guards.verdicts import Detail, Verdict, entry
from bot.remedy import Autonomy, Outcome, Remedy
from connectors.directory.port import Person
from connectors.state.remedy_port import Entry, Execution, Ruling, Standing, Switch, Vote

DAY = timedelta(days=1)
_LOWERING: tuple[Deed, ...] = ("reject", "raise")


def proven(outcomes: Sequence[Outcome]) -> int:
    """How often people approved it, and it was carried out and verified."""
    return sum(one.status == "done" and one.verified is True and _by_people(one) for one in outcomes)


def not_automatic(remedy: Remedy, outcomes: Sequence[Outcome], terms: Terms) -> str:
    """Why a remedy may not run without an approval; empty when it may.

    ``outcomes`` are those in the audit of this remedy at the same target.
    """
    seldom = "it was not verified often enough" if proven(outcomes) < terms.verified_before else ""
    return _unfit(remedy) or seldom


def budget_used(recent: Sequence[Execution], remedy: str, terms: Terms, now: datetime) -> bool:
    """Whether a remedy has run as often within a day as it may without an approval; what is not known counts."""
    ran = [one for one in recent if one.remedy == remedy and one.started_at > now - DAY and one.status != "stale"]
    return sum(not _approved_by_people(one) for one in ran) >= terms.automatic_per_day


def rule_automatic(
    rules: Rules, outcomes: Sequence[Outcome], people: Sequence[Person], now: datetime, standing: Standing
) -> Ruling:
    """Whether a pending proposal is approved by the level of autonomy alone. If not it stays, and waits for people."""
    stored = standing.proposal
    offer = offer_of(stored, rules.remedies)
    if stored.status != "pending" or stored.expires_at <= now or offer is None:
        why = "it is not what is offered now"
    else:
        case = Case(rules, people, offer, now, standing.votes, standing.switches)
        why = in_the_way(case, standing.recent) or not_automatic(offer.remedy, outcomes, rules.terms)
    verdict: Verdict = "refused: not automatic" if why else "approved automatically"
    detail: Detail = {"why": why} if why else {"proven": proven(outcomes), "digest": stored.digest}
    about = {"remedy": stored.remedy, "target": stored.target, **detail}
    ruling = Ruling(verdict, (entry(verdict, NIGHTSHIFT, stored.id, now, about),))
    if why:
        return ruling
    vote = Vote(stored.id, NIGHTSHIFT, approves=True, given_at=now, event_id="")
    return replace(ruling, vote=vote, proposal=replace(stored, status="approved"), work=True)


def in_the_way(case: Case, recent: Sequence[Execution]) -> str:
    """Why it may not run without an approval now, whatever came of it before; empty when nothing is in the way."""
    if case.level != "automatic":
        return "its level of autonomy does not say so"
    if case.stopped or case.frozen:
        return "everything is stopped or frozen"
    if budget_used(recent, case.offer.remedy.id, case.rules.terms, case.now):
        return "its budget of the day is used up"
    return _unfit(case.offer.remedy)


def _unfit(remedy: Remedy) -> str:
    if remedy.risk != "low":
        return "its risk is not low"
    return "" if remedy.idempotent else "it is not idempotent"


@dataclass(frozen=True)
class LevelChange:
    """Somebody wants another level for a remedy, of one service or of all. ``approver`` is who agrees, or nobody yet.

    Both are ids or accounts of people, as their platforms vouch for them.
    """

    remedy: str
    level: Autonomy
    asker: str
    service: str = ""
    approver: str = ""

    @property
    def switch(self) -> str:
        """The name of the switch that keeps it."""
        return f"{AUTONOMY}{self.remedy}/{self.service}" if self.service else AUTONOMY + self.remedy


@dataclass(frozen=True)
class LevelRuling:
    """What becomes of it: a switch to set with the entry, or an entry for the audit alone."""

    verdict: Verdict
    entry: Entry
    switch: Switch | None = None


def may_raise(
    rules: Rules,
    change: LevelChange,
    switches: Mapping[str, Switch],
    outcomes: Sequence[Outcome],
    people: Sequence[Person],
    now: datetime,
) -> LevelRuling:
    """Whether a level may be changed: more autonomy needs a second person who is entrusted with it, less needs nobody.

    ``refused: not enough approvals`` without an approver: it is to be offered to others.
    """
    remedy, asker = rules.remedies.get(change.remedy), person_of(change.asker, people)
    if remedy is None or asker is None:
        return _said(change, "refused: unknown person" if remedy else "refused: changed", change.asker, now, {})
    level = level_named(switches, rules.terms, change.remedy, change.service, now)
    if STRICTEST.index(change.level) <= STRICTEST.index(level):
        return _lowered(rules, change, remedy, asker, now)
    why = not_automatic(remedy, outcomes, rules.terms) if change.level == "automatic" else ""
    if why:
        return _said(change, "refused: not automatic", asker.id, now, {"why": why})
    return _raised(rules, change, remedy, (asker, person_of(change.approver, people)), now)


def _raised(
    rules: Rules, change: LevelChange, remedy: Remedy, who: tuple[Person, Person | None], now: datetime
) -> LevelRuling:
    asker, approver = who
    if approver is None:
        verdict: Verdict = "refused: unknown person" if change.approver else "refused: not enough approvals"
        return _said(change, verdict, change.approver or asker.id, now, {"have": 0, "needed": 1})
    matter = _matter(rules, change, remedy, asker.id)
    said = rules.policies.decide(actor_of(approver), "raise", matter, Circumstances(step_up=True))
    if not said.allowed:
        verdict = "refused: own request" if "own-request" in said.policies else "refused: policy"
        detail: Detail = {"policy": list(said.policies) or ["none"], "who": list(matter.entrusted)}
        return _said(change, verdict, approver.id, now, detail)
    return _set(change, "autonomy raised", approver.id, now, {"asker": asker.id})


def _lowered(rules: Rules, change: LevelChange, remedy: Remedy, asker: Person, now: datetime) -> LevelRuling:
    """Whoever may reject it may have it run less by itself."""
    matter = _matter(rules, change, remedy, NIGHTSHIFT)
    said = [rules.policies.decide(actor_of(asker), deed, matter, Circumstances(step_up=True)) for deed in _LOWERING]
    if any(one.allowed for one in said):
        return _set(change, "autonomy lowered", asker.id, now, {})
    policies: list[JsonValue] = [*sorted({name for one in said for name in one.policies})] or ["none"]
    return _said(change, "refused: policy", asker.id, now, {"policy": policies, "who": list(matter.entrusted)})


def _matter(rules: Rules, change: LevelChange, remedy: Remedy, asker: str) -> Matter:
    service = change.service
    team = rules.teams.get(service, "")
    return Matter(
        id=change.switch,
        remedy=remedy.id,
        risk=remedy.risk,
        target=service,
        services=(service,) if service else (),
        environment=remedy.environment,
        owners=remedy.owners,
        teams=(team,) if team else (),
        entrusted=rules.terms.groups.get("critical", ()),
        asker=asker,
        autonomy=change.level,
    )


def _set(change: LevelChange, verdict: Verdict, by: str, now: datetime, more: Detail) -> LevelRuling:
    ruling = _said(change, verdict, by, now, more)
    return replace(ruling, switch=Switch(change.switch, change.level, by, now))


def _said(change: LevelChange, verdict: Verdict, by: str, now: datetime, more: Detail) -> LevelRuling:
    detail = {"remedy": change.remedy, "service": change.service or "*", "level": change.level, **more}
    return LevelRuling(verdict, entry(verdict, by, change.switch, now, detail))


def _approved_by_people(one: Execution) -> bool:
    try:
        return _by_people(Outcome.model_validate_json(one.outcome))
    except ValidationError:
        return False


def _by_people(outcome: Outcome) -> bool:
    return bool(outcome.approved_by) and NIGHTSHIFT not in outcome.approved_by
