"""What people said an incident was is found by the next one like it, by those who may read it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.announcing import Announcer
from bot.remembering import Remembering
from bot.rules.conversations import Conversation
from connectors.state.incident_port import Change, Judgement, Publication, StoredDiagnosis, StoredIncident
from connectors.state.memory import MemoryState
from knowledge.incidents import incident as read_incident
from knowledge.library import Library, StoredDocument
from knowledge.reasons import Trouble
from knowledge.service_graph import ServiceGraph
from knowledge.similarity import similar
from tests.shelf import shelf
from tests.unit.bot.steps.cases import BEGAN, NOW, diagnosis, incident

ID = "incidents/INC-12"


@dataclass
class World:
    state: MemoryState
    library: Library
    remembering: Remembering
    times: int = 0

    async def word(self, *, right: bool, cause: str = "") -> None:
        self.times += 1
        at = NOW + timedelta(minutes=self.times)
        await self.state.judge(Judgement("INC-12", f"slack:U{self.times}", right, cause, at))
        await self.changed()

    async def changed(self, **more: Any) -> None:
        known = await self.state.incident("INC-12")
        one = incident(status="resolved", resolved_at=NOW, **more)
        row = StoredIncident(one.id, one.status, BEGAN, NOW, one.model_dump_json())
        await self.state.change(Change(incidents=[replace(row, version=known.version if known else 0)]))

    async def found(self, *groups: str) -> StoredDocument | None:
        await self.remembering.sweep()
        return await self.library.document(ID, groups)


@pytest.fixture
async def here() -> AsyncIterator[World]:
    state = MemoryState()
    await state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, diagnosis().model_dump_json(), NOW))
    async with shelf() as library:
        rules = {"C1": Conversation(readers=("sre",)), "C2": Conversation()}
        announcer = Announcer(state, page="https://ops.example")
        world = World(state, library, Remembering(announcer, library, rules, clock))
        await world.changed()
        yield world


def clock() -> datetime:
    return NOW


async def test_what_nobody_judged_is_not_remembered(here: World) -> None:
    assert await here.found() is None


async def test_right_remembers_our_cause(here: World) -> None:
    await here.word(right=True)
    document = await here.found()
    assert document
    past = read_incident(document)

    assert past
    assert (past.id, past.services, past.severity) == ("INC-12", ("checkout", "payments"), "critical")
    assert past.cause == "A deployment of payments broke it since 13:58 UTC."
    assert (past.started, past.resolved, past.link) == (BEGAN, NOW, "https://ops.example/incidents/INC-12")


async def test_wrong_remembers_what_the_person_said(here: World) -> None:
    await here.word(right=False, cause="the disk was full")
    document = await here.found()

    assert document
    assert document.labels["cause"] == "the disk was full"
    assert "v42" not in "".join(one.text for one in document.chunks if one.heading == "Cause")


async def test_a_later_word_takes_the_place_of_the_earlier(here: World) -> None:
    await here.word(right=True)
    await here.found()
    await here.word(right=False, cause="the disk was full")
    document = await here.found()

    assert document
    assert document.labels["cause"] == "the disk was full"


async def test_that_it_was_wrong_takes_back_what_was_remembered(here: World) -> None:
    await here.word(right=True)
    await here.found()
    await here.word(right=False)

    assert await here.found() is None


async def test_doing_it_again_changes_nothing(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await here.word(right=True)
    await here.found()
    added: list[object] = []

    async def add(documents: object, now: object) -> None:
        added.append(documents)

    monkeypatch.setattr(here.library, "add", add)
    again = Remembering(here.remembering.announcer, here.library, {}, clock)
    await again.sweep()

    assert added == []


async def test_the_next_incident_like_it_finds_it(here: World) -> None:
    await here.word(right=True)
    await here.found()
    trouble = Trouble("CheckoutErrors: checkout 5xx above 5 %", NOW, ("checkout",), (), {})
    [first, *_] = await similar(here.library, ServiceGraph(), trouble)

    assert first.incident.id == "INC-12"


@pytest.mark.parametrize(
    ("channels", "groups", "seen"),
    [
        pytest.param(("C1",), ("sre",), True, id="by-the-groups-of-its-channel"),
        pytest.param(("C1",), ("web",), False, id="not-by-others"),
        pytest.param(("C1", "C2"), (), True, id="by-all-when-one-of-its-channels-is-for-all"),
    ],
)
async def test_who_may_read_it(here: World, channels: tuple[str, ...], groups: tuple[str, ...], *, seen: bool) -> None:
    places = [Publication("INC-12", "slack", one) for one in channels]
    await here.state.change(Change(publications=places))
    await here.word(right=True)

    assert bool(await here.found(*groups)) is seen


async def test_a_secret_that_somebody_typed_is_not_kept(here: World) -> None:
    await here.word(right=False, cause="password=hunter2hunter2 was rotated")
    document = await here.found()

    assert document
    assert "hunter2hunter2" not in repr(document)


async def test_a_chinese_incident_is_read_back(here: World) -> None:
    await here.changed(language="zh")
    await here.word(right=False, cause="磁盘写满")
    await here.changed(language="zh")
    document = await here.found()
    assert document
    past = read_incident(document)

    assert past
    assert past.cause == "磁盘写满"
    assert "磁盘" not in past.observed
