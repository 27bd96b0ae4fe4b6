"""Who is where an incident is shown can say what it was; the card says who did."""

from dataclasses import dataclass
from typing import Any

import pytest

from bot.announcing import Announcer
from bot.incident_clicks import IncidentClicks
from bot.rules.conversations import Conversation
from bot.steps.announce import Told, announce
from connectors.chat.port import ButtonClick
from connectors.state.incident_port import Change, Publication, StoredDiagnosis, StoredIncident
from connectors.state.memory import MemoryState
from tests.unit.bot.steps.cases import NOW, diagnosis, incident, settled


@dataclass
class World:
    state: MemoryState
    clicks: IncidentClicks
    woken: list[int]

    async def card(self) -> str:
        stored = await self.state.incident("INC-12")
        assert stored
        return (await self.clicks.announcer.card(stored)).text


async def world(found: Any = None, **more: Any) -> World:
    state, woken, one = MemoryState(), [], incident(**more)
    card = announce(one, diagnosis(), Told()).model_dump_json()
    row = StoredIncident(one.id, one.status, NOW, NOW, one.model_dump_json(), card)
    place = Publication("INC-12", "slack", "C1", "slack:T1/C1/1.1", "1.1", "card")
    await state.change(Change(incidents=[row], publications=[place], threads={"slack:T1/C7/5.5": "INC-12"}))
    body = (found or diagnosis()).model_dump_json()
    await state.record_diagnosis(StoredDiagnosis("run1", "INC-12", NOW, body, NOW))
    rules = {"C8": Conversation(outsiders=True)}
    return World(state, IncidentClicks(Announcer(state), rules, lambda: woken.append(1)), woken)


def click(action: Any, text: str = "", **more: Any) -> ButtonClick:
    plain = {"channel": "slack", "thread_id": "slack:T1/C1/1.1", "conversation": "C1", "author": "slack:U1"}
    return ButtonClick.model_validate(
        {**plain, "event_id": "e", "action": action, "question_id": "INC-12", "text": text, "clicked_at": NOW} | more
    )


async def test_right_is_kept_and_the_card_says_who_said_so() -> None:
    here = await world()
    reply = await here.clicks.judge(click("right", "the deploy"))

    [word] = await here.state.judgements("INC-12")
    assert (word.author, word.right, reply.refused, here.woken) == ("slack:U1", True, False, [1])
    assert (await here.card()).startswith("✅ **Confirmed by U1.**")


async def test_wrong_with_what_it_was_becomes_the_incidents_cause() -> None:
    here = await world()
    await here.clicks.judge(click("wrong", " a full\ndisk "))

    stored = await here.state.incident("INC-12")
    assert stored
    assert "a full disk" in stored.body
    assert (await here.card()).startswith("❌ **U1 says it was: a full disk**")
    assert [one.kind for one in await here.state.moments("INC-12")] == ["judged"]


async def test_the_last_word_of_a_person_counts() -> None:
    here = await world()
    await here.clicks.judge(click("wrong"))
    await here.clicks.judge(click("right"))

    assert [one.right for one in await here.state.judgements("INC-12")] == [True]


async def test_a_report_that_was_answered_with_an_incident_is_judged_as_that_one() -> None:
    here = await world()
    answered = {"conversation": "C7", "thread_id": "slack:T1/C7/5.5", "question_id": "q9"}
    reply = await here.clicks.judge(click("right", **answered))

    assert not reply.refused
    assert [one.author for one in await here.state.judgements("INC-12")] == ["slack:U1"]


async def test_where_nothing_is_claimed_wrong_asks_what_it_was() -> None:
    here = await world(settled("inconclusive"))
    reply = await here.clicks.judge(click("wrong"))

    assert (reply.text, reply.refused) == ("Write what it was, and it is kept.", False)
    assert await here.state.judgements("INC-12") == ()


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        pytest.param({}, False, id="in-the-channel-where-it-is-shown"),
        pytest.param({"thread_id": "slack:T1/C1/9.9"}, False, id="elsewhere-in-that-channel"),
        pytest.param({"conversation": "C7", "thread_id": "slack:T1/C7/5.5"}, False, id="in-a-thread-of-the-incident"),
        pytest.param({"conversation": "C2", "thread_id": "slack:T1/C2/1.1"}, True, id="in-another-channel"),
        pytest.param({"channel": "feishu"}, True, id="on-another-platform"),
        pytest.param({"question_id": "INC-99"}, True, id="of-an-incident-that-is-not-there"),
        pytest.param({"author": "slack:T9/U1"}, True, id="by-somebody-of-another-company"),
    ],
)
async def test_only_who_sees_it_may_judge(more: dict[str, Any], *, refused: bool) -> None:
    here = await world()

    assert (await here.clicks.judge(click("right", **more))).refused is refused
    assert bool(await here.state.judgements("INC-12")) is not refused


async def test_a_chinese_incident_answers_in_chinese() -> None:
    here = await world(language="zh")

    assert (await here.clicks.judge(click("right"))).text.startswith("谢谢")


async def test_its_details_are_for_who_may_see_it() -> None:
    here = await world()

    assert await here.clicks.card("INC-12", "slack:U1")
    assert await here.clicks.card("INC-12", "slack:T9/U1") is None
    assert await here.clicks.card("INC-99", "slack:U1") is None


async def test_what_is_only_recorded_is_shown_to_nobody() -> None:
    here = await world(mode="shadow")

    assert await here.clicks.card("INC-12", "slack:U1") is None
