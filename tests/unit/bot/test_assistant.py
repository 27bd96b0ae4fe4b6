"""Questions that cannot be answered are closed, and stored answers go out as they are."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.assistant import give_up
from bot.ladder import Ladder
from bot.ports import Limits, Ports
from bot.rules.terms import content_terms
from bot.standing import Standing
from connectors.chat.memory import MemoryChat, Settings
from connectors.chat.port import Card
from connectors.state.memory import MemoryState
from connectors.state.port import Received
from knowledge.service_graph import ServiceGraph
from tests.shelf import shelf


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    async with shelf() as library:
        state = MemoryState()
        yield Ports(
            state=state,
            library=library,
            ladder=Ladder([]),
            plugins=(),
            chats={"slack": MemoryChat(Settings(longest_text=200), name="slack")},
            services=ServiceGraph().mentioned,
            terms=content_terms,
            limits=Limits(2, 60, 2000, 900, 500, 200, 5),
            clock=time.monotonic,
            standing=Standing(state, time.monotonic),
        )


async def asked(ports: Ports) -> str:
    message = Received("e1", "slack", "t1", "ann", "支付为什么慢？", "{}", datetime(2026, 3, 1, tzinfo=UTC))
    return (await ports.state.accept(message))[0]


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
