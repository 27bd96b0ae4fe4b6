"""Whatever is reported, in whatever order and however often the sorter begins anew: what is stored adds up."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import sorting
from bot.rules.alert_history import counts
from bot.rules.reports import heard
from connectors.alerts.port import Alert
from connectors.state.incident_port import Silence
from tests.unit.bot.watchtower import NOON, RULES, Watchtower, alert

SERVICES = ("web", "checkout", "payments", "postgres-payments", "search", "elastic", "unknown-to-the-graph")
ONE = st.tuples(
    st.sampled_from(SERVICES),
    st.sampled_from(("Latency", "Errors")),
    st.sampled_from(("firing", "firing", "resolved")),
    st.sampled_from(("info", "warning", "critical")),
    st.sampled_from((0, 1, 20, 70, 400, 2000, 90_000)),
    st.sampled_from(("", "restart", "silence", "sort")),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ONE, min_size=1, max_size=40), st.integers(1, 7))
def test_what_is_stored_adds_up(said: list[tuple[str, str, str, str, float, str]], batch: int) -> None:
    asyncio.run(_adds_up(said, batch))


async def _adds_up(said: list[tuple[str, str, str, str, float, str]], batch: int) -> None:
    tower = Watchtower(rules=replace(RULES, wait_seconds=30))
    began: dict[tuple[str, str], Alert] = {}
    for at, (service, name, status, severity, seconds, then) in enumerate(said):
        tower.time += timedelta(seconds=seconds)
        one = reported(tower, began, (service, name, status, severity))
        await tower.state.hear([heard(one, tower.time)])
        if then == "silence":
            until = tower.time + timedelta(minutes=10)
            await tower.state.silence(Silence(str(at), {"service": service}, tower.time, until, "ann", ""))
        if then == "restart":
            tower.restart()
        if then == "sort":
            await sort(tower, batch)
            await adds_up(tower)
    await sort(tower, batch)
    await adds_up(tower)
    await tower.passes(hours=2)
    await tower.passes(seconds=30)
    await adds_up(tower)
    assert not any(one.flapping for one in await tower.incidents() if one.status == "open")


def reported(tower: Watchtower, began: dict[tuple[str, str], Alert], what: tuple[str, str, str, str]) -> Alert:
    service, name, status, severity = what
    last = began.get((service, name))
    if status == "resolved" and last:
        return last.model_copy(update={"status": "resolved", "ended_at": tower.time})
    one = alert(name, service, severity=severity, started_at=tower.time)
    if last is None or last.status == "resolved":
        began[service, name] = one
    return one


async def sort(tower: Watchtower, batch: int) -> None:
    before, sorting.BATCH = sorting.BATCH, batch
    try:
        await tower.sorts()
    finally:
        sorting.BATCH = before


async def adds_up(tower: Watchtower) -> None:
    rows = await tower.state.recent_alerts(NOON - timedelta(days=1), limit=1000)
    incidents = {one.id: one for one in await tower.incidents()}
    assert await tower.state.unsorted() == ()
    firing = Counter(one.incident_id for one in rows if counts(one))
    for one in incidents.values():
        assert one.firing == (firing[one.id] if one.status != "merged" else 0), one
        assert (one.status == "open") == (one.firing > 0 and one.status != "merged"), one
        assert one.status != "merged" or incidents[one.merged_into].opened_at <= one.opened_at
        assert one.status == "merged" or (one.status == "resolved") == (one.resolved_at is not None)
    for row in rows:
        assert not row.incident_id or incidents[row.incident_id].status != "merged"
        assert not (counts(row) and row.incident_id) or incidents[row.incident_id].status == "open"
