"""Trouble that a person reports is diagnosed, and is an incident where others were told of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.reported import Asked, answer_report
from bot.responding import respond
from bot.rules.entities import find_entities
from bot.toolbox import Toolbox
from bot.vocabulary import Query, RewrittenQuery, Scope
from connectors.state.port import Question
from tests.unit.bot.incident_room import NOW, begun, incident, kept, room
from tests.unit.bot.stage import Stage, said

SLOW = "payments is slow since 9:40"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with room(tmp_path) as stage:
        yield stage


def asked(here: Stage, text: str = SLOW, **message: object) -> Asked:
    body = said(text, **message)
    question = Question("q1", body.thread_id, body.channel, body.author, text, body.model_dump_json(), NOW)
    query = Query(question_id="q1", text=text, language="en", asked_at=NOW, author=body.author)
    rewritten = RewrittenQuery(
        text=text,
        asked=text,
        searches=(text,),
        language="en",
        asked_at=NOW,
        route="incident",
        entities=find_entities(text, here.ports.services, NOW),
    )
    return Asked(question, query, rewritten, ())


async def test_a_report_is_answered_with_a_diagnosis(here: Stage) -> None:
    card = await answer_report(asked(here), here.ports)

    assert card is not None
    assert (card.kind, card.question_id, card.rewritten_query) == ("incident", "q1", SLOW)
    assert card.citations


async def test_what_is_reported_among_others_is_an_incident_with_its_thread(here: Stage) -> None:
    await answer_report(asked(here), here.ports)

    reported = await kept(here.ports, "q1")
    assert (reported.reported_by, reported.services[0], reported.diagnosis_id) == ("slack:U1", "payments", "q1")
    assert await here.state.incident_in("slack:T1/C1/1") == "q1"


async def test_what_is_reported_in_private_stays_there(here: Stage) -> None:
    card = await answer_report(asked(here, audience="author"), here.ports)

    assert card is not None
    assert card.link == ""
    assert await here.state.incidents() == ()


async def test_a_step_that_is_done_again_opens_nothing_twice(here: Stage) -> None:
    await answer_report(asked(here), here.ports)
    before = await here.state.incident("q1")

    await answer_report(asked(here), here.ports)

    assert len(await here.state.incidents()) == 1
    assert before is not None


async def test_an_incident_that_is_open_there_is_what_is_meant(here: Stage) -> None:
    await begun(here.state, incident())
    await respond("run1", here.ports, lambda: None)

    card = await answer_report(asked(here, "payments is down"), here.ports)

    assert card is not None
    assert card.link.endswith("/incidents/i1")
    assert [one.id for one in await here.state.incidents()] == ["i1"]
    assert await here.state.incident_in("slack:T1/C1/1") == "i1"


async def test_what_somebody_reported_long_ago_is_not_what_is_meant(here: Stage) -> None:
    await begun(here.state, incident(alerts=0, firing=0, opened_at=NOW - timedelta(hours=3)))
    await respond("run1", here.ports, lambda: None)

    card = await answer_report(asked(here), here.ports)

    assert card is not None
    assert card.link.endswith("/incidents/q1")


async def test_what_live_systems_said_is_not_told_where_they_may_not_be_asked(here: Stage) -> None:
    await begun(here.state, incident())
    await respond("run1", here.ports, lambda: None)
    one = asked(here)

    await answer_report(replace(one, query=one.query.model_copy(update={"scope": Scope(tools=("logs",))})), here.ports)

    assert await here.state.incident_in("slack:T1/C1/1") != "i1"


async def test_an_incident_in_shadow_is_told_to_nobody(here: Stage) -> None:
    await begun(here.state, incident(mode="shadow"))
    await respond("run1", here.ports, lambda: None)

    card = await answer_report(asked(here), here.ports)

    assert card is not None
    assert not card.link.endswith("/incidents/i1")


async def test_where_systems_say_nothing_pages_answer(here: Stage, tmp_path: Path) -> None:
    silent = replace(here.ports, toolbox=Toolbox({}, tmp_path, here.ports.clock))

    assert await answer_report(asked(here), silent) is None
