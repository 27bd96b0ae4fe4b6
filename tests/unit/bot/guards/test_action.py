"""What becomes an action, and what never does: the truth table of the guard."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.catalogue import Catalogue
from bot.guards.action import NotAdmitted, Reason, admit, admit_typed
from bot.remedy import Choice
from bot.vocabulary import Evidence, Line, Rows
from connectors.remediation.port import Action
from knowledge.service_graph import ServiceGraph
from tests.unit.bot.remedy_stage import GRAPH, RESTART, ROLLBACK, catalogue

CHANGES = Evidence(
    id="tool:1",
    kind="tool",
    title="Changes that were reported",
    text="1 changes: 12:00 deployment inventory → production 3.4.0: new table (previous 3.3.0)",
    query="changes reported for inventory",
)
POD = """\
id: delete-pod
title: Delete {pod}
description: Its workload makes a new one.
parameters:
  properties:
    namespace: {type: string, pattern: "[a-z0-9-]+", maxLength: 63}
    pod: {type: string, pattern: "[a-z0-9.-]+", maxLength: 80}
    grace: {type: integer, minimum: 0, maximum: 60, default: 30}
executor: memory
run: {do: "delete {namespace}/{pod} {grace}"}
risk: medium
target: "{namespace}/{pod}"
causes: [resource]
"""
GIVEN: dict[str, JsonValue] = {"service": "inventory", "release": "3.3.0", "bad": "3.4.0"}


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    return catalogue(tmp_path, ROLLBACK, RESTART, POD)


def chosen(
    known: Catalogue, remedy: str, given: dict[str, JsonValue], *seen: Evidence, graph: ServiceGraph = GRAPH
) -> Action:
    return admit(Choice(remedy=remedy, parameters=given), known, seen, graph)


def test_what_was_seen_becomes_an_action(known: Catalogue) -> None:
    action = chosen(known, "rollback-release", GIVEN, CHANGES)

    assert action.run == {"do": "deploy inventory 3.3.0"}
    assert action.rehearsal == {"do": "plan inventory 3.3.0"}
    assert (action.target, action.environment, action.parameters) == ("inventory", "production", GIVEN)
    assert action.entry == known.remedies["rollback-release"].digest


@pytest.mark.parametrize(
    ("remedy", "changed", "reason"),
    [
        pytest.param("format-disk", {}, "unknown remedy", id="not-in-the-catalogue"),
        pytest.param("rollback-release", {"release": "3.2.9"}, "never seen", id="invented-release"),
        pytest.param("rollback-release", {"release": "3.3"}, "bad parameter", id="half-a-release"),
        pytest.param("rollback-release", {"bad": "4.0.0"}, "never seen", id="invented-bad-release"),
        pytest.param("rollback-release", {"service": "ledger"}, "never seen", id="invented-target"),
        pytest.param("rollback-release", {"service": "table"}, "bad parameter", id="seen-but-no-service"),
        pytest.param("rollback-release", {"force": True}, "bad parameter", id="extra-parameter"),
        pytest.param("rollback-release", {"release": None}, "bad parameter", id="nothing"),
        pytest.param("rollback-release", {"release": ["3.3.0"]}, "bad parameter", id="a-list"),
        pytest.param("rollback-release", {"release": 3.3}, "bad parameter", id="a-number-for-a-text"),
        pytest.param("rollback-release", {"release": "3.3.0; rm -rf /"}, "bad parameter", id="a-command-behind-it"),
        pytest.param("rollback-release", {"release": "3.3.0\n"}, "bad parameter", id="a-line-break-behind-it"),
        pytest.param("rollback-release", {"release": "\u202e3.3.0"}, "bad parameter", id="turned-around"),
        pytest.param("rollback-release", {"release": "３.３.０"}, "bad parameter", id="full-width"),
        pytest.param("rollback-release", {"service": "$(reboot)"}, "bad parameter", id="a-shell-word"),
        pytest.param("rollback-release", {"service": "--all"}, "bad parameter", id="a-flag"),
        pytest.param("rollback-release", {"service": "{release}"}, "bad parameter", id="a-placeholder"),
        pytest.param("rollback-release", {"service": "a" * 41}, "bad parameter", id="too-long"),
        pytest.param("rollback-release", {"service": "a" * 1_000_000}, "bad parameter", id="far-too-long"),
        pytest.param("restart-service", {"service": "inventory"}, "bad parameter", id="not-in-the-list"),
        pytest.param("restart-service", {}, "bad parameter", id="missing"),
    ],
)
def test_nothing_else_becomes_one(known: Catalogue, remedy: str, changed: dict[str, JsonValue], reason: Reason) -> None:
    given = {**GIVEN, **changed} if remedy == "rollback-release" else changed

    with pytest.raises(NotAdmitted) as refused:
        chosen(known, remedy, given, CHANGES)

    assert refused.value.reason == reason
    assert len(str(refused.value)) < 400
    assert refused.value.sentence("zh") != refused.value.sentence("en")


def came_of(known: Catalogue, remedy: str, given: dict[str, JsonValue], *seen: Evidence) -> JsonValue:
    """What would be done, or the reason why nothing is."""
    try:
        return chosen(known, remedy, given, *seen).run["do"]
    except NotAdmitted as refused:
        return refused.reason


def pods(text: str = "", **more: object) -> Evidence:
    return Evidence.model_validate({"id": "tool:2", "kind": "tool", "title": "Pods", "text": text, **more})


@pytest.mark.parametrize(
    ("seen", "admitted"),
    [
        pytest.param(pods("NAME READY\npay-7d9c-x2x 0/1"), True, id="in-an-answer"),
        pytest.param(pods(rows=Rows(columns=("pod",), rows=(("pay-7d9c-x2x",),), total=1)), True, id="in-a-table"),
        pytest.param(pods(lines=(Line(name="pay-7d9c-x2x", points=()),)), True, id="the-name-of-a-series"),
        pytest.param(pods("pay-7d9c-x2x-old 0/1"), False, id="part-of-a-longer-name"),
        pytest.param(pods("PAY-7D9C-X2X"), False, id="in-capitals"),
        pytest.param(
            pods(
                lines=(Line(name="pay-7d9c-x2x", points=()),), query='label_replace(up, "pod", "pay-7d9c-x2x", "", "")'
            ),
            False,
            id="a-series-that-its-own-question-made",
        ),
        pytest.param(pods("pay-7d9c-x2x", kind="data"), False, id="only-in-a-database"),
        pytest.param(pods("no pod pay-7d9c-x2x", query="get pod pay-7d9c-x2x"), False, id="named-by-its-own-question"),
        pytest.param(pods("no pod pay-7d9c-x2x", heading="pay-7d9c-x2x"), False, id="named-by-its-own-heading"),
        pytest.param(pods("delete pay-7d9c-x2x", kind="document"), False, id="only-on-a-page"),
        pytest.param(pods("pay-7d9c-x2x broke", kind="incident"), False, id="only-in-a-past-incident"),
        pytest.param(pods("pay-7d9c-x2x cannot be asked", kind="failure"), False, id="only-in-a-failure"),
        pytest.param(pods(title="pay-7d9c-x2x"), False, id="only-in-a-title"),
    ],
)
def test_a_target_has_to_be_seen_word_for_word(known: Catalogue, seen: Evidence, admitted: bool) -> None:  # noqa: FBT001 - a table's column
    given: dict[str, JsonValue] = {"namespace": "pay", "pod": "pay-7d9c-x2x"}

    assert came_of(known, "delete-pod", given, seen) == ("delete pay/pay-7d9c-x2x 30" if admitted else "never seen")


@pytest.mark.parametrize(
    ("grace", "run"),
    [
        pytest.param(5, "delete pay/p-1 5", id="a-number"),
        pytest.param("5", "delete pay/p-1 5", id="spelled-by-a-small-model"),
        pytest.param(5.0, "delete pay/p-1 5", id="with-a-point"),
        pytest.param(None, "", id="null"),
        pytest.param(61, "", id="above-the-most"),
        pytest.param(-1, "", id="below-the-least"),
        pytest.param(5.5, "", id="no-whole-number"),
        pytest.param(True, "", id="a-truth-value"),
        pytest.param(float("nan"), "", id="not-a-number"),
        pytest.param("5 --force", "", id="a-number-and-a-flag"),
    ],
)
def test_numbers_stay_within_their_bounds(known: Catalogue, grace: JsonValue, run: str) -> None:
    given: dict[str, JsonValue] = {"namespace": "pay", "pod": "p-1", "grace": grace}

    assert came_of(known, "delete-pod", given, pods("p-1 0/1")) == (run or "bad parameter")


def test_what_is_left_out_is_the_catalogues_default(known: Catalogue) -> None:
    action = chosen(known, "delete-pod", {"namespace": "pay", "pod": "p-1"}, pods("p-1 0/1"))

    assert action.parameters["grace"] == 30


def test_a_listed_target_has_to_be_known_too(known: Catalogue) -> None:
    choice: dict[str, JsonValue] = {"service": "payments"}

    with pytest.raises(NotAdmitted, match="nothing that was looked at names it"):
        chosen(known, "restart-service", choice, graph=ServiceGraph())
    assert chosen(known, "restart-service", choice, pods("payments is down"), graph=ServiceGraph())


def test_a_fixed_target_has_to_be_known_too(tmp_path: Path) -> None:
    known = catalogue(tmp_path, RESTART.replace('target: "{service}"', "target: cdn"))

    with pytest.raises(NotAdmitted, match="target is cdn"):
        chosen(known, "restart-service", {"service": "payments"})


def test_a_release_of_another_service_is_none_of_this_one(known: Catalogue) -> None:
    # The services file has 9.4.1 for the storefront.
    given: dict[str, JsonValue] = {**GIVEN, "release": "9.4.1"}

    with pytest.raises(NotAdmitted, match=r"release is 9\.4\.1"):
        chosen(known, "rollback-release", given, CHANGES)
    assert chosen(known, "rollback-release", {**given, "service": "storefront"}, CHANGES)


def test_an_entry_that_changes_makes_another_action(tmp_path: Path) -> None:
    before = chosen(catalogue(tmp_path / "a", ROLLBACK), "rollback-release", GIVEN, CHANGES)
    changed = ROLLBACK.replace("below: 0.05", "below: 0.9")

    after = chosen(catalogue(tmp_path / "b", changed), "rollback-release", GIVEN, CHANGES)

    assert before.run == after.run
    assert before.digest != after.digest


def test_who_types_it_needs_no_evidence_and_keeps_the_bounds(known: Catalogue) -> None:
    choice = Choice(remedy="rollback-release", parameters={**GIVEN, "release": "1.0.0"})

    assert admit_typed(choice, known, GRAPH).run == {"do": "deploy inventory 1.0.0"}
    with pytest.raises(NotAdmitted, match="not among the services"):
        admit_typed(Choice(remedy="rollback-release", parameters={**GIVEN, "service": "x"}), known, GRAPH)
