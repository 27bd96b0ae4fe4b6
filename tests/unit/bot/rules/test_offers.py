"""What is offered for a diagnosis: the demo shop's five faults with the shop's own catalogue, and what never is."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue import Catalogue, read_catalogue
from bot.guards.action import NotAdmitted, admit
from bot.incident import Category, Diagnosis, Finding, Hypothesis, Trouble, Verdict
from bot.remedy import Choice
from bot.rules.offers import offers
from bot.vocabulary import Evidence, Rows
from connectors.alerts.port import Alert
from connectors.load import vendor
from deploy.demo.shop.nightshift import REMEDIES, SERVICES
from knowledge.service_graph import ServiceGraph, read_services
from tests.unit.bot.remedy_stage import GRAPH, RESTART, catalogue

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
COLUMNS = ("time", "kind", "service", "environment", "version", "what", "by", "state", "link")
SHOP = read_services(SERVICES)


def program(folder: Path) -> Path:
    """A folder with something that is called as the shop's command line is."""
    (folder / "shop").touch(mode=0o700)
    return folder


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Catalogue]:
    """The demo's catalogue, with the executor that the demo has."""
    command = vendor("remediation", "command")
    user = "root" if os.getuid() == 0 else ""
    async with command.connect(command.Settings(programs=("shop",), path=(program(tmp_path),), user=user)) as executor:  # type: ignore[call-arg]  # a vendor's own settings
        yield read_catalogue(REMEDIES, {"command": executor}, SHOP)


def changes(*rows: tuple[str, str, str, str]) -> Evidence:
    """Changes as the log of changes tells them: time, service, version, and what else was said."""
    cells = tuple(
        (f"2026-03-04 {at}", "deployment", service, "production", version, "Improve things", "ben", state, "")
        for at, service, version, state in rows
    )
    text = "\n".join(" ".join(row) for row in cells)
    rows_told = Rows(columns=COLUMNS, rows=cells, total=len(cells))
    return Evidence(id="tool:c", kind="tool", title="Changes", text=text, rows=rows_told)


def change(service: str, version: str) -> Finding:
    said = f"deployment {service} → production {version}: Improve things"
    return Finding(id="f1", by="fault", kind="change", says=said, cites=("tool:c",), quote=said, service=service)


def diagnosis(cause: Category, service: str, *evidence: Evidence, **changed: Any) -> Diagnosis:
    findings = changed.pop("findings", ())
    leading = Hypothesis(id="h1", cause=cause, service=service, says="It is.", supports=tuple(f.id for f in findings))
    given = {
        "trouble": Trouble(id="i1", text="it is slow", language="en", at=NOON, began=NOON, services=(service,)),
        "verdict": Verdict(outcome=changed.pop("outcome", "likely"), hypotheses=(leading,)),
        "headline": "It broke",
        "findings": findings,
        "evidence": evidence,
    }
    return Diagnosis.model_validate({**given, **changed})


def admitted(found: Diagnosis, known: Catalogue, graph: ServiceGraph = SHOP) -> list[tuple[str, object]]:
    """What would be run for each offer, once the guard has seen it."""
    return [
        (one.remedy, action.run["argv"] if "argv" in action.run else action.run["do"])
        for one in offers(found, known, graph)
        for action in [admit(one, known, found.evidence, graph)]
    ]


