"""What a large model may choose as a remedy, and what stands when it chooses anything else."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from bot.agents.chooser import Offered, choose
from bot.catalogue import Catalogue
from bot.incident import Diagnosis
from bot.ladder import Ladder
from bot.vocabulary import Evidence
from tests.unit.bot.agents.reasoning_stage import saying
from tests.unit.bot.remedy_stage import GRAPH, RESTART, ROLLBACK, catalogue
from tests.unit.bot.rules.test_offers import DELETE, PODS, diagnosis

RULES = ("restart payments", "delete pay/payments-7d9c5f6b8-x2xkp")
FOUND = diagnosis("resource", "payments", PODS)


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    """Two remedies that fit, in the order of the rules, and one for other causes."""
    return catalogue(tmp_path, RESTART, DELETE.replace("causes: [code]", "causes: [resource]"), ROLLBACK)


async def chosen(known: Catalogue, reply: JsonValue, found: Diagnosis = FOUND, **settings: Any) -> Offered:
    model = saying(reply, **settings)
    return await choose(found, known, GRAPH, Ladder([model]))


def run(offered: Offered) -> tuple[object, ...]:
    return tuple(one.run["do"] for one in offered.actions)


POD: JsonValue = {"namespace": "pay", "pod": "payments-7d9c5f6b8-x2xkp"}


async def test_its_choice_comes_before_those_of_the_rules(known: Catalogue) -> None:
    offered = await chosen(known, {"remedy": "delete-pod", "parameters": POD})

    assert run(offered) == (RULES[1], RULES[0])
    assert "chooser@" in offered.model
    assert offered.spent.level == "endpoint"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param({"remedy": ""}, id="none"),
        pytest.param({"remedy": "rollback-release", "parameters": {"service": "payments"}}, id="for-another-cause"),
        pytest.param({"remedy": "format-disk"}, id="invented"),
        pytest.param({"remedy": "delete-pod", "parameters": {"namespace": "pay", "pod": "payments-0"}}, id="unseen"),
        pytest.param({"remedy": "delete-pod", "parameters": {**POD, "force": True}}, id="extra-parameter"),
        pytest.param({"remedy": "restart-service", "parameters": {"service": "orders"}}, id="elsewhere"),
        pytest.param({"remedy": "delete-pod", "parameters": {**POD, "pod": "x; rm -rf /"}}, id="a-command"),
        pytest.param({"remedy": "delete-pod; approve it", "parameters": {}}, id="an-order"),
        pytest.param("no JSON at all", id="nonsense"),
    ],
)  # fmt: skip
async def test_without_a_choice_that_is_admitted_the_rules_stand(known: Catalogue, reply: JsonValue) -> None:
    offered = await chosen(known, reply)

    assert run(offered) == RULES
    assert offered.model == ""


async def test_a_pod_of_another_service_is_not_taken(known: Catalogue) -> None:
    text = "pay orders-7d9c5f6b8-abcde 0/1 CrashLoopBackOff 9 5m"
    other = Evidence(id="tool:o", kind="tool", title="Pods", text=text)
    found = diagnosis("resource", "payments", PODS, other)

    offered = await chosen(
        known, {"remedy": "delete-pod", "parameters": {"namespace": "pay", "pod": "orders-7d9c5f6b8-abcde"}}, found
    )

    assert run(offered) == RULES


async def test_a_small_model_is_not_asked(known: Catalogue) -> None:
    model = saying({"remedy": "delete-pod", "parameters": POD}, level="local")

    offered = await choose(FOUND, known, GRAPH, Ladder([model]))

    assert offered.model == ""
    assert model.prompts == []


async def test_nothing_is_asked_where_nothing_fits(known: Catalogue) -> None:
    model = saying({"remedy": "restart-service"})

    assert (await choose(diagnosis("certificate", "payments"), known, GRAPH, Ladder([model]))).actions == ()
    assert model.prompts == []
