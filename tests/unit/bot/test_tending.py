"""What people do with an incident while others change it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incident import Incident
from bot.tending import Settled, judge, look_again, resolve
from connectors.configuration import Roots
from connectors.load import load
from connectors.state.incident_port import Change, Judgement, Outdated
from connectors.state.memory import MemoryState
from tests.incident_record import SLOW, keep, minutes

WORD = Judgement(SLOW.id, "ann", right=False, cause="a leak", given_at=minutes(40))


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[MemoryState]:
    async with load("state", "memory", {}, Roots(tmp_path, tmp_path)) as state:
        await keep(state)
        yield state


def disturb(state: MemoryState, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Another process changes how many alerts there are, right before each of the next changes is written."""
    left, change = [times], state.change

    async def disturbed(wanted: Change) -> None:
        if left[0]:
            left[0] -= 1
            before = state.incident_rows[SLOW.id]
            more = Incident.model_validate_json(before.body).model_copy(update={"alerts": 99})
            await change(Change(incidents=[replace(before, body=more.model_dump_json())]))
        await change(wanted)

    monkeypatch.setattr(state, "change", disturbed)


async def test_a_word_changes_what_another_process_has_written_meanwhile(
    state: MemoryState, monkeypatch: pytest.MonkeyPatch
) -> None:
    disturb(state, monkeypatch, 2)

    await judge(state, WORD)

    kept = Incident.model_validate_json(state.incident_rows[SLOW.id].body)
    assert (kept.alerts, kept.cause_says) == (99, "a leak")
    assert [one.kind for one in state.timeline].count("judged") == 1


async def test_an_incident_that_never_rests_is_left_alone(state: MemoryState, monkeypatch: pytest.MonkeyPatch) -> None:
    disturb(state, monkeypatch, 50)

    with pytest.raises(Outdated):
        await resolve(state, SLOW.id, "ann", minutes(40))

    assert state.incident_rows[SLOW.id].status == "open"


async def test_the_timeline_speaks_the_incidents_language(state: MemoryState) -> None:
    chinese = SLOW.model_copy(update={"id": "zh", "language": "zh"})
    await keep(state, [chinese])

    await resolve(state, "zh", "ann", minutes(40))

    assert state.timeline[-1].text == "ann 关闭了事件"


async def test_what_is_about_to_be_looked_at_is_not_looked_at_twice(state: MemoryState) -> None:
    before = state.incident_rows[SLOW.id]
    waiting = SLOW.model_copy(update={"diagnosis_id": "", "status": "open", "alerts": 2})
    await state.change(Change(incidents=[replace(before, body=waiting.model_dump_json())]))

    with pytest.raises(Settled, match="in a moment"):
        await look_again(state, SLOW.id, "ann", minutes(41))
