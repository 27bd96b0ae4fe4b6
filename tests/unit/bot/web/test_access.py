"""What a visitor sees of conversations on chat platforms: their own, and nothing that others were told alone."""

import pytest

from bot.assistant import Assistant, received
from bot.membership import Membership
from bot.web.access import own_question, own_thread
from bot.web.boundary import Refused
from bot.web.login import Visitor
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Person
from connectors.state.memory import MemoryState
from tests.unit.bot.stage import said
from tests.unit.bot.web.front_end import Shelf

ANN, EVE = Visitor("ann", "ann", "proxy"), Visitor("eve", "eve", "proxy")
THREAD = "slack:T1/C1/1"


@pytest.fixture
async def assistant() -> Assistant:
    people = [Person("ann", "Ann", "", "en", (), ("slack:U1",)), Person("eve", "Eve", "", "en", (), ("slack:U9",))]
    state = MemoryState()
    await state.accept(received(said("why is checkout slow?", "C1/1")))
    await state.accept(received(said("who may read this?", "C1/2", author="slack:U2", ephemeral=True)))
    page = said("and the refunds?", "C1/4", author="slack:U2", audience="author")
    await state.accept(received(page.model_copy(update={"channel": "web"})))
    await state.accept(received(said("is it up again?", "C1/3", author="slack:U3")))
    return Assistant(state, Shelf(), Membership(MemoryDirectory(people)))


async def test_a_person_sees_the_threads_they_take_part_in_elsewhere(assistant: Assistant) -> None:
    shown = await own_thread(assistant, THREAD, ANN)

    assert [one.text for one in shown] == ["why is checkout slow?", "is it up again?"]
    assert (await own_question(assistant, shown[1].id, ANN)).text == "is it up again?"


@pytest.mark.parametrize(("channel", "event_id"), [("slack", "C1/2"), ("web", "C1/4")])
async def test_what_another_was_told_alone_is_not_there(assistant: Assistant, channel: str, event_id: str) -> None:
    alone = await assistant.state.asked_as(channel, event_id)
    assert alone is not None

    with pytest.raises(Refused):
        await own_question(assistant, alone.id, ANN)


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(EVE, id="takes-no-part"),
        pytest.param(Visitor("ann", "", "token"), id="nobody-vouches-for-the-name"),
        pytest.param(Visitor("slack:U1x", "", "proxy"), id="another-account"),
    ],
)
async def test_others_see_nothing(assistant: Assistant, stranger: Visitor) -> None:
    with pytest.raises(Refused):
        await own_thread(assistant, THREAD, stranger)
