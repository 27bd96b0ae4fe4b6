"""Answers that a platform could not take come later, and not twice."""

import asyncio

import pytest

from bot.redelivery import Redelivery
from connectors.chat.card_port import Card
from connectors.chat.memory import MemoryChat
from connectors.chat.port import Delivery, Recipient
from tests.unit.bot.stage import Stage, said, stage


async def answered_in_vain(here: Stage) -> str:
    here.chat.away = "no route to the platform"
    await here.inbox.on_message(said("how big is the payments pool in production?"))
    question_id = await here.asked("C1/1")
    await here.answer(question_id)
    await asyncio.gather(*here.state._tasks)
    return question_id


async def test_an_answer_comes_when_its_platform_is_back() -> None:
    async with stage() as here:
        question_id = await answered_in_vain(here)
        again = Redelivery(here.ports)
        here.chat.away = ""

        await again.sweep()
        assert here.chat.posted == {}, "it may be on its way"
        await again.sweep()

        assert "40 connections" in here.chat.posted[question_id][1].text
        assert await here.state.undelivered() == ()


async def test_the_waits_double_while_the_platform_is_away() -> None:
    async with stage() as here:
        await answered_in_vain(here)
        again, tries = Redelivery(here.ports), []

        for sweep in range(1, 20):
            await again.sweep()
            tries.append((sweep, sum(again._tries.values())))

        assert [sweep for (sweep, now), (_, before) in zip(tries[1:], tries, strict=False) if now > before] == [
            2,
            4,
            8,
            16,
        ]


def notice(question_id: str) -> str:
    return Card(question_id=question_id, kind="notice", language="en", text="At last.").model_dump_json()


async def unanswered(here: Stage, event_id: str) -> str:
    await here.state.stop()
    here.state._journeys = {}
    await here.inbox.on_message(said("how big is the payments pool in production?", event_id))
    return await here.asked(event_id)


async def test_an_answer_that_took_long_is_not_posted_twice_while_it_is_on_its_way() -> None:
    async with stage() as here:
        question_id, again = await unanswered(here, "C1/1"), Redelivery(here.ports)
        for _ in range(5):
            await again.sweep()
        await here.state.settle(question_id, notice(question_id))

        await again.sweep()

        assert here.chat.posted == {}


async def test_an_answer_that_cannot_be_read_keeps_no_other_from_arriving() -> None:
    async with stage() as here:
        damaged, sound = await unanswered(here, "C1/1"), await unanswered(here, "C1/2")
        await here.state.settle(damaged, "{}")
        await here.state.settle(sound, notice(sound))
        again = Redelivery(here.ports)

        for _ in range(2):
            await again.sweep()

        assert list(here.chat.posted) == [sound]


async def test_an_answer_that_waits_long_for_its_turn_is_not_posted_a_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage() as here:
        turn, posts = asyncio.Event(), list[str]()

        async def post(chat: MemoryChat, to: Recipient, card: Card, *_: object) -> Delivery:
            posts.append(card.question_id)
            await turn.wait()
            return Delivery(channel="slack", rung="card", message_id="m1")

        monkeypatch.setattr(MemoryChat, "post", post)
        await here.inbox.on_message(said("how big is the payments pool in production?"))
        await here.answer(await here.asked("C1/1"))
        again = Redelivery(here.ports)
        for _ in range(4):
            await again.sweep()
        turn.set()
        await asyncio.gather(*here.state._tasks)

        assert posts == [await here.asked("C1/1")]
        assert await here.state.undelivered() == ()
