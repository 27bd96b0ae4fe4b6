"""The likeliest cause is attacked: by what broke before it, below it and beside it, and by the alert itself."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.desk import Around, Desk, Purse
from bot.incident import ExpertReport, Finding, Hypothesis, Trouble
from bot.rules.live import Known
from bot.steps.challenge import challenge
from bot.steps.hypothesise import hypothesise
from bot.steps.settle import settle
from bot.toolbox import Toolbox
from connectors.tools.memory import MemoryTools, Settings
from connectors.tools.port import Recording
from knowledge.service_graph import ServiceGraph
from tests.unit.bot.agents.metric_stage import QUEUE, QUEUE_ALERT, RANGE, SHOP, flat, latency, metric, series, step
from tests.unit.bot.incident_stage import alert, finding, minute, trouble

LEAF = ServiceGraph([*(one for one in SHOP.services.values() if one.name != "checkout")])


async def tried(
    folder: Path,
    findings: Sequence[Finding],
    recordings: Sequence[Recording] = (),
    about: Trouble | None = None,
    graph: ServiceGraph = SHOP,
) -> tuple[tuple[Hypothesis, ...], ExpertReport]:
    about = about or trouble()
    box = Toolbox({"twin": MemoryTools(Settings(recordings=tuple(recordings), tools=(RANGE,)))}, folder, lambda: 0.0)
    desk = Desk("challenge", about, box, frozenset(("metrics",)), Purse(20, 600.0, lambda: 0.0))
    return await challenge(hypothesise(about, findings, graph), findings, desk, Around(graph, Known(graph.services)))


SLOW = finding("break", None, at=5)
DEPLOYED = finding("change", "deployment", at=4)


def outcomes(one: Hypothesis) -> list[str]:
    return [attack.outcome for attack in one.attacks]


FULL = finding("state", "resource", at=4, weight=0.95)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param([FULL, SLOW], ["survived"], id="the-first-sign-came-after"),
        pytest.param([FULL, finding("log", None, at=-20)], ["broken"], id="errors-were-there-before"),
        pytest.param([finding("state", "resource"), SLOW], ["unchecked"], id="nobody-knows-when"),
        pytest.param([FULL], ["unchecked"], id="no-sign-has-a-time"),
        pytest.param([FULL, finding("log", None, at=-20, weight=0.3)], ["unchecked"], id="a-guess-breaks-nothing"),
    ],
)
async def test_signs_before_it_began(tmp_path: Path, findings: list[Finding], expected: list[str]) -> None:
    ranked, _ = await tried(tmp_path, findings, graph=LEAF)

    [its] = [one for one in ranked if one.cause == "resource"]
    assert outcomes(its) == expected


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        pytest.param([finding("break", None, "payments", at=-5)], "broken", id="what-it-needs-broke-first"),
        pytest.param([finding("break", None, "payments", at=7)], "survived", id="what-it-needs-broke-later"),
    ],
)
async def test_what_it_needs(tmp_path: Path, below: list[Finding], expected: str) -> None:
    full = finding("state", "resource", at=5, weight=0.9)
    ranked, _ = await tried(tmp_path, [full, SLOW, *below])

    assert outcomes(next(one for one in ranked if one.cause == "resource"))[0] == expected


@pytest.mark.parametrize(
    ("recordings", "expected"),
    [
        pytest.param([latency("inventory", series(step(0.2, 3, -30)))], "broken", id="it-rose-earlier"),
        pytest.param([latency("inventory", series(flat(0.2)))], "survived", id="it-is-flat"),
        pytest.param([], "unchecked", id="nothing-can-be-asked"),
    ],
)
async def test_metrics_below_are_asked_where_nothing_is_known(
    tmp_path: Path, recordings: list[Recording], expected: str
) -> None:
    ranked, report = await tried(tmp_path, [DEPLOYED, SLOW], recordings)

    below = ranked[0].attacks[0] if ranked[0].cause == "deployment" else ranked[1].attacks[0]
    assert below.outcome == expected
    assert set(below.cites) <= {one.id for one in report.evidence}


async def test_a_dependency_whose_other_callers_are_well_is_not_to_blame(tmp_path: Path) -> None:
    graph = ServiceGraph([*SHOP.services.values(), SHOP.services["checkout"].model_copy(update={"name": "admin"})])
    slow, well = finding("break", "dependency", "payments", at=3), finding("healthy", "healthy", "admin", weight=0.6)
    ranked, report = await tried(tmp_path, [slow, SLOW, well], graph=graph)

    its = next(one for one in ranked if one.cause == "dependency")
    assert outcomes(its)[-1] == "broken"
    assert any(said.says.startswith("Not this: ") for said in report.excluded)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(series(step(10, 90)), "broken", id="it-holds"),
        pytest.param(series(flat(10)), "survived", id="it-does-not"),
        pytest.param(series(flat(50), 0.05), "survived", id="it-does-now-and-then-on-any-day"),
        pytest.param(None, "unchecked", id="it-cannot-be-asked"),
    ],
)
async def test_health_against_the_alert(tmp_path: Path, values: object, expected: str) -> None:
    recordings = [metric(QUEUE, values)] if values else []  # type: ignore[arg-type]  # a series where there is one
    about = trouble(alert(generator=QUEUE_ALERT))
    ranked, _ = await tried(tmp_path, [finding("healthy", "healthy")], recordings, about)

    assert outcomes(ranked[0]) == [expected]


async def test_a_resolved_alert_does_not_hold(tmp_path: Path) -> None:
    about = trouble(alert(status="resolved", ended_at=minute(20)))
    ranked, _ = await tried(tmp_path, [finding("healthy", "healthy")], about=about)

    assert outcomes(ranked[0]) == ["survived"]


async def test_when_the_leading_one_breaks_the_next_is_attacked_and_leads(tmp_path: Path) -> None:
    early, logged = finding("log", None, at=-20, weight=0.5), finding("log", "resource", at=5)
    expired = finding("event", "certificate", at=-21, weight=0.4)
    ranked, report = await tried(tmp_path, [FULL, logged, early, expired], graph=LEAF)

    assert ranked[0].cause == "certificate"
    assert outcomes(ranked[0]) == ["survived"]
    assert "broken" in outcomes(next(one for one in ranked if one.cause == "resource"))
    assert len(report.excluded) == 1


async def test_one_that_is_far_behind_is_left_alone(tmp_path: Path) -> None:
    ranked, _ = await tried(
        tmp_path, [finding("state", "resource", at=4, weight=0.9), SLOW, finding("log", "data", weight=0.2)]
    )

    assert all(not one.attacks for one in ranked[1:])


async def test_what_survives_with_two_kinds_is_confirmed(tmp_path: Path) -> None:
    findings = [finding("state", "resource", at=4, weight=0.9), finding("log", "resource", at=5, weight=0.7), SLOW]
    ranked, _ = await tried(tmp_path, findings, [latency("inventory", series(flat(0.2)))])

    assert settle(trouble(), ranked, findings).outcome == "confirmed"


async def test_in_chinese(tmp_path: Path) -> None:
    ranked, _ = await tried(tmp_path, [DEPLOYED, SLOW], about=trouble(language="zh"), graph=LEAF)

    its = next(one for one in ranked if one.cause == "deployment")
    assert its.attacks[0].asks == "在它开始之前（12:04 UTC），是否已有异常？"
    assert its.attacks[0].says == "否：最早的迹象出现在 12:05 UTC。"


async def test_nothing_is_attacked_where_there_is_nothing(tmp_path: Path) -> None:
    ranked, report = await tried(tmp_path, [])

    assert (ranked, report.findings, report.excluded) == ((), (), ())