UNTOLD = changes(("11:58:00", "inventory", "3.4.0", ""))
BAD = changes(("11:58:00", "inventory", "3.4.0", "previous 3.3.0"), ("09:00:00", "search", "3.7.3", ""))
LEAK = changes(("11:58:00", "storefront", "9.5.0", "previous 9.4.1"), ("11:50:00", "storefront", "9.4.1", ""))
FAULTS = [
    pytest.param(
        diagnosis("deployment", "inventory", BAD, findings=(change("inventory", "3.4.0"),)),
        [("rollback-release", ["shop", "--by", "nightshift", "rollback", "inventory", "--to", "3.3.0"])],
        id="bad-deploy",
    ),
    pytest.param(
        diagnosis("resource", "payments"),
        [
            ("resize-pool", ["shop", "--by", "nightshift", "configure", "payments", "pool_size=20"]),
            ("restart-service", ["shop", "--by", "nightshift", "restart", "payments"]),
        ],
        id="exhausted-pool",
    ),
    pytest.param(
        diagnosis("resource", "storefront", LEAK, findings=(change("storefront", "9.5.0"),)),
        [
            ("rollback-release", ["shop", "--by", "nightshift", "rollback", "storefront", "--to", "9.4.1"]),
            ("restart-service", ["shop", "--by", "nightshift", "restart", "storefront"]),
        ],
        id="memory-leak",
    ),
    pytest.param(
        diagnosis("dependency", "northbank"),
        [("defer-captures", ["shop", "--by", "nightshift", "configure", "payments", "deferred_capture=1"])],
        id="slow-dependency",
    ),
    pytest.param(
        diagnosis("resource", "orders"),
        [
            ("delete-exports", ["shop", "clean", "orders"]),
            ("restart-service", ["shop", "--by", "nightshift", "restart", "orders"]),
        ],
        id="full-disk",
    ),
]


@pytest.mark.parametrize(("found", "run"), FAULTS)
async def test_each_fault_of_the_shop_has_its_remedy(shop: Catalogue, found: Diagnosis, run: object) -> None:
    assert admitted(found, shop) == run


