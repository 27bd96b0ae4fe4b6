"""What every state promises of incidents, tried on the twin, on SQLite, and on PostgreSQL where one is reachable."""

import asyncio
from dataclasses import replace

import pytest

from connectors.state.incident_port import Change, Judgement, Moment, Outdated, StoredDiagnosis
from connectors.state.port import ATTEMPTS, State, StateUnavailable, Work
from tests.contracts.incidents import after, alert, diagnosis, heard, incident, place
from tests.contracts.states import idle


async def test_an_incident_comes_back_as_it_was_kept_with_its_version_counted(state: State) -> None:
    await state.change(Change(incidents=[incident(card="{}")]))
    assert await state.incident("i1") == replace(incident(card="{}"), version=1)

    changed = replace(incident(version=1), status="resolved", updated_at=after(9))
    await state.change(Change(incidents=[changed]))

    assert await state.incident("i1") == replace(changed, version=2)
    assert await state.incident("i2") is None


@pytest.mark.parametrize("version", [0, 2])
async def test_a_change_of_another_version_changes_nothing_at_all(state: State, version: int) -> None:
    await state.hear([heard()])
    [report] = await state.unsorted()
    await state.change(Change(incidents=[incident()]))
    everything = Change(
        sorted=[report.number],
        alerts=[alert()],
        incidents=[incident("i0"), incident(version=version)],
        moments=[Moment("i1", after(0), "alert", "it fires")],
        publications=[place()],
        threads={"t1": "i1"},
        diagnoses=[diagnosis()],
    )

    with pytest.raises(Outdated):
        await state.change(everything)

    left = [await state.incident("i0"), await state.diagnosis("d1")]
    lists = [
        await state.known_alerts([("prometheus", "f1")]),
        await state.moments("i1"),
        await state.publications("i1"),
    ]
    assert (left, lists, await state.incident_in("t1")) == ([None, None], [(), (), ()], "")
    assert await state.unsorted() == (report,)


async def test_an_incident_that_is_not_there_cannot_be_changed(state: State) -> None:
    with pytest.raises(Outdated):
        await state.change(Change(incidents=[incident(version=1)]))
    assert await state.incident("i1") is None


@pytest.mark.parametrize("version", [0, 1])
async def test_of_changes_at_the_same_time_one_is_made(state: State, version: int) -> None:
    if version:
        await state.change(Change(incidents=[incident()]))
    changes = [
        Change(incidents=[incident(version=version)], moments=[Moment("i1", after(0), "said", f"{n}")])
        for n in range(5)
    ]

    found = await asyncio.gather(*map(state.change, changes), return_exceptions=True)

    assert [type(one) for one in found if one is not None] == [Outdated] * 4
    assert [one.text for one in await state.moments("i1")] == [str(found.index(None))]


async def test_incidents_are_listed_latest_first_by_status_and_page_by_page(state: State) -> None:
    await state.change(Change(incidents=[incident(f"i{minute}", minute) for minute in (2, 1, 3)]))
    await state.change(Change(incidents=[replace(incident("i2", 2, version=1), status="merged")]))

    async def listed(**where: object) -> list[str]:
        return [one.id for one in await state.incidents(**where)]  # type: ignore[arg-type]  # as the port names them

    assert await listed() == ["i3", "i2", "i1"]
    assert await listed(status="open") == ["i3", "i1"]
    assert await listed(before=after(3), limit=1) == ["i2"]
    assert (await state.check())["open incidents"] == "2"


async def test_a_timeline_is_in_the_order_of_time_and_then_of_coming(state: State) -> None:
    lines = [Moment("i1", after(minute), "said", text) for minute, text in [(2, "c"), (1, "a"), (1, "b")]]
    await state.change(Change(moments=[*lines, Moment("i2", after(0), "alert", "other", "f1")]))

    assert [one.text for one in await state.moments("i1")] == ["a", "b", "c"]
    assert await state.moments("i2") == (Moment("i2", after(0), "alert", "other", "f1"),)


async def test_a_thread_belongs_to_the_incident_that_was_told_last(state: State) -> None:
    await state.change(Change(threads={"t1": "i1", "t2": "i1"}))
    await state.change(Change(threads={"t1": "i2"}))

    assert [await state.incident_in(thread) for thread in ("t1", "t2", "t3")] == ["i2", "i1", ""]


async def test_a_diagnosis_begins_with_its_change_and_runs_once(state: State) -> None:
    begun = asyncio.Queue[str]()
    await state.start({"answer": Work(idle, idle), "diagnose": Work(begun.put, idle)})

    await state.change(Change(incidents=[incident()], diagnoses=[diagnosis()]))
    assert await state.diagnosis("d1") == diagnosis()
    assert await asyncio.wait_for(begun.get(), 10) == "d1"

    await state.change(Change(diagnoses=[diagnosis()]))
    await state.change(Change(diagnoses=[diagnosis("d2")]))
    assert await asyncio.wait_for(begun.get(), 10) == "d2"


