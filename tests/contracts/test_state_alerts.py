"""What every state promises of alerts, tried on the twin, on SQLite, and on PostgreSQL where one is reachable."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from connectors.state.incident_port import LONGEST_REFUSED, MOST_REFUSED, Change, Outdated, RefusedCall, Report, Silence
from connectors.state.port import State
from tests.contracts.incidents import after, alert, heard
from tests.contracts.states import NOON


def refused_call(number: int, receiver: str = "grafana", body: bytes = b"\xff\0{") -> RefusedCall:
    return RefusedCall(receiver, after(number), 400, f"mistake {number}", body)


def silence(id: str, begins: float, ends: float) -> Silence:
    return Silence(id, {"service": "check*", "env": "prod"}, after(begins), after(ends), "ann", "we move it")


async def test_reports_wait_in_the_order_in_which_they_came_until_they_are_sorted(state: State) -> None:
    await state.hear([heard("f2", '{"a":1}'), heard("f1", '{"a":2}', minutes=-5)])
    await state.hear([heard("f2")])
    await state.hear([])

    first, second, third = await state.unsorted()
    assert first == Report("prometheus", "f2", NOON, '{"a":1}', first.number)
    assert [second.fingerprint, third.fingerprint] == ["f1", "f2"]
    assert first.number < second.number < third.number
    assert await state.unsorted(limit=2) == (first, second)
    await state.change(Change(sorted=[second.number]))
    assert await state.unsorted() == (first, third)


async def test_a_number_is_never_given_twice(state: State) -> None:
    await state.hear([heard()])
    [first] = await state.unsorted()
    await state.change(Change(sorted=[first.number]))
    await state.hear([heard()])

    assert (await state.unsorted())[0].number > first.number


async def test_a_report_is_sorted_once(state: State) -> None:
    await state.hear([heard("f1"), heard("f2")])
    first, second = await state.unsorted()
    await state.change(Change(sorted=[first.number]))

    with pytest.raises(Outdated):
        await state.change(Change(sorted=[first.number, second.number], alerts=[alert()]))
    assert await state.unsorted() == (second,)
    assert await state.known_alerts([("prometheus", "f1")]) == ()


async def test_what_many_say_at_once_is_all_kept_and_each_call_in_one_piece(state: State) -> None:
    calls = [[heard(f"{call}", f"{number}") for number in range(call % 3 + 1)] for call in range(60)]

    await asyncio.gather(*map(state.hear, calls))

    kept = await state.unsorted()
    assert sorted(one.fingerprint for one in kept) == sorted(one.fingerprint for call in calls for one in call)
    starts = [index for index, one in enumerate(kept) if one.body == "0"]
    assert all(kept[index].fingerprint == kept[max(s for s in starts if s <= index)].fingerprint for index in range(60))


async def test_a_storm_of_500_is_heard_sorted_and_known_at_once(state: State) -> None:
    await state.hear([heard(f"f{number}") for number in range(500)])
    waiting = await state.unsorted()
    await state.change(Change([one.number for one in waiting], [alert(one.fingerprint) for one in waiting]))

    assert (len(waiting), await state.unsorted()) == (500, ())
    known = await state.known_alerts([("prometheus", f"f{number}") for number in range(3000)])
    assert {one.fingerprint for one in known} == {f"f{number}" for number in range(500)}


async def test_an_alert_is_kept_in_the_place_of_what_was_known_of_it(state: State) -> None:
    whole = replace(alert("f1", 3, "i1"), firing=False, silence_id="s1", reports=7, history='["a"]')
    await state.change(Change(alerts=[alert("f1"), alert("f2"), alert("f1", body='{"b":1}')]))
    assert (await state.known_alerts([("prometheus", "f1")]))[0].body == '{"b":1}'

    await state.change(Change(alerts=[whole]))

    keys = [("prometheus", "f1"), ("prometheus", "f3"), ("zabbix", "f1"), ("prometheus", "f1")]
    assert await state.known_alerts(keys) == (whole,)
    assert await state.known_alerts([]) == ()


async def test_the_latest_alerts_come_the_longest_ago_first(state: State) -> None:
    alerts = [alert(f"f{minute}", minute, "i1" if minute % 2 else "i2") for minute in (3, 1, 2, 4, 5)]
    await state.change(Change(alerts=alerts))

    assert [one.fingerprint for one in await state.recent_alerts(after(2))] == ["f2", "f3", "f4", "f5"]
    assert [one.fingerprint for one in await state.recent_alerts(after(2), limit=2)] == ["f4", "f5"]
    assert [one.fingerprint for one in await state.alerts_of("i1")] == ["f1", "f3", "f5"]
    assert [one.fingerprint for one in await state.alerts_of("i1", limit=2)] == ["f3", "f5"]


async def test_refused_calls_are_kept_as_they_came_the_latest_first(state: State) -> None:
    for number in (1, 2):
        await state.refuse(refused_call(number))
    await state.refuse(refused_call(3, body=b"x" * (LONGEST_REFUSED + 1)))

    third, *others = await state.refused()
    assert others == [refused_call(2), refused_call(1)]
    assert len(third.body) == LONGEST_REFUSED
    assert await state.refused(limit=1) == (third,)


async def test_a_receiver_that_is_refused_all_the_time_forgets_its_own_oldest_calls(state: State) -> None:
    await state.refuse(refused_call(0, "zabbix"))
    for number in range(MOST_REFUSED + 2):
        await state.refuse(refused_call(number))

    kept = await state.refused(limit=1000)
    assert [one.message for one in kept[:-1]] == [f"mistake {n}" for n in range(MOST_REFUSED + 1, 1, -1)]
    assert kept[-1].receiver == "zabbix"


async def test_silences_that_have_ended_are_not_listed_and_one_can_end_early(state: State) -> None:
    later, soon, to_come = silence("later", -9, 9), silence("soon", -9, 1), silence("to come", 5, 20)
    for one in (later, soon, to_come, silence("ended", -9, 0)):
        await state.silence(one)

    assert await state.silences(NOON) == (soon, later, to_come)
    await state.silence(replace(later, ends_at=NOON))
    assert await state.silences(NOON) == (soon, to_come)


async def test_a_moment_of_any_time_zone_comes_back_as_the_same_moment(state: State) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=8)))
    await state.change(Change(alerts=[replace(alert(), heard_at=there)]))
    await state.hear([replace(heard(), received_at=there)])

    assert (await state.recent_alerts(there))[0].heard_at == NOON
    assert (await state.unsorted())[0].received_at == NOON


async def test_signs_that_no_database_takes_keep_nothing_from_being_kept(state: State) -> None:
    await state.hear([heard("f\0", '{"a":"\0\ud800告警"}')])
    await state.change(Change(alerts=[alert("f\0", body="\0a")]))
    await state.refuse(replace(refused_call(1), message="bad \0"))

    [report] = await state.unsorted()
    assert (report.fingerprint, report.body) == ("f", '{"a":"?告警"}')
    assert [one.body for one in await state.known_alerts([("prometheus", "f\0")])] == ["a"]
    assert (await state.refused())[0].message == "bad "


async def test_check_counts_the_alerts_that_wait(state: State) -> None:
    await state.hear([heard(), heard()])

    assert (await state.check())["alerts waiting"] == "2"
