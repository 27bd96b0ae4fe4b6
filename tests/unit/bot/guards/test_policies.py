"""Policies of a team: what is wrong with them is said at the start, and what cannot be evaluated is a denial."""

from pathlib import Path

import cedarpy
import pytest

from bot.guards.policies import Actor, BadPolicy, Circumstances, Decision, Everything, Matter, Policies, read_policies
from tests.unit.bot.guards.rulings import POLICIES

MATTER = Matter("p1", "restart", "low", "checkout", ("checkout",), "", (), ("payments",), (), "nightshift", "propose")
ANN = Actor("ann", ("payments",), ("slack",))
NOW = Circumstances()


def own(folder: Path, text: str) -> Path:
    path = folder / "own.cedar"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            '@id("typo") permit (principal, action, resource) when { resource.riks == "low" };',
            'policy "typo": attribute `riks` on entity type `Proposal` not found',
            id="an-attribute-that-is-none",
        ),
        pytest.param(
            '@id("x") permit (principal, action == Action::"aprove", resource);', "aprove", id="a-wrong-action"
        ),
        pytest.param("permit (principal, action, resource) when {", "not Cedar: ", id="half-a-policy"),
        pytest.param("permit (principal, action, resource);", 'policy 1: has no @id("…")', id="without-a-name"),
        pytest.param('@id("owners") permit (principal, action, resource);', "approval.cedar has one", id="named-twice"),
        pytest.param('@id("t") permit (principal == ?principal, action, resource);', "a template", id="a-template"),
    ],
)
def test_a_mistake_names_the_file_and_the_policy(tmp_path: Path, text: str, says: str) -> None:
    path = own(tmp_path, text)

    with pytest.raises(BadPolicy) as wrong:
        read_policies(path)

    assert str(wrong.value).startswith(f"{path}: ")
    assert says in str(wrong.value)


def test_a_file_that_is_missing_and_a_folder_without_policies_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadPolicy, match=r"none\.cedar: cannot be read"):
        read_policies(tmp_path / "none.cedar")
    with pytest.raises(BadPolicy, match=r"holds no \*.cedar file"):
        read_policies(tmp_path)


def test_a_teams_own_policies_add_to_ours_or_replace_them(tmp_path: Path) -> None:
    own(tmp_path, '@id("ops") permit (principal in Group::"ops", action == Action::"approve", resource);')
    added, alone = read_policies(tmp_path), read_policies(tmp_path, with_ours=False)
    ops = Actor("bob", ("ops",))

    assert added.decide(ANN, "approve", MATTER, NOW).allowed
    assert not alone.decide(ANN, "approve", MATTER, NOW).allowed
    assert alone.decide(ops, "approve", MATTER, NOW) == Decision(allowed=True, policies=("ops",))


def test_what_always_holds_wins_over_whatever_a_team_permits(tmp_path: Path) -> None:
    all_may = read_policies(own(tmp_path, '@id("all") permit (principal, action, resource);'), with_ours=False)

    def denied(actor: Actor, at: Circumstances) -> tuple[str, ...]:
        said = all_may.decide(actor, "approve", MATTER, at)
        assert not said.allowed
        return said.policies

    assert denied(ANN, Circumstances(stopped=True)) == ("stopped",)
    assert denied(ANN, Circumstances(frozen=True)) == ("frozen",)
    assert denied(Actor("ann", foreign=True), NOW) == ("foreign-workspace",)
    assert denied(Actor("nightshift"), NOW) == ("own-request",)


def test_a_forbid_that_reads_a_missing_attribute_denies_although_cedar_says_allow() -> None:
    text = """
    @id("all") permit (principal, action, resource);
    @id("trap") forbid (principal, action, resource) when { principal.suspended };
    """
    lax = cedarpy.Schema.from_str(
        (Path(__file__).parents[4] / "bot/guards/policy/schema.cedarschema")
        .read_text("utf-8")
        .replace('"foreign": Bool,', '"foreign": Bool, "suspended"?: Bool,')
    )
    policies = Policies(cedarpy.PolicySet.from_str(text), lax)

    said = policies.decide(ANN, "approve", MATTER, NOW)

    assert said.policies == ("all",), "Cedar itself allows it"
    assert not said.allowed
    assert "suspended" in said.errors[0]


def test_ids_are_never_read_as_cedar() -> None:
    odd = Actor('x"; permit(principal, action, resource); //\n', ("支付",))
    matter = Matter('p"1', "r", "low", "t", (), "", (), ("支付",), (), odd.id, "propose")

    assert POLICIES.decide(odd, "approve", matter, NOW).policies == ("own-request",)
    assert POLICIES.decide(Actor("a", ("支付",)), "approve", matter, NOW).allowed


def test_only_operators_let_remedies_run_again() -> None:
    assert POLICIES.decide(ANN, "stop", Everything(()), NOW).allowed
    assert not POLICIES.decide(ANN, "go", Everything(()), NOW).allowed
    assert POLICIES.decide(ANN, "go", Everything(("payments",)), NOW).allowed
