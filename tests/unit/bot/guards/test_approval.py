"""The truth table of clicks: who may approve, reject, rehearse and probe, and each reason for a refusal."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.guards.approval import Approval, Asked
from bot.guards.policies import read_policies
from bot.guards.terms import Freeze
from bot.remedy import Risk
from connectors.state.remedy_port import Standing, StoredProposal, Vote
from tests.unit.bot.guards.rulings import (
    ANN,
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

MOMENT = timedelta(microseconds=1)


def risky(risk: Risk) -> dict[str, Any]:
    return {"by": approval(of=remedy(risk)), "on": stored(proposal(risk))}


def edited(**fields: Any) -> StoredProposal:
    """A row whose action somebody has changed behind our back."""
    body = json.loads(stored().body)
    body["action"] |= fields
    return replace(stored(), body=json.dumps(body))


FROZEN = replace(TERMS, freezes=(Freeze("Black Friday", NOW - timedelta(hours=1), NOW + timedelta(hours=1)),))

TABLE = [
    pytest.param({}, "approved", id="the-services-team-approves-low-risk"),
    pytest.param({"clicked": click("feishu:ou_1")}, "approved", id="on-feishu-as-on-slack"),
    pytest.param({"clicked": click("ann", channel="web")}, "approved", id="on-the-web-by-the-persons-id"),
    pytest.param({"clicked": click("SLACK:u1")}, "approved", id="an-account-in-another-case"),
    pytest.param({"clicked": click("bob")}, "approved", id="a-team-counts-as-a-group"),
    pytest.param(risky("medium"), "approved", id="medium-risk-needs-one"),
    pytest.param({"by": approval(of=remedy(owners=("dba",)))}, "refused: policy", id="named-owners-replace-the-team"),
    pytest.param({"clicked": click(digest="0" * 64)}, "refused: changed", id="a-token-for-another-action"),
    pytest.param({"on": edited(run={"do": "y"})}, "refused: changed", id="what-runs-was-edited-in-the-database"),
    pytest.param({"on": edited(target="ledger")}, "refused: changed", id="the-target-was-edited-in-the-database"),
    pytest.param({"on": replace(stored(), body="{}")}, "refused: changed", id="the-body-is-unreadable"),
    pytest.param({"on": replace(stored(), digest="0" * 64)}, "refused: changed", id="the-digest-was-edited"),
    pytest.param({"by": approval(of=remedy(digest="2"))}, "refused: changed", id="the-catalogues-entry-has-changed"),
    pytest.param({"by": approval(of=remedy("high"))}, "refused: changed", id="the-risk-has-changed"),
    pytest.param({"at": NOW + timedelta(minutes=20) - MOMENT}, "approved", id="just-before-the-deadline"),
    pytest.param({"at": NOW + timedelta(minutes=20)}, "refused: expired", id="exactly-at-the-deadline"),
    pytest.param({"on": stored(status="expired")}, "refused: expired", id="closed-by-the-sweeper"),
    pytest.param({"on": stored(status="approved"), "votes": (vote("bob"),)}, "refused: already decided", id="approved"),
    pytest.param({"on": stored(status="rejected")}, "refused: already decided", id="rejected"),
    pytest.param({"on": stored(status="withdrawn")}, "refused: already decided", id="withdrawn"),
    pytest.param({"clicked": click(workspace_known=False)}, "refused: foreign workspace", id="slack-connect"),
    pytest.param(
        {"clicked": click("slack:T9/U1")}, "refused: foreign workspace", id="the-account-of-another-workspace"
    ),
    pytest.param({"clicked": click("feishu:x/ou_1")}, "refused: foreign workspace", id="another-tenant-of-feishu"),
    pytest.param({"clicked": click("slack:U9")}, "refused: unknown person", id="nobody-in-the-directory-slack"),
    pytest.param({"clicked": click("feishu:ou_9")}, "refused: unknown person", id="nobody-in-the-directory-feishu"),
    pytest.param({"clicked": click("guest-00")}, "refused: unknown person", id="a-guest-of-the-page"),
    pytest.param({"clicked": click("nightshift")}, "refused: unknown person", id="we-ourselves"),
    pytest.param({"clicked": click("Ann")}, "approved", id="an-id-in-another-case"),
    pytest.param(
        {"on": stored(proposal(approvers=("eve", "ann"))), "clicked": click("slack:U5")},
        "refused: no longer entitled",
        id="de-authorised-since-it-was-proposed",
    ),
    pytest.param({"on": stored(proposal(asker="ann"))}, "refused: own request", id="asked-for-it-by-id"),
    pytest.param({"on": stored(proposal(asker="feishu:ou_1"))}, "refused: own request", id="asked-for-it-on-feishu"),
    pytest.param({"on": stored(proposal(asker="SLACK:U1"))}, "refused: own request", id="asked-for-it-in-another-case"),
    pytest.param({"on": stored(proposal(asker="bob"))}, "approved", id="a-colleague-asked-for-it"),
    pytest.param({"clicked": click("slack:U5")}, "refused: policy", id="of-another-team"),
    pytest.param({**risky("high"), "clicked": click("ann")}, "refused: policy", id="high-risk-not-by-the-team"),
    pytest.param({**risky("high"), "clicked": click("lei")}, "vote recorded", id="high-risk-needs-two"),
    pytest.param({"clicked": click("lei")}, "refused: policy", id="leads-do-not-own-everything"),
    pytest.param({"switches": switch("stop")}, "refused: stopped", id="the-stop-switch"),
    pytest.param({"switches": switch("stop", until=NOW)}, "approved", id="a-stop-that-ends-now"),
    pytest.param({"switches": switch("freeze", "release")}, "refused: frozen", id="a-freeze-by-hand"),
    pytest.param({"by": approval(FROZEN)}, "refused: frozen", id="a-freeze-of-the-settings"),
    pytest.param(
        {**risky("critical"), "clicked": click("lei")}, "refused: step-up", id="critical-needs-a-second-factor"
    ),
    pytest.param(
        {**risky("critical"), "clicked": click("lei", step_up=True)},
        "vote recorded",
        id="critical-with-a-second-factor",
    ),
    pytest.param(
        {**risky("high"), "clicked": click("lei"), "votes": (vote("lei"),)},
        "refused: already voted",
        id="nobody-counts-twice",
    ),
    pytest.param(
        {**risky("high"), "clicked": click("feishu:ou_3"), "votes": (vote("lei"),)},
        "refused: already voted",
        id="nobody-counts-twice-from-another-platform",
    ),
    pytest.param({**risky("high"), "clicked": click("lei"), "votes": (vote("mei"),)}, "approved", id="two-of-two"),
    pytest.param(
        {**risky("high"), "clicked": click("lei"), "votes": (vote("ann"),)},
        "vote recorded",
        id="an-earlier-vote-of-somebody-not-entitled-does-not-count",
    ),
    pytest.param(
        {**risky("high"), "clicked": click("lei"), "votes": (vote("gone"),)},
        "vote recorded",
        id="an-earlier-vote-of-somebody-who-has-left-does-not-count",
    ),
    pytest.param({"on": stored(proposal(needed=2))}, "vote recorded", id="a-proposal-may-ask-for-more"),
    pytest.param({"by": approval(replace(TERMS, needed={"low": 2}))}, "vote recorded", id="settings-may-ask-for-more"),
    pytest.param(
        {**risky("high"), "by": approval(replace(TERMS, needed={"high": 1}), remedy("high")), "clicked": click("lei")},
        "vote recorded",
        id="settings-never-ask-for-less",
    ),
    pytest.param({"switches": switch("autonomy:restart/checkout", "several")}, "vote recorded", id="by-several"),
    pytest.param({"switches": switch("autonomy:restart", "all of it")}, "approved", id="a-level-that-nobody-knows"),
    pytest.param({"clicked": click("ann", "reject")}, "rejected", id="who-may-approve-may-reject"),
    pytest.param({"clicked": click("eve", "reject")}, "refused: policy", id="others-may-not-reject"),
    pytest.param(
        {"clicked": click("eve", "reject"), "on": stored(proposal(asker="eve"))},
        "rejected",
        id="the-asker-takes-it-back",
    ),
    pytest.param(
        {"clicked": click("ann", "reject"), "switches": switch("stop")}, "rejected", id="rejected-while-stopped"
    ),
    pytest.param(
        {**risky("critical"), "clicked": click("lei", "reject"), "votes": (vote("mei"),)},
        "rejected",
        id="one-rejection-wins-over-an-approval",
    ),
    pytest.param({"clicked": click("ann", "rehearse")}, "allowed: rehearse", id="rehearsed-by-the-team"),
    pytest.param({"clicked": click("eve", "rehearse")}, "refused: policy", id="not-rehearsed-by-others"),
    pytest.param(
        {"clicked": click("ann", "rehearse"), "switches": switch("stop")},
        "refused: stopped",
        id="no-dry-run-while-stopped",
    ),
    pytest.param(
        {"clicked": click("ann", "rehearse"), "switches": switch("freeze")},
        "allowed: rehearse",
        id="rehearsed-in-a-freeze",
    ),
    pytest.param(
        {"on": edited(run={"do": "y"}), "at": NOW + timedelta(hours=1)},
        "refused: changed",
        id="edited-comes-before-expired",
    ),
    pytest.param(
        {**risky("high"), "clicked": click("lei"), "votes": (vote("mei", approves=False),)},
        "vote recorded",
        id="only-approvals-count",
    ),
    pytest.param(
        {"on": stored(proposal(services=("cart",))), "clicked": click("eve")},
        "refused: policy",
        id="the-team-of-a-service-that-suffers-is-not-that-of-what-is-changed",
    ),
    pytest.param({"clicked": click("ann", "probe")}, "refused: nothing to probe", id="nothing-has-begun"),
    pytest.param(
        {
            "clicked": click("ann", "probe"),
            "on": stored(status="approved"),
            "execution": begun(proposal_id="p1", status="unknown"),
            "switches": switch("stop"),
        },
        "allowed: probe",
        id="what-is-unknown-is-probed-even-while-stopped",
    ),
    pytest.param({"clicked": click("eve", "stop")}, "allowed: stop", id="everybody-stops"),
    pytest.param({"clicked": click("slack:U9", "stop")}, "refused: unknown person", id="strangers-do-not-stop"),
    pytest.param({"clicked": click("eve", "go")}, "refused: policy", id="not-everybody-lets-run-again"),
    pytest.param({"clicked": click("lei", "go")}, "allowed: go", id="operators-let-run-again"),
]


@pytest.mark.parametrize(("given", "verdict"), TABLE)
def test_a_click_is_ruled_on(given: dict[str, Any], verdict: str) -> None:
    ruling = ruled(**given)

    assert ruling.verdict == verdict
    assert [one.event for one in ruling.entries] == [verdict]
    assert ruling.work is (verdict == "approved")
    assert (ruling.vote is not None) is (verdict in ("approved", "vote recorded", "rejected"))


def test_an_approval_decides_the_proposal_and_says_who_was_counted() -> None:
    ruling = ruled(**risky("high"), clicked=click("lei"), votes=(vote("mei"),))

    assert ruling.proposal == replace(stored(proposal("high")), status="approved")
    assert json.loads(ruling.entries[0].detail)["by"] == ["mei", "lei"]
    assert ruling.entries[0].actor == "lei"


def test_who_decided_and_when_is_told() -> None:
    ruling = ruled(on=stored(status="rejected"), votes=(vote("bob"), vote("lei", approves=False, seconds_ago=5)))

    detail = json.loads(ruling.entries[0].detail)
    assert (detail["by"], detail["at"]) == (["lei"], (NOW - timedelta(seconds=5)).isoformat())


def test_a_denial_names_the_policies_and_who_could() -> None:
    ruling = ruled(on=stored(proposal(approvers=("ann", "bob"))), clicked=click("slack:U3"))

    detail = json.loads(ruling.entries[0].detail)
    assert (detail["policy"], detail["who"]) == (["none"], ["ann", "bob"])


def test_an_account_of_two_people_is_nobodys() -> None:
    twice = (*PEOPLE, replace(ANN, id="ann2"))

    assert approval().rule_click(click(), twice, NOW)(Standing(stored())).verdict == "refused: unknown person"


def test_nobody_of_the_directory_is_nightshift() -> None:
    named = (*PEOPLE, replace(ANN, id="Nightshift", accounts=()))

    assert (
        approval().rule_click(click("nightshift"), named, NOW)(Standing(stored())).verdict == "refused: unknown person"
    )


def test_a_rejection_ends_it() -> None:
    ruling = ruled(clicked=click("ann", "reject"))

    assert ruling.proposal == replace(stored(), status="rejected")
    assert ruling.vote == Vote("p1", "ann", approves=False, given_at=NOW, event_id="e1")


@pytest.mark.parametrize(
    ("name", "verdict"), [("step-up-production", "refused: step-up"), ("never", "refused: policy")]
)
def test_a_teams_own_policy_may_ask_for_a_second_factor(tmp_path: Path, name: str, verdict: str) -> None:
    own = tmp_path / "own.cedar"
    own.write_text(
        f'@id("{name}") forbid (principal, action == Action::"approve", resource) unless {{ context.step_up }};'
    )
    strict = Approval(replace(approval().rules, policies=read_policies(own)))

    assert ruled(by=strict).verdict == verdict
    assert ruled(by=strict, clicked=click(step_up=True)).verdict == "approved"


def test_who_may_approve_is_asked_of_the_policies() -> None:
    low, high = approval(), approval(of=remedy("high"))

    assert low.entitled(proposal(asker="bob"), {}, PEOPLE, NOW) == ("ann",)
    assert high.entitled(proposal("high"), {}, PEOPLE, NOW) == ("lei", "mei")


def test_no_order_of_clicks_by_people_who_are_not_entitled_ever_runs_anything() -> None:
    chance = random.Random(20261120)  # noqa: S311 - the same clicks in every run
    deeds: list[Asked] = ["approve", "reject", "rehearse", "probe", "stop", "go"]
    authors = ["eve", "slack:U5", "feishu:ou_5", "lei", "slack:T2/U1", "guest-1", "nightshift", "slack:U404", "bob", ""]
    on, votes = stored(proposal(asker="bob")), dict[str, Vote]()
    for _ in range(2000):
        clicked = click(chance.choice(authors), chance.choice(deeds), step_up=chance.random() < 0.5)
        ruling = ruled(on=on, clicked=clicked, votes=tuple(votes.values()))

        assert not ruling.work
        assert ruling.vote is None or not ruling.vote.approves
