"""Trouble that a person reports: looked at anew, or told by the incident that it is."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.incident import Diagnosis, Incident, Trouble, Verdict
from bot.reported import Asked, answer_report
from bot.vocabulary import Entities, Query, RewrittenQuery, Scope
from connectors.state.incident_port import Change, StoredDiagnosis, StoredIncident
from connectors.state.port import Question
from tests.unit.bot.incident_room import NOW, incident, room
from tests.unit.bot.stage import Stage, said

THREAD = "slack:T1/C1/1"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with room(tmp_path) as stage:
        yield stage


async def known(here: Stage, one: Incident, ended: datetime, scope: Scope | None = None) -> None:
    """An incident that was diagnosed."""
    trouble = Trouble(id=one.id, text="t", language="en", at=ended, began=one.began, scope=scope or Scope())
    found = Diagnosis(trouble=trouble, verdict=Verdict(outcome="likely"), headline="h").model_dump_json()
    row = StoredIncident(one.id, one.status, one.opened_at, ended, one.model_dump_json())
    await here.state.change(Change(incidents=[row]))
    await here.state.record_diagnosis(StoredDiagnosis("run1", one.id, one.opened_at, found, ended))


async def meant(here: Stage, scope: Scope | None = None) -> str:
    """The incident that somebody is told of who says that payments is slow."""
    text, scope = "payments is slow", scope or Scope()
    message = said(text, thread_id=THREAD, sent_at=NOW)
    question = Question("q1", THREAD, "slack", message.author, text, message.model_dump_json(), NOW)
    query = Query(question_id="q1", text=text, language="en", asked_at=NOW, author=message.author, scope=scope)
    entities = Entities(services=("payments",))
    rewritten = RewrittenQuery(
        text=text, asked=text, searches=(text,), language="en", asked_at=NOW, route="incident", entities=entities
    )
    await answer_report(Asked(question, query, rewritten, []), here.ports)
    return await here.state.incident_in(THREAD)


async def test_the_incident_that_alerts_keep_open_is_what_is_meant(here: Stage) -> None:
    await known(here, incident(), NOW - timedelta(hours=5))

    assert await meant(here) == "i1"


@pytest.mark.parametrize(("minutes", "told"), [pytest.param(20, "i1", id="now"), pytest.param(180, "q1", id="before")])
async def test_what_a_person_reported_is_meant_for_a_while(here: Stage, minutes: int, told: str) -> None:
    await known(here, incident(alerts=0, firing=0, reported_by="memory:ann"), NOW - timedelta(minutes=minutes))

    assert await meant(here) == told


async def test_what_live_systems_said_is_not_told_where_they_may_not_be_asked(here: Stage) -> None:
    await known(here, incident(), NOW)

    assert await meant(here, Scope(tools=("logs",))) != "i1"
