"""An incident is diagnosed, kept and shown; whatever happens meanwhile, and however often it is done."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk import Around, Desk
from bot.diagnosing import EXAMINE
from bot.incident import Diagnosis, ExpertReport
from bot.responding import conclude, give_up_diagnosis, respond, told_of
from bot.rules.conversations import Conversation
from connectors.chat.card_port import Card
from connectors.state.incident_port import Change, Judgement, StoredIncident
from tests.unit.bot.incident_room import NOW, begun, incident, kept, room
from tests.unit.bot.stage import Stage


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with room(tmp_path) as stage:
        yield stage


def nobody() -> None:
    pass


async def card_of(here: Stage, incident_id: str = "i1") -> Card:
    stored = await here.state.incident(incident_id)
    assert stored is not None
    assert stored.card is not None
    return Card.model_validate_json(stored.card)


async def diagnosis_of(here: Stage, run: str = "run1") -> Diagnosis:
    stored = await here.state.diagnosis(run)
    assert stored is not None
    return Diagnosis.model_validate_json(stored.body)


async def test_an_alert_becomes_a_verdict_on_a_card(here: Stage) -> None:
    await begun(here.state, incident())
    shown: list[int] = []

    await respond("run1", here.ports, lambda: shown.append(1))

    card, found = await card_of(here), await diagnosis_of(here)
    assert found.verdict.outcome in ("likely", "confirmed")
    assert (card.kind, card.link) == ("incident", "https://night.example/incidents/i1")
    assert shown == [1, 1]


async def test_the_incident_says_what_its_diagnosis_says(here: Stage) -> None:
    await begun(here.state, incident())

    await respond("run1", here.ports, nobody)

    known, leading = await kept(here.ports), (await diagnosis_of(here)).verdict.hypotheses[0]
    assert (known.cause, known.cause_service, known.diagnosis_id) == (leading.cause, leading.service, "run1")
    assert [one.kind for one in await here.state.moments("i1")] == ["verdict"]


async def test_each_sentence_rests_on_evidence_that_the_diagnosis_has(here: Stage) -> None:
    await begun(here.state, incident())

    await respond("run1", here.ports, nobody)

    found = await diagnosis_of(here)
    known = {one.id for one in found.evidence}
    cited = [*found.findings, *found.excluded, *found.next_steps]
    assert found.findings
    assert [one.says for one in cited if not one.cites or not set(one.cites) <= known] == []
    assert len({one.id for one in found.findings}) == len(found.findings)


async def test_every_expert_leaves_its_steps(here: Stage) -> None:
    await begun(here.state, incident())

    await respond("run1", here.ports, nobody)

    assert {one.by for one in (await diagnosis_of(here)).steps} >= {"anomaly", "fault"}


async def test_an_expert_that_breaks_off_costs_only_what_it_would_have_found(
    here: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(desk: Desk, around: Around) -> ExpertReport:
        raise ValueError("a value that nobody expected")

    monkeypatch.setitem(EXAMINE, "tools", breaks)
    await begun(here.state, incident())

    await respond("run1", here.ports, nobody)

    found = await diagnosis_of(here)
    assert (await card_of(here)).cause
    assert "The expert tools broke off by a mistake of ours; our log says more." in found.gaps


async def test_a_run_that_has_ended_is_not_done_again(here: Stage) -> None:
    await begun(here.state, incident())
    await respond("run1", here.ports, nobody)
    before = await here.state.incident("i1")

    await respond("run1", here.ports, nobody)

    assert await here.state.incident("i1") == before


async def test_an_incident_that_another_one_took_over_is_not_diagnosed(here: Stage) -> None:
    await begun(here.state, incident(status="merged", merged_into="i0"))

    await respond("run1", here.ports, nobody)

    stored = await here.state.diagnosis("run1")
    assert stored is not None
    assert (stored.body, stored.ended_at) == ("", NOW)


async def test_what_crosses_the_verdict_is_not_lost(here: Stage) -> None:
    await begun(here.state, incident())
    await respond("run1", here.ports, nobody)
    found, run = await diagnosis_of(here), await here.state.diagnosis("run1")
    assert run is not None
    change, crossed = here.state.change, list[int]()

    async def crossing(wanted: Change) -> None:
        if not crossed:
            crossed.append(1)
            stored = await here.state.incident("i1")
            assert stored is not None
            more = incident(alerts=7, firing=7).model_dump_json()
            row = StoredIncident("i1", "open", stored.opened_at, NOW, more, stored.card, stored.version)
            await change(Change(incidents=[row]))
        await change(wanted)

    here.state.change = crossing  # type: ignore[method-assign]  # somebody else is faster once
    await conclude(run, found, here.ports)

    known = await kept(here.ports)
    assert (known.alerts, known.outcome) == (7, found.verdict.outcome)


async def test_a_cause_that_a_person_gave_outlives_a_later_diagnosis(here: Stage) -> None:
    await begun(here.state, incident(cause_says="somebody pulled a plug"))
    await here.state.judge(Judgement("i1", "ann", right=False, cause="somebody pulled a plug", given_at=NOW))

    await respond("run1", here.ports, nobody)

    assert (await kept(here.ports)).cause_says == "somebody pulled a plug"


async def test_work_that_is_given_up_says_so(here: Stage) -> None:
    await begun(here.state, incident())

    await give_up_diagnosis("run1", here.ports, nobody)

    stored = await here.state.diagnosis("run1")
    assert stored is not None
    assert stored.ended_at == NOW
    assert "run1" in (await card_of(here)).text


async def test_at_the_deadline_what_is_known_is_shown(tmp_path: Path) -> None:
    async with room(tmp_path, deadline_seconds=0.0) as here:
        await begun(here.state, incident())
        plan = here.ports.toolbox.tools

        async def slowly(*asked: object) -> object:
            await asyncio.sleep(0.05)
            return await plan("incident")

        here.ports.toolbox.tools = slowly  # type: ignore[assignment, method-assign]  # a system that takes its time
        await respond("run1", here.ports, nobody)

        assert [one.kind for one in await here.state.moments("i1")] == ["progress", "verdict"]


async def test_a_repetition_with_another_cause_is_told_as_such(here: Stage) -> None:
    before = incident(id="i0", status="resolved", outcome="likely", cause="certificate", cause_service="edge")
    row = StoredIncident("i0", "resolved", before.opened_at, NOW, before.model_dump_json())
    await here.state.change(Change(incidents=[row]))
    await begun(here.state, incident(again_of="i0"))

    await respond("run1", here.ports, nobody)

    assert (await kept(here.ports)).differs


def posted(here: Stage, readers: dict[str, tuple[str, ...]]) -> Stage:
    rules = replace(here.ports.incidents, channels={"slack": tuple(readers)})
    conversations = {id: Conversation(readers=groups) for id, groups in readers.items()}
    return replace(here, ports=replace(here.ports, incidents=rules, conversations=conversations))


@pytest.mark.parametrize(
    ("readers", "groups"),
    [
        pytest.param({"C1": ("ops", "web")}, ("ops", "web"), id="one-channel"),
        pytest.param({"C1": ("ops", "web"), "C2": ("ops",)}, ("ops",), id="what-two-have-in-common"),
        pytest.param({}, (), id="nowhere-is-for-everybody"),
    ],
)
async def test_what_is_quoted_is_for_all_who_read_the_card(
    here: Stage, readers: dict[str, tuple[str, ...]], groups: tuple[str, ...]
) -> None:
    told = posted(here, readers)
    await begun(told.state, incident())

    assert (await told_of(incident(), told.ports)).groups == groups
