"""Reports become incidents: what opens one, what belongs to it, what ends it, and what opens nothing."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rules.incident_modes import IncidentRules, OfService
from bot.rules.reports import heard, said_in
from bot.tending import resolve
from connectors.state.incident_port import Report, Silence
from connectors.state.memory import MemoryState
from tests.unit.bot.watchtower import NOON, RULES, Watchtower, alert


@pytest.fixture
def tower() -> Watchtower:
    return Watchtower()


async def test_an_alert_opens_an_incident_that_says_what_is_wrong(tower: Watchtower) -> None:
    await tower.hears(alert("PoolFull", severity="critical", environment="production"))
    found = await tower.incident()

    assert (found.status, found.title, found.services) == ("open", "PoolFull at payments", ("payments",))
    assert (found.severity, found.environment, found.alerts, found.firing) == ("critical", "production", 1, 1)
    assert (found.opened_at, found.began) == (NOON, NOON)
    assert (await tower.row("PoolFull")).incident_id == found.id


async def test_what_is_sent_again_changes_nothing(tower: Watchtower) -> None:
    await tower.hears(alert("PoolFull"), alert("PoolFull"))
    before = await tower.state.incident((await tower.incident()).id)
    await tower.hears(alert("PoolFull"))

    assert await tower.state.incident((await tower.incident()).id) == before
    assert (await tower.row("PoolFull")).reports == 3


async def test_alerts_of_services_that_need_each_other_are_one_incident(tower: Watchtower) -> None:
    await tower.fires("PoolFull", "payments")
    await tower.passes(seconds=20)
    await tower.fires("Latency", "checkout")
    await tower.passes(seconds=20)
    await tower.fires("Errors", "web")
    found = await tower.incident()

    assert (found.services, found.alerts, found.firing) == (("payments", "checkout", "web"), 3, 3)


async def test_what_has_nothing_to_do_with_each_other_is_told_apart(tower: Watchtower) -> None:
    await tower.fires("PoolFull", "payments")
    await tower.passes(seconds=20)
    await tower.fires("Latency", "elastic")

    assert [one.services for one in await tower.incidents()] == [("payments",), ("elastic",)]


async def test_two_incidents_become_the_older_one_when_an_alert_joins_them(tower: Watchtower) -> None:
    await tower.fires("Latency", "web")
    await tower.passes(seconds=1)
    await tower.fires("Slow", "postgres-payments")
    assert len(await tower.incidents()) == 2

    await tower.passes(seconds=30)
    await tower.fires("Latency", "checkout", description="waiting for postgres-payments")
    older, younger = await tower.incidents()
    assert (younger.status, younger.merged_into, younger.firing) == ("merged", older.id, 0)
    assert (older.status, older.alerts, older.firing) == ("open", 3, 3)
    assert {row.incident_id for row in await tower.state.alerts_of(older.id)} == {older.id}
    assert len(await tower.state.alerts_of(older.id)) == 3
    assert "merged" in [one.kind for one in await tower.state.moments(younger.id)]


async def test_an_incident_is_over_when_the_last_of_its_alerts_is(tower: Watchtower) -> None:
    await tower.hears(alert("PoolFull"), alert("Latency", "checkout"))
    await tower.passes(minutes=3)
    await tower.ends("PoolFull")
    assert ((await tower.incident()).status, (await tower.incident()).firing) == ("open", 1)

    await tower.passes(minutes=1)
    await tower.ends("Latency", "checkout")
    found = await tower.incident()
    assert (found.status, found.firing, found.resolved_at) == ("resolved", 0, tower.time)
    assert (await tower.state.moments(found.id))[-1].kind == "resolved"


async def test_an_alert_that_is_soon_back_opens_its_incident_again(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(minutes=5)
    await tower.ends("PoolFull")
    await tower.passes(minutes=5)
    await tower.fires("PoolFull")
    found = await tower.incident()

    assert (found.status, found.firing, found.resolved_at, found.again_of) == ("open", 1, None, "")


async def test_what_comes_back_later_is_a_new_incident_that_names_the_one_before(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await tower.passes(minutes=5)
    await tower.ends("PoolFull")
    await tower.passes(hours=5)
    await tower.fires("PoolFull")
    before, after = await tower.incidents()

    assert (before.status, before.alerts, after.status, after.again_of) == ("resolved", 1, "open", before.id)
    await tower.passes(hours=100)
    await tower.ends("PoolFull")
    await tower.passes(hours=100)
    await tower.fires("PoolFull")
    assert (await tower.incidents())[-1].again_of == ""


async def test_a_flapping_alert_is_noted_and_neither_opens_nor_ends_anything(tower: Watchtower) -> None:
    for _ in range(6):
        await tower.fires("Probe")
        await tower.passes(minutes=1)
        await tower.ends("Probe")
        await tower.passes(minutes=1)
    found = await tower.incident()

    assert (found.status, found.flapping, found.alerts) == ("open", True, 1)
    assert [one.kind for one in await tower.state.moments(found.id)].count("flapping") == 1
    await tower.passes(minutes=40)
    found = await tower.incident()
    assert (found.status, found.flapping, found.firing) == ("resolved", False, 0)


async def test_an_alert_that_is_only_worth_knowing_opens_nothing_and_joins_what_is_open(tower: Watchtower) -> None:
    await tower.fires("Watchdog", "payments", severity="info")
    assert await tower.incidents() == []

    await tower.passes(seconds=5)
    await tower.fires("PoolFull", "payments")
    assert (await tower.incident()).alerts == 2


async def test_a_silenced_alert_is_kept_and_opens_an_incident_once_the_silence_is_over(tower: Watchtower) -> None:
    until = NOON + timedelta(hours=1)
    await tower.state.silence(Silence("s1", {"service": "pay*"}, NOON, until, "ann", "upgrade"))
    await tower.fires("PoolFull")
    assert await tower.incidents() == []
    assert (await tower.row("PoolFull")).silence_id == "s1"

    await tower.passes(minutes=70)
    await tower.hears(alert("PoolFull"))
    assert (await tower.incident()).began == NOON
    assert (await tower.row("PoolFull")).silence_id == ""


@pytest.mark.parametrize("restarts", [False, True])
async def test_what_still_fires_when_its_silence_ends_need_not_be_told_again(tower: Watchtower, restarts: bool) -> None:  # noqa: FBT001  # a case
    until = NOON + timedelta(hours=1)
    await tower.state.silence(Silence("s1", {"service": "payments"}, NOON, until, "ann", "upgrade"))
    await tower.hears(alert("PoolFull"), alert("Slow"))
    await tower.ends("Slow")
    await tower.passes(minutes=59)
    assert await tower.incidents() == []

    if restarts:
        tower.restart()
    await tower.passes(minutes=2)
    await tower.passes(seconds=1)
    assert ((await tower.incident()).alerts, (await tower.row("PoolFull")).reports) == (1, 2)
    await tower.passes(hours=1)
    assert (await tower.row("PoolFull")).reports == 2


@pytest.mark.parametrize(
    ("rules", "modes"),
    [
        pytest.param(IncidentRules(mode="off"), [], id="off-for-all"),
        pytest.param(IncidentRules(services={"payments": OfService("off")}), [], id="off-for-the-service"),
        pytest.param(IncidentRules(services={"payments": OfService("shadow")}), ["shadow"], id="shadow"),
        pytest.param(IncidentRules(mode="off", services={"payments": OfService("live")}), ["live"], id="live"),
    ],
)
async def test_the_mode_decides_whether_there_is_an_incident(rules: IncidentRules, modes: list[str]) -> None:
    tower = Watchtower(rules=rules)
    await tower.fires("PoolFull")

    assert [one.mode for one in await tower.incidents()] == modes
    assert (await tower.row("PoolFull")).firing


async def test_reports_in_the_wrong_order_come_to_the_same(tower: Watchtower) -> None:
    over = alert("PoolFull", status="resolved", ended_at=NOON + timedelta(minutes=1))
    tower.time = NOON + timedelta(minutes=2)
    await tower.hears(over)
    await tower.hears(alert("PoolFull"))

    assert not (await tower.row("PoolFull")).firing
    assert await tower.incidents() == []


async def test_a_message_in_chat_brings_its_thread_into_the_incident(tower: Watchtower) -> None:
    spoken = said_in(alert("PoolFull", source="spoken"), "slack:T1/C1/7")
    foreign = alert("Latency", "checkout", annotations={"nightshift_thread": "slack:T1/C1/8"})
    await tower.hears(spoken, foreign)
    found = await tower.incident()

    assert await tower.state.incident_in("slack:T1/C1/7") == found.id
    assert await tower.state.incident_in("slack:T1/C1/8") == ""


async def test_a_card_that_is_there_is_made_anew_when_its_incident_changes(tower: Watchtower) -> None:
    tower = Watchtower(shown=lambda incident: json.dumps([incident.status, incident.firing]))
    await tower.fires("PoolFull")
    stored = await tower.state.incident((await tower.incident()).id)
    assert stored is not None
    assert stored.card is None

    [row] = tower.state.incident_rows.values()
    tower.state.incident_rows[row.id] = replace(row, card="posted")
    await tower.ends("PoolFull")
    [row] = tower.state.incident_rows.values()
    assert row.card == '["resolved", 0]'


async def test_a_report_that_cannot_be_read_keeps_no_other_waiting(tower: Watchtower) -> None:
    await tower.state.hear([Report("memory", "f", NOON, "{}"), heard(alert("PoolFull"), NOON)])
    await tower.sorts()

    assert (await tower.incident()).alerts == 1
    assert await tower.state.unsorted() == ()


async def test_nothing_is_opened_twice_by_who_begins_anew_at_any_time(tower: Watchtower) -> None:
    for name, service in [("PoolFull", "payments"), ("Latency", "checkout"), ("Errors", "web")]:
        await tower.state.hear([heard(alert(name, service), tower.time)])
        tower.restart()
        await tower.passes(seconds=5)
        tower.restart()

    found = await tower.incident()
    assert (found.alerts, found.firing) == (3, 3)


async def test_a_diagnosis_that_writes_meanwhile_is_not_overwritten() -> None:
    class Racing(MemoryState):
        raced = False

        async def change(self, change: object) -> None:
            if self.incident_rows and not self.raced:
                self.raced = True
                [row] = self.incident_rows.values()
                body = json.dumps({**json.loads(row.body), "outcome": "likely"})
                self.incident_rows[row.id] = replace(row, body=body, version=row.version + 1)
            await super().change(change)  # type: ignore[arg-type]  # it is one

    tower = Watchtower(state=Racing(), rules=replace(RULES, wait_seconds=1e9))
    await tower.fires("PoolFull")
    await tower.fires("Latency", "checkout")

    found = await tower.incident()
    assert (found.outcome, found.alerts) == ("likely", 2)


async def test_what_fires_anew_keeps_open_what_a_person_had_closed(tower: Watchtower) -> None:
    await tower.fires("PoolFull")
    await resolve(tower.state, (await tower.incident()).id, "ann", tower.time)
    await tower.passes(minutes=1)
    await tower.fires("PoolFull")
    assert (await tower.incident()).status == "resolved"

    await tower.fires("Slow")
    await tower.ends("PoolFull")

    found = await tower.incident()
    assert (found.status, found.alerts, found.firing) == ("open", 2, 1)
