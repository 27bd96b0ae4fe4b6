"""What every chat promises of an incident: one message that begins a thread, looks first, and is revised ever after."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from connectors.chat.card_port import Card, Citation, Folded, Footer
from connectors.chat.memory import MemoryChat, Settings
from connectors.chat.port import Chat
from tests.contracts.feishu_office import office
from tests.contracts.slack_stage import staged

CITED = Citation(
    number=1,
    document_id="",
    chunk_id="",
    title="Errors",
    heading="rate",
    quote="503 <!channel> 14 %",
    link="https://m/1",
)
CARD = Card(
    question_id="INC-1",
    kind="incident",
    language="en",
    title="checkout answers with errors",
    tone="bad",
    text="**Most likely**: the pool is full [1].",
    cause="the pool was full",
    link="https://ops.example/incidents/INC-1",
    folded=(Folded(title="Ruled out", text="- The network <!here>\n\n| a | b |\n|---|---|\n| 1 | 2 |"),),
    citations=(CITED,),
    footer=Footer(level="none", model="", seconds=41.0),
)
LATER = CARD.model_copy(update={"title": "checkout is well again", "tone": "good"})


@dataclass
class Place:
    """A conversation of one chat: what its messages say by their ids, and how one is closed to changes."""

    chat: Chat
    conversation: str
    shown: Callable[[], dict[str, str]]
    close: Callable[[str], None]


@pytest.fixture(params=["memory", "slack", "feishu"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "memory":
        memory = MemoryChat(Settings())
        yield Place(memory, "ops", lambda: {id: one.model_dump_json() for id, one in memory.messages.items()},
                    memory.closed.add)  # fmt: skip
    elif request.param == "slack":
        async with staged() as stage:

            def said() -> dict[str, str]:
                posted = [one for one in stage.slack.messages(stage.ops) if one.bot]
                below = [two for one in posted for two in stage.slack.thread(stage.ops, one.ts)]
                return {one.ts: json.dumps(one.blocks, ensure_ascii=False) for one in (*posted, *below)}

            def close(ts: str) -> None:
                stage.slack.app.edit_minutes = 5
                stage.clock.seconds += 600

            yield Place(stage.chat, stage.ops.id, said, close)
    else:
        async with office() as desk:
            yield Place(desk.chat, desk.room.chat_id,
                        lambda: {one.message_id: json.dumps(one.card(), ensure_ascii=False) for one in desk.answers()},
                        lambda _: desk.feishu.clock.move(15 * 86_400))  # fmt: skip


async def posted(place: Place) -> str:
    to = place.chat.opening(place.conversation)
    begun = await place.chat.begin(to, "INC-1", "Looking into it")
    return (await place.chat.post(to, CARD, {}, begun)).message_id


async def test_the_marker_becomes_the_card(place: Place) -> None:
    message_id = await posted(place)

    assert list(place.shown()) == [message_id]
    assert "checkout answers with errors" in place.shown()[message_id]


async def test_posting_again_arrives_once(place: Place) -> None:
    assert await posted(place) == await posted(place)
    assert len(place.shown()) == 1


async def test_beginning_again_shows_one_marker(place: Place) -> None:
    to = place.chat.opening(place.conversation)

    assert await place.chat.begin(to, "INC-1", "Looking") == await place.chat.begin(to, "INC-1", "Looking")


async def test_a_revision_stands_in_the_same_message(place: Place) -> None:
    message_id = await posted(place)
    receipt = await place.chat.revise(place.chat.opening(place.conversation), LATER, {}, message_id)

    assert receipt.message_id == message_id
    assert "checkout is well again" in place.shown()[message_id]


async def test_what_can_no_longer_change_stands_anew_in_the_thread_once(place: Place) -> None:
    message_id = await posted(place)
    place.close(message_id)
    to = place.chat.opening(place.conversation)
    first = await place.chat.revise(to, LATER, {}, message_id)
    again = await place.chat.revise(to, LATER, {}, message_id)

    assert first == again
    assert len(place.shown()) == 2
    assert "checkout is well again" in place.shown()[first.message_id]


async def test_the_thread_is_named_by_the_message_that_began_it(place: Place) -> None:
    message_id, to = await posted(place), place.chat.opening(place.conversation)
    thread = place.chat.thread_of(to, message_id)

    assert message_id in thread
    assert place.conversation in thread


async def test_what_is_no_conversation_is_a_mistake(place: Place) -> None:
    with pytest.raises(ValueError, match="is no"):
        place.chat.opening("ops/x")