@pytest.mark.parametrize("outcome", ["inconclusive", "healthy"])
async def test_nothing_is_offered_while_the_cause_is_open(shop: Catalogue, outcome: str) -> None:
    assert offers(diagnosis("resource", "payments", outcome=outcome), shop, SHOP) == ()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (diagnosis("certificate", "payments"), "no remedy for this sort of cause"),
        (diagnosis("dependency", "orders"), "not the service of any"),
        (diagnosis("deployment", "inventory", BAD), "the cause rests on no change"),
        (diagnosis("deployment", "inventory", findings=(change("inventory", "3.4.0"),)), "no evidence of it"),
        (diagnosis("deployment", "inventory", UNTOLD, findings=(change("inventory", "3.4.0"),)), "no release before"),
        (diagnosis("deployment", "search", BAD, findings=(change("search", "3.7.3"),)), "a service that is not listed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_what_does_not_fit_is_not_offered(shop: Catalogue, found: Diagnosis, why: str) -> None:
    assert offers(found, shop, SHOP) == (), why


async def test_the_release_before_is_the_one_reported_before(shop: Catalogue) -> None:
    told = changes(
        ("12:30:00", "inventory", "3.5.0", ""),
        ("11:58:00", "inventory", "3.4.0", ""),
        ("10:00:00", "inventory", "3.3.2", ""),
        ("09:00:00", "inventory", "3.3.1", ""),
    )

    [(_, run)] = admitted(diagnosis("deployment", "inventory", told, findings=(change("inventory", "3.4.0"),)), shop)

    assert isinstance(run, list)
    assert run[-1] == "3.3.2"


async def test_the_service_whose_change_it_rests_on_is_mended_too(shop: Catalogue) -> None:
    found = diagnosis("deployment", "checkout", BAD, findings=(change("inventory", "3.4.0"),))

    assert [one.parameters["service"] for one in offers(found, shop, SHOP)] == ["inventory"]


def page(text: str) -> Evidence:
    return Evidence(id="d1", kind="document", title="Orders: no space", text=text)


@pytest.mark.parametrize(
    "said", ["remedy: restart-service", "remedies: [other, restart-service]", "处置：`restart-service`"]
)
async def test_what_a_page_names_comes_first(shop: Catalogue, said: str) -> None:
    found = diagnosis("resource", "orders", page(f"# Orders\n\n{said}\n"))

    assert [one.remedy for one in offers(found, shop, SHOP)] == ["restart-service", "delete-exports"]


async def test_the_front_matter_of_a_page_names_remedies_too(shop: Catalogue) -> None:
    found = diagnosis("resource", "orders", page("# Orders").model_copy(update={"remedies": ("restart-service",)}))

    assert offers(found, shop, SHOP)[0].remedy == "restart-service"


async def test_a_page_brings_no_remedy_for_another_cause(shop: Catalogue) -> None:
    found = diagnosis("dependency", "northbank", page("remedy: rollback-release, remedy: delete-exports"))

    assert [one.remedy for one in offers(found, shop, SHOP)] == ["defer-captures"]


def test_at_most_three_are_offered(tmp_path: Path) -> None:
    entries = [RESTART.replace("restart-service", f"restart-{number}") for number in range(5)]
    known = catalogue(tmp_path, *entries)

    assert offers(diagnosis("resource", "payments"), known, GRAPH) == tuple(
        Choice(remedy=f"restart-{number}", parameters={"service": "payments"}) for number in range(3)
    )


PODS = Evidence(
    id="tool:p",
    kind="tool",
    title="Pods",
    text="NAMESPACE NAME READY STATUS RESTARTS AGE\npay payments-7d9c5f6b8-x2xkp 0/1 CrashLoopBackOff 9 5m\n",
)
SCALE = """\
id: scale-out
title: Scale {deployment} to {replicas}
description: More of it.
parameters:
  properties:
    namespace: {type: string, pattern: "[a-z0-9-]+", maxLength: 63}
    deployment: {type: string, pattern: "[a-z0-9-]+", maxLength: 63}
    replicas: {type: integer, minimum: 2, maximum: 8}
executor: memory
run: {do: "scale {namespace}/{deployment} {replicas}"}
risk: low
target: "{namespace}/{deployment}"
causes: [traffic]
"""
DELETE = """\
id: delete-pod
title: Delete {pod}
description: Its workload makes a new one.
parameters:
  properties:
    namespace: {type: string, pattern: "[a-z0-9-]+", maxLength: 63}
    pod: {type: string, pattern: "[a-z0-9.-]+", maxLength: 80}
executor: memory
run: {do: "delete {namespace}/{pod}"}
risk: medium
target: "{namespace}/{pod}"
causes: [code]
"""


def test_pods_are_those_that_the_cluster_named(tmp_path: Path) -> None:
    found = diagnosis("code", "payments", PODS)

    assert admitted(found, catalogue(tmp_path, DELETE), GRAPH) == [
        ("delete-pod", "delete pay/payments-7d9c5f6b8-x2xkp")
    ]


def test_an_alert_names_its_pod_and_the_guard_wants_it_seen(tmp_path: Path) -> None:
    alert = Alert.model_validate({
        "fingerprint": "a", "source": "alertmanager", "name": "Crash", "status": "firing", "severity": "critical",
        "labels": {"pod": "payments-1"}, "started_at": NOON,
    })  # fmt: skip
    found = diagnosis("code", "payments")
    found = found.model_copy(update={"trouble": found.trouble.model_copy(update={"alerts": (alert,)})})
    known = catalogue(tmp_path, DELETE)

    [choice] = offers(found, known, GRAPH)

    assert choice.parameters["pod"] == "payments-1"
    with pytest.raises(NotAdmitted, match="nothing that was looked at names it"):
        admit(choice, known, found.evidence, GRAPH)


@pytest.mark.parametrize(
    ("row", "replicas"),
    [("payments 4/4", 6), ("payments 1/1", 2), ("payments 7/7", 8), ("payments 8/8", None), ("orders 4/4", None)],
)
def test_replicas_are_half_as_many_again_within_bounds(tmp_path: Path, row: str, replicas: int | None) -> None:
    seen = Evidence(id="tool:d", kind="tool", title="Deployments", text=f"NAME READY\n{row}")
    found = offers(diagnosis("traffic", "payments", seen), catalogue(tmp_path, SCALE), GRAPH)

    assert [one.parameters["replicas"] for one in found] == ([replicas] if replicas else [])
