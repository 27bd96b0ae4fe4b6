"""Questions that cannot be answered are closed, and stored answers go out as they are."""

from collections.abc import AsyncIterator

import pytest

from bot.assistant import give_up, received
from bot.ports import Ports
from connectors.chat.card_port import Card
from tests.unit.bot.stage import said, stage


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    async with stage(longest=200) as here:
        here.state._journeys = {}
        yield here.ports


async def asked(ports: Ports) -> str:
    return (await ports.state.accept(received(said("支付为什么慢？", thread_id="t1"))))[0]


async def test_a_question_that_is_given_up_says_so_in_its_language(ports: Ports) -> None:
    question_id = await asked(ports)

    await give_up(question_id, ports)

    thread, card = ports.chats["slack"].posted[question_id]  # type: ignore[attr-defined]  # the twin keeps what it got
    assert (thread, card.kind, card.language) == ("t1", "failure", "zh")
    assert question_id in card.text


async def test_an_answer_that_is_stored_goes_out_instead(ports: Ports) -> None:
    question_id = await asked(ports)
    card = Card(question_id=question_id, kind="answer", language="zh", text="回滚。")
    await ports.state.settle(question_id, card.model_dump_json())

    await give_up(question_id, ports)

    assert ports.chats["slack"].posted[question_id] == ("t1", card)  # type: ignore[attr-defined]  # as above
    assert await ports.state.undelivered() == ()


async def test_what_the_platform_refuses_stays_open(ports: Ports) -> None:
    question_id = await asked(ports)
    card = Card(question_id=question_id, kind="answer", language="zh", text="回滚。" * 100)
    await ports.state.settle(question_id, card.model_dump_json())

    await give_up(question_id, ports)

    assert await ports.state.undelivered() == (question_id,)
