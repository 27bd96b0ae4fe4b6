"""Levels of autonomy: when nobody has to approve, and who may change a level."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.guards.approval import Approval
from bot.guards.autonomy import LevelChange, LevelRuling, may_raise, proven
from bot.remedy import Autonomy, Outcome
from connectors.state.remedy_port import Execution, Standing, Switch
from tests.unit.bot.guards.rulings import (
    NOW,
    PEOPLE,
    TERMS,
    approval,
    begun,
    click,
    proposal,
    remedy,
    ruled,
    stored,
    switch,
    vote,
)

GOOD = Outcome(status="done", text="", verified=True, approved_by=("ann",))
FIVE = (GOOD,) * 5
AUTOMATIC = switch("autonomy:restart/checkout", "automatic")
READY = approval(of=remedy(idempotent=True))


def ran(by: str, hours_ago: float, **more: Any) -> Execution:
    outcome = Outcome(status="done", text="", approved_by=(by,)).model_dump_json()
    return begun("cart", hours_ago * 3600, outcome=outcome, **more)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({}, "", id="agreed-low-idempotent-proven-within-its-budget"),
        pytest.param({"switches": {}}, "its level of autonomy does not say so", id="the-default"),
        pytest.param({"switches": switch("autonomy:restart/cart", "automatic")}, "its level", id="of-another-service"),
        pytest.param(
            {"switches": switch("autonomy:restart", "automatic", until=NOW)}, "its level", id="agreed-on-until-now"
        ),
        pytest.param({"by": approval(of=remedy())}, "it is not idempotent", id="not-idempotent"),
        pytest.param(
            {"by": approval(of=remedy("medium", idempotent=True)), "on": stored(proposal("medium"))},
            "its risk is not low",
            id="not-low",
        ),
        pytest.param({"outcomes": FIVE[1:]}, "not verified often enough", id="one-too-few"),
        pytest.param({"recent": (ran("nightshift", 1),) * 2}, "", id="one-run-of-its-budget-left"),
        pytest.param({"recent": (ran("nightshift", 1),) * 3}, "budget of the day", id="its-budget-is-used-up"),
        pytest.param({"recent": (ran("nightshift", 24),) * 3}, "", id="its-budget-is-back-after-a-day"),
        pytest.param({"recent": (ran("ann", 1),) * 3}, "", id="what-people-approved-is-no-budget"),
        pytest.param(
            {"recent": (begun("cart", status="started"),) * 3}, "budget of the day", id="what-is-not-known-is"
        ),
        pytest.param({"switches": {**AUTOMATIC, **switch("stop")}}, "stopped or frozen", id="stopped"),
        pytest.param({"switches": {**AUTOMATIC, **switch("freeze")}}, "stopped or frozen", id="frozen"),
        pytest.param({"on": stored(status="rejected")}, "not what is offered", id="rejected-before"),
        pytest.param({"at": NOW + timedelta(minutes=20)}, "not what is offered", id="expired"),
    ],
)
def test_nobody_has_to_approve_only_when_all_of_it_holds(given: dict[str, Any], why: str) -> None:
    standing = Standing(
        given.get("on") or stored(), (), given.get("switches", AUTOMATIC), None, given.get("recent", ())
    )
    by: Approval = given.get("by") or READY

    ruling = by.rule_automatic(given.get("outcomes", FIVE), PEOPLE, given.get("at", NOW))(standing)

    assert (ruling.work, ruling.verdict == "approved automatically") == (not why, not why)
    assert why in ruling.entries[0].detail


def test_the_budget_holds_again_at_the_claim() -> None:
    def claim(*recent: Execution) -> str:
        standing = Standing(stored(status="approved"), (vote("nightshift"),), AUTOMATIC, None, recent)
        return READY.rule_claim(PEOPLE, NOW)(standing).verdict

    assert claim(*(ran("nightshift", 2),) * 2) == "claimed"
    assert claim(*(ran("nightshift", 2),) * 3) == "refused: not automatic"


def test_only_what_people_approved_and_what_was_verified_proves_a_remedy() -> None:
    others = [
        replaced(verified=False),
        replaced(verified=None),
        replaced(status="failed"),
        replaced(approved_by=("nightshift",)),
        replaced(approved_by=()),
    ]

    assert proven([GOOD, *others]) == 1


def replaced(**more: Any) -> Outcome:
    return Outcome.model_validate({**GOOD.model_dump(), **more})


def test_the_strictest_level_of_all_its_services_holds() -> None:
    levels = {**AUTOMATIC, **switch("autonomy:restart/cart", "several")}

    assert READY.level(proposal(), levels, NOW) == "automatic"
    assert READY.level(proposal(services=("checkout", "cart")), levels, NOW) == "several"
    assert READY.needed(proposal(services=("checkout", "cart")), levels, NOW) == 2


def test_a_level_of_one_asks_for_no_more_than_the_risk_does() -> None:
    careful = approval(replace(TERMS, needed={"low": 2}, autonomy={"restart/checkout": "one"}))

    assert careful.needed(proposal(), {}, NOW) == 1
    assert careful.needed(proposal("high"), {}, NOW) == 1, "the catalogue's risk counts, not the proposal's"
    assert ruled(by=careful).verdict == "approved"


def test_what_was_agreed_on_since_the_start_wins_over_the_settings() -> None:
    by_settings = approval(replace(TERMS, autonomy={"restart": "automatic"}))

    assert by_settings.level(proposal(), {}, NOW) == "automatic"
    assert by_settings.level(proposal(), switch("autonomy:restart", "propose"), NOW) == "propose"


def changed(
    level: Autonomy = "automatic", approver: str = "slack:U3", asker: str = "ann", outcomes: tuple[Outcome, ...] = FIVE
) -> LevelRuling:
    change = LevelChange("restart", level, asker, "checkout", approver)
    return may_raise(READY.rules, change, {}, outcomes, PEOPLE, NOW)


@pytest.mark.parametrize(
    ("ruling", "verdict"),
    [
        pytest.param(changed(), "autonomy raised", id="somebody-entrusted-agrees"),
        pytest.param(changed(approver=""), "refused: not enough approvals", id="nobody-has-agreed"),
        pytest.param(changed(asker="lei"), "refused: own request", id="nobody-agrees-with-themselves"),
        pytest.param(changed(asker="feishu:ou_3"), "refused: own request", id="nor-from-another-platform"),
        pytest.param(changed(approver="bob"), "refused: policy", id="not-everybody-may-agree"),
        pytest.param(changed(approver="slack:U99"), "refused: unknown person", id="a-stranger-agrees"),
        pytest.param(changed(asker="slack:U99"), "refused: unknown person", id="a-stranger-asks"),
        pytest.param(changed(outcomes=FIVE[1:]), "refused: not automatic", id="not-proven-yet"),
        pytest.param(changed("one", approver=""), "refused: not enough approvals", id="every-step-up-needs-somebody"),
        pytest.param(changed("several", approver=""), "autonomy lowered", id="whoever-may-reject-lowers-it"),
        pytest.param(changed("several", "", "eve"), "refused: policy", id="others-do-not-even-lower-it"),
    ],
)
def test_a_level_is_changed(ruling: LevelRuling, verdict: str) -> None:
    assert (ruling.verdict, ruling.entry.event) == (verdict, verdict)
    assert (ruling.switch is not None) is verdict.startswith("autonomy")


def test_a_level_that_was_raised_is_a_switch_that_the_next_proposal_goes_by() -> None:
    raised = changed().switch

    assert raised == Switch("autonomy:restart/checkout", "automatic", "lei", NOW)
    assert READY.level(proposal(), {raised.name: raised}, NOW) == "automatic"


def test_people_may_still_decide_on_what_could_run_by_itself() -> None:
    assert ruled(by=READY, switches=AUTOMATIC, clicked=click("ann", "reject")).verdict == "rejected"
