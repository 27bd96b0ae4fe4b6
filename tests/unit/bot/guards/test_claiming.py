"""The truth table of claims: what was approved runs only where everything holds still."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.guards.claiming import NotApproved, approved
from bot.guards.terms import Freeze
from connectors.state.remedy_port import Standing
from tests.unit.bot.guards.rulings import (
    ANN,
    LEI,
    MEI,
    NOW,
    PEOPLE,
    TERMS,
    approval,
    begun,
    claimed,
    proposal,
    remedy,
    stored,
    switch,
    vote,
)

MOMENT = timedelta(microseconds=1)
HIGH = {
    "by": approval(of=remedy("high")),
    "on": stored(proposal("high"), "approved"),
    "votes": (vote("lei"), vote("mei")),
}
FROZEN = replace(TERMS, freezes=(Freeze("night", NOW, NOW + MOMENT),))
TWO = approval(of=remedy(blast={"targets": 2}))

TABLE = [
    pytest.param({}, "claimed", id="approved"),
    pytest.param(HIGH, "claimed", id="two-of-two"),
    pytest.param({"on": stored(status="pending")}, "stale: not approved", id="not-approved"),
    pytest.param({"on": stored(status="withdrawn")}, "stale: not approved", id="withdrawn-since"),
    pytest.param({"by": approval(of=remedy(digest="2"))}, "stale: changed", id="the-catalogues-entry-has-changed"),
    pytest.param({"on": replace(stored(status="approved"), digest="0")}, "stale: changed", id="the-action-was-edited"),
    pytest.param({"switches": switch("stop")}, "refused: stopped", id="stopped-since"),
    pytest.param({"switches": switch("freeze")}, "refused: frozen", id="frozen-since"),
    pytest.param({"by": approval(FROZEN)}, "refused: frozen", id="at-the-first-moment-of-a-freeze"),
    pytest.param({"by": approval(FROZEN), "at": NOW + MOMENT}, "claimed", id="at-the-last-moment-of-a-freeze"),
    pytest.param({"people": ()}, "refused: not enough approvals", id="the-approver-has-left"),
    pytest.param({"people": (replace(ANN, groups=()), LEI)}, "claimed", id="the-approver-is-still-of-the-team"),
    pytest.param(
        {"people": (replace(ANN, groups=(), team="hr"),)}, "refused: not enough approvals", id="the-approver-has-moved"
    ),
    pytest.param({**HIGH, "people": (LEI,)}, "refused: not enough approvals", id="one-of-two-approvers-has-left"),
    pytest.param({**HIGH, "people": (LEI, MEI)}, "claimed", id="others-may-leave"),
    pytest.param({"votes": (vote("eve"),)}, "refused: not enough approvals", id="a-vote-that-was-slipped-in"),
    pytest.param({"votes": ()}, "refused: not enough approvals", id="approved-by-nobody"),
    pytest.param({"votes": (vote("nightshift"),)}, "refused: not automatic", id="automatic-no-more"),
    pytest.param(
        {
            "by": approval(of=remedy(idempotent=True)),
            "votes": (vote("nightshift"),),
            "switches": switch("autonomy:restart", "automatic"),
        },
        "claimed",
        id="automatic",
    ),
    pytest.param({"votes": (vote("ann", seconds_ago=600),)}, "stale: window over", id="exactly-at-the-windows-end"),
    pytest.param({"votes": (vote("ann", seconds_ago=599.9),)}, "claimed", id="just-before-the-windows-end"),
    pytest.param(
        {"by": approval(replace(TERMS, window_seconds=60.0))}, "stale: window over", id="settings-shorten-the-window"
    ),
    pytest.param(
        {"recent": (begun(remedy="scale", status="started"),)}, "refused: target busy", id="the-target-is-busy"
    ),
    pytest.param(
        {"recent": (begun("cart", status="started"),)}, "refused: blast radius", id="as-many-targets-as-may-be"
    ),
    pytest.param({"by": TWO, "recent": (begun("cart", status="started"),)}, "claimed", id="one-target-more-may-be"),
    pytest.param(
        {"recent": (begun("cart", remedy="scale", status="started"),)}, "claimed", id="elsewhere-another-remedy"
    ),
    pytest.param({"recent": (begun(seconds_ago=599.9),)}, "refused: cooldown", id="just-before-it-has-cooled-down"),
    pytest.param({"recent": (begun(seconds_ago=600),)}, "claimed", id="exactly-when-it-has-cooled-down"),
    pytest.param({"recent": (begun(status="unknown"),)}, "refused: cooldown", id="what-is-unknown-cools-down-too"),
    pytest.param({"recent": (begun(status="stale"),)}, "claimed", id="what-never-ran-needs-no-cooling"),
    pytest.param({"recent": (begun("cart"),)}, "claimed", id="another-target-has-its-own-cooldown"),
    pytest.param(
        {"on": stored(proposal(undoes="p0"), "approved"), "recent": (begun(),)}, "claimed", id="taken-back-at-once"
    ),
]


@pytest.mark.parametrize(("given", "verdict"), TABLE)
def test_a_claim_is_ruled_on(given: dict[str, Any], verdict: str) -> None:
    ruling = claimed(**given)

    assert (ruling.verdict, ruling.work) == (verdict, verdict == "claimed")
    assert [one.event for one in ruling.entries] == [verdict]


def test_what_may_not_run_is_withdrawn_so_that_nothing_takes_it_up_later() -> None:
    ruling = claimed(switches=switch("stop"))

    assert ruling.proposal == replace(stored(), status="withdrawn")
    assert json.loads(ruling.entries[0].detail)["by"] == "lei"


def test_an_approved_action_says_who_approved_and_until_when() -> None:
    standing = Standing(stored(status="approved"), (vote("ann"),), {}, begun(proposal_id="p1", status="started"))

    made = approved(approval().rules, standing, NOW)

    assert made.action == proposal().action
    assert (made.approved_by, made.until) == (("ann",), NOW - timedelta(seconds=60) + timedelta(seconds=600))
    assert made.key == approved(approval().rules, standing, NOW + MOMENT).key


RUNNING = begun(proposal_id="p1", status="started")


@pytest.mark.parametrize(
    ("standing", "at"),
    [
        pytest.param(Standing(stored(), (vote("ann"),), {}, RUNNING), NOW, id="pending"),
        pytest.param(Standing(stored(status="approved"), (vote("ann"),)), NOW, id="not-claimed"),
        pytest.param(
            Standing(stored(status="approved"), (vote("ann"),), {}, begun(status="started")), NOW, id="another-claimed"
        ),
        pytest.param(
            Standing(stored(status="approved"), (vote("ann"),), {}, replace(RUNNING, status="done")), NOW, id="done"
        ),
        pytest.param(Standing(stored(status="approved"), (), {}, RUNNING), NOW, id="no-votes"),
        pytest.param(
            Standing(replace(stored(status="approved"), digest="0"), (vote("ann"),), {}, RUNNING), NOW, id="edited"
        ),
        pytest.param(
            Standing(stored(status="approved"), (vote("ann"),), {}, RUNNING),
            NOW + timedelta(seconds=540),
            id="too-late",
        ),
    ],
)
def test_no_other_action_is_ever_approved(standing: Standing, at: Any) -> None:
    with pytest.raises(NotApproved):
        approved(approval().rules, standing, at)


def test_the_rule_says_the_same_each_time_it_is_asked() -> None:
    rule = approval().rule_claim(PEOPLE, NOW)
    standing = Standing(stored(status="approved"), (vote("ann"),))

    assert rule(standing) == rule(standing)
