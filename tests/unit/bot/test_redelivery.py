"""Answers that a platform could not take come later, and not twice."""

import asyncio

from bot.redelivery import Redelivery
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
