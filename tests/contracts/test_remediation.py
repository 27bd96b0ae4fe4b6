"""What every executor promises, tried on the twin and on real programs, servers and an API server's likeness."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from connectors.remediation.port import BadSpec, RemediationUnavailable, Uncertain
from tests.contracts.remedy_stages import NOON, STAGES, Stage, approved


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with STAGES[request.param](tmp_path) as opened:
        assert opened.executor.name == request.param
        yield opened


async def test_what_is_approved_is_done(stage: Stage) -> None:
    result = await stage.executor.execute(approved(stage.action()), NOON)

    assert result.status == "done"
    assert result.text
    assert stage.count() == 1


async def test_a_dry_run_changes_nothing(stage: Stage) -> None:
    rehearsal = await stage.executor.rehearse(stage.action(), NOON)

    assert rehearsal.ok
    assert rehearsal.text
    assert stage.count() == 0


@pytest.mark.parametrize("late", [0, 1], ids=["exactly-at-the-end", "a-second-later"])
async def test_nothing_is_done_when_the_approval_has_ended(stage: Stage, late: int) -> None:
    given = approved(stage.action())

    with pytest.raises(RemediationUnavailable, match="ended at 2026-03-02 12:10:00"):
        await stage.executor.execute(given, given.until + timedelta(seconds=late))
    assert stage.count() == 0


async def test_an_executor_that_is_away_has_done_nothing(stage: Stage) -> None:
    given = approved(stage.action())
    stage.away()

    with pytest.raises(RemediationUnavailable):
        await stage.executor.execute(given, NOON)
    with pytest.raises(RemediationUnavailable):
        await stage.executor.rehearse(given.action, NOON)
    assert stage.count() == 0


async def test_a_refusal_is_a_failure(stage: Stage) -> None:
    stage.failing()
    result = await stage.executor.execute(approved(stage.action()), NOON)

    assert result.status == "failed"
    assert result.text
    assert stage.count() == 0


async def test_a_lost_answer_is_a_doubt(stage: Stage) -> None:
    stage.lost()

    with pytest.raises(Uncertain):
        await stage.executor.execute(approved(stage.action()), NOON)
    assert stage.count() == 1


async def test_an_action_without_a_dry_run_has_none(stage: Stage) -> None:
    bare = stage.action().model_copy(update={"rehearsal": {}})

    with pytest.raises(RemediationUnavailable, match="no dry run"):
        await stage.executor.rehearse(bare, NOON)


async def test_an_entry_is_checked_before_anybody_uses_it(stage: Stage) -> None:
    stage.executor.check(stage.run, ["service", *stage.ways])

    with pytest.raises(BadSpec, match="is no parameter of this remedy"):
        stage.executor.check(stage.run, ["another"])
    with pytest.raises(BadSpec, match="colour"):
        stage.executor.check({**stage.run, "colour": "red"}, ["service", *stage.ways])


@pytest.mark.parametrize("value", [None, [], ["a"], {}, "", " ", "a\nb", "a\0b", "a\u202eb", "x" * 1001, float("nan")])
async def test_a_value_that_nobody_can_read_is_refused(stage: Stage, value: JsonValue) -> None:
    parameters = dict.fromkeys(("service", *stage.ways), value)

    with pytest.raises(BadSpec, match=r"service|way"):
        stage.executor.fill(stage.run, parameters)


async def test_a_filled_part_can_be_kept_as_json(stage: Stage) -> None:
    kept = approved(stage.action())
    again = type(kept).model_validate_json(kept.model_dump_json())

    assert again == kept
    assert (await stage.executor.execute(again, NOON)).status == "done"
