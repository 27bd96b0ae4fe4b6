"""Which incidents are diagnosed when: after a while, once, and again when they have grown."""

from dataclasses import replace

import pytest

from bot.incident import Diagnosis, Hypothesis, Incident, Trouble, Verdict
from bot.rules.incident_modes import IncidentRules, OfService
from bot.rules.reports import heard
from bot.rules.verdicts import with_verdict
from connectors.state.memory import MemoryState
from tests.unit.bot.watchtower import NOON, RULES, Watchtower, alert


@pytest.fixture
def tower() -> Watchtower:
    return Watchtower()


async def runs(tower: Watchtower) -> list[str]:
    return [one.id for one in await tower.state.diagnoses((await tower.incident()).id)]


async def diagnosed(tower: Watchtower, at: str = "payments") -> None:
    """The latest diagnosis ends with a verdict about what there is now: its cause is at a service."""
    incident = await tower.incident()
    stored, [run, *_] = await tower.state.incident(incident.id), await tower.state.diagnoses(incident.id)
    trouble = Trouble(
        id=incident.id,
        text="t",
        language="en",
        at=NOON,
        began=NOON,
        services=incident.services,
        severity=incident.severity,
    )
    leading = Hypothesis(id="h1", cause="resource", service=at, says="It is full")
    said = Diagnosis(trouble=trouble, verdict=Verdict(outcome="likely", hypotheses=(leading,)), headline="h")
    await tower.state.record_diagnosis(replace(run, body=said.model_dump_json(), ended_at=tower.time))
    assert stored is not None
    assert isinstance(tower.state, MemoryState)
    found = with_verdict(incident, run.id, said)
    tower.state.incident_rows[incident.id] = replace(stored, body=found.model_dump_json(), version=stored.version + 1)


async def test_further_alerts_are_waited_for_before_a_diagnosis_begins(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=19)
    assert await runs(tower) == []

    await tower.passes(seconds=1)
    assert await runs(tower) == ["run-1"]
    assert (await tower.incident()).diagnosis_id == "run-1"
    await tower.passes(hours=1)
    assert await runs(tower) == ["run-1"]


async def test_what_waits_is_known_after_a_restart(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    tower.restart()
    await tower.passes(seconds=20)

    assert await runs(tower) == ["run-1"]


async def test_what_was_over_at_once_is_not_diagnosed(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=10)
    await tower.ends("PoolFull")
    await tower.passes(minutes=10)

    assert await runs(tower) == []


async def test_a_cause_at_another_service_is_no_reason_to_look_again(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=20)
    await diagnosed(tower, at="postgres-payments")
    await tower.passes(hours=1)

    assert await runs(tower) == ["run-1"]


@pytest.mark.parametrize(
    ("mode", "places"), [pytest.param("live", [("slack", "C1")], id="live"), pytest.param("shadow", [], id="shadow")]
)
async def test_a_live_incident_is_published_where_the_settings_say(mode: str, places: list[tuple[str, str]]) -> None:
    of_service = {"payments": OfService(mode)}  # type: ignore[arg-type]  # the cases name only known ones
    tower = Watchtower(rules=replace(RULES, services=of_service, wait_seconds=0))
    await tower.fires("PoolFull")
    published = await tower.state.publications((await tower.incident()).id)

    assert [(one.channel, one.conversation) for one in published] == places
    assert await runs(tower) == ["run-1"]


@pytest.mark.parametrize(
    "grown",
    [
        pytest.param(alert("Latency", "checkout"), id="a-new-service"),
        pytest.param(alert("PoolFull", severity="critical"), id="worse"),
    ],
)
async def test_an_incident_that_grows_after_its_verdict_is_diagnosed_again(tower: Watchtower, grown: object) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=20)
    await diagnosed(tower)
    await tower.hears(grown)  # type: ignore[arg-type]  # it is an alert
    await tower.passes(minutes=9)
    assert await runs(tower) == ["run-1"]

    await tower.passes(minutes=1)
    assert await runs(tower) == ["run-2", "run-1"]
    await diagnosed(tower)
    await tower.passes(hours=1)
    assert await runs(tower) == ["run-2", "run-1"]


async def test_an_incident_that_is_back_is_diagnosed_again(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=20)
    await diagnosed(tower)
    await tower.ends("PoolFull")
    await tower.passes(minutes=12)
    await tower.fires("PoolFull")
    await tower.passes(seconds=15)

    assert await runs(tower) == ["run-2", "run-1"]


async def test_an_incident_that_grows_while_it_is_diagnosed_is_diagnosed_again_afterwards(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(seconds=20)
    await diagnosed_before_growing(tower)
    await tower.passes(minutes=11)

    assert await runs(tower) == ["run-2", "run-1"]


async def diagnosed_before_growing(tower: Watchtower) -> None:
    before: Incident = await tower.incident()
    await tower.fires("Latency", "checkout")
    await tower.passes(seconds=15)
    await diagnosed(tower)
    [run] = await tower.state.diagnoses(before.id)
    body = Diagnosis.model_validate_json(run.body)
    trouble = body.trouble.model_copy(update={"services": before.services})
    await tower.state.record_diagnosis(
        replace(run, body=body.model_copy(update={"trouble": trouble}).model_dump_json())
    )


async def test_a_storm_does_not_put_off_the_first_diagnosis() -> None:
    tower = Watchtower(rules=IncidentRules(wait_seconds=0))
    await tower.fires("PoolFull")
    more = [alert("Down", f"svc-{number}", fingerprint=str(number)) for number in range(500)]
    await tower.state.hear([heard(one, tower.time) for one in more])
    await tower.sorter.step()

    assert len(await tower.state.unsorted()) == 300
    assert await tower.state.diagnoses((await tower.incidents())[0].id)


async def test_what_becomes_live_behind_its_diagnosis_is_posted() -> None:
    rules = replace(RULES, mode="shadow", services={"checkout": OfService("live")}, wait_seconds=0)
    tower = Watchtower(rules=rules)
    await tower.fires("PoolFull")
    incident = await tower.incident()
    assert (incident.mode, await tower.state.publications(incident.id)) == ("shadow", ())

    await tower.fires("Slow", "checkout")

    assert (await tower.incident()).mode == "live"
    assert [one.conversation for one in await tower.state.publications(incident.id)] == ["C1"]