async def test_a_diagnosis_that_begins_before_the_start_is_taken_up(state: State) -> None:
    await state.change(Change(diagnoses=[diagnosis()]))
    begun = asyncio.Queue[str]()

    await state.start({"answer": Work(idle, idle), "diagnose": Work(begun.put, idle)})

    assert await asyncio.wait_for(begun.get(), 10) == "d1"


async def test_a_diagnosis_that_never_succeeds_is_given_up(state: State) -> None:
    begun, given_up = list[str](), asyncio.Queue[str]()

    async def diagnose(diagnosis_id: str) -> None:
        begun.append(diagnosis_id)
        raise StateUnavailable("the database refuses this row")

    await state.start({"answer": Work(idle, idle), "diagnose": Work(diagnose, given_up.put)})
    await state.change(Change(diagnoses=[diagnosis()]))

    assert await asyncio.wait_for(given_up.get(), 20) == "d1"
    assert begun == ["d1"] * ATTEMPTS


async def test_what_came_of_a_diagnosis_takes_its_place_and_the_latest_is_first(state: State) -> None:
    ended = StoredDiagnosis("d1", "i1", after(0), '{"a":1}', after(4))
    await state.change(Change(diagnoses=[diagnosis(), diagnosis("d2", minutes=9), diagnosis("d3", "i2")]))
    await state.record_diagnosis(ended)
    await state.change(Change(diagnoses=[diagnosis()]))

    assert await state.diagnosis("d1") == ended
    assert await state.diagnoses("i1") == (diagnosis("d2", minutes=9), ended)


async def test_a_publication_that_is_known_stays_as_it_is(state: State) -> None:
    shown = replace(place(), message_id="m1", rung="card", version=1)
    await state.change(Change(publications=[place(), place(conversation="C2")]))
    await state.record_publication(shown)
    await state.change(Change(publications=[place()]))

    assert await state.publications("i1") == (shown, place(conversation="C2"))
    assert await state.publications("i2") == ()


async def test_what_was_posted_binds_its_thread_to_the_incident(state: State) -> None:
    await state.record_publication(place())
    assert await state.incident_in("") == ""

    await state.record_publication(place(thread_id="slack:C1:1"))

    assert await state.incident_in("slack:C1:1") == "i1"


async def test_what_shows_an_older_version_is_unpublished_the_oldest_incident_first(state: State) -> None:
    await state.change(Change(incidents=[incident("new", 5, card="{}"), incident("old", card="{}"), incident("bare")]))
    await state.change(Change(publications=[place(id) for id in ("new", "old", "bare", "unknown")]))
    assert await state.unpublished() == (place("old"), place("new"))
    assert await state.unpublished(limit=1) == (place("old"),)

    await state.record_publication(place("old", version=1))
    assert await state.unpublished() == (place("new"),)

    await state.change(
        Change(incidents=[incident("old", version=1, card="{}"), incident("bare", version=1, card="{}")])
    )
    assert {one.incident_id for one in await state.unpublished()} == {"old", "new", "bare"}


async def test_an_incident_that_shows_nothing_any_more_is_not_published(state: State) -> None:
    await state.change(Change(incidents=[incident(card="{}")], publications=[place()]))
    await state.change(Change(incidents=[incident(version=1)]))

    assert await state.unpublished() == ()


async def test_what_was_posted_while_the_incident_changed_is_behind(state: State) -> None:
    await state.change(Change(incidents=[incident(card="{}")], publications=[place()]))
    await state.change(Change(incidents=[incident(version=1, card="{}")]))
    await state.record_publication(place(version=1))

    assert await state.unpublished() == (place(version=1),)


async def test_the_last_judgement_of_a_person_counts_and_needs_an_incident(state: State) -> None:
    await state.change(Change(incidents=[incident()]))
    first = Judgement("i1", "ann", right=True, cause="", given_at=after(1))
    last = Judgement("i1", "ann", right=False, cause="它是磁盘", given_at=after(3))
    other = Judgement("i1", "bob", right=True, cause="", given_at=after(2))

    assert [await state.judge(one) for one in (first, other, last)] == [True] * 3
    assert not await state.judge(replace(first, incident_id="i2"))
    assert await state.judgements("i1") == (last, other)


async def test_a_role_is_kept_by_whoever_has_it(state: State) -> None:
    assert [await state.lead("sorter", 60) for _ in range(2)] == [True, True]
    assert await state.lead("publisher", 60)
