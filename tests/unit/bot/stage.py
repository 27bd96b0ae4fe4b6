"""An assistant on twins with one chat platform, for tests of what happens at its doors."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.assistant import Assistant, give_up, take_up
from bot.inbox import ChatInbox
from bot.ladder import Ladder
from bot.membership import Membership
from bot.ports import Limits, Ports
from bot.rules.conversations import Conversations
from bot.rules.terms import content_terms
from bot.standing import Standing
from connectors.chat.card_port import Card
from connectors.chat.memory import MemoryChat, Settings
from connectors.chat.port import IncomingMessage
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Person
from connectors.state.memory import MemoryState
from connectors.state.port import Work
from knowledge.service_graph import ServiceGraph
from tests.shelf import SHELF, page, shelf

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = (
    Person("maren", "Maren Holt", "payments", "en", ("payments",), ("slack:U1",)),
    Person("ines", "Ines Duarte", "web", "en", (), ("slack:U2",)),
)
AUDIT = replace(
    page("audit.md", "Payments: refund audit", "Findings", "Refunds over 500 are not checked."), readers=("payments",)
)


@dataclass
class Stage:
    """The twins, and what an adapter would hand in to."""

    ports: Ports
    chat: MemoryChat
    state: MemoryState
    inbox: ChatInbox

    async def answer(self, question_id: str) -> Card:
        """The card of a question, once it is there."""
        async for frame in self.state.follow(question_id, 0):
            if frame.kind == "card":
                return Card.model_validate_json(frame.data)
        raise AssertionError("no card came")

    async def asked(self, event_id: str) -> str:
        """The id of the question that a message became."""
        found = await self.state.asked_as("slack", event_id)
        assert found is not None
        return found.id


def said(text: str, event_id: str = "C1/1", **other: Any) -> IncomingMessage:
    """A message in a channel that mentions the assistant."""
    plain = {
        "channel": "slack",
        "thread_id": "slack:T1/C1/1",
        "conversation": "C1",
        "author": "slack:U1",
        "sent_at": NOON,
        "audience": "conversation",
    }
    return IncomingMessage(event_id=event_id, text=text, **{**plain, **other})


@asynccontextmanager
async def stage(conversations: Conversations | None = None, longest: int = 40_000) -> AsyncIterator[Stage]:
    """Open everything; work is taken up as it comes."""
    async with shelf((*SHELF, AUDIT)) as library:
        state, chat = MemoryState(), MemoryChat(Settings(longest_text=longest), name="slack")
        ports = Ports(
            state=state,
            library=library,
            ladder=Ladder([]),
            plugins=(),
            chats={"slack": chat},
            services=ServiceGraph().mentioned,
            terms=content_terms,
            limits=Limits(2, 60, 2000, 900, 500, 200, 5),
            clock=time.monotonic,
            standing=Standing(state, time.monotonic),
            membership=Membership(MemoryDirectory(PEOPLE)),
            conversations=conversations or {},
        )
        await state.start({"answer": Work(partial(take_up, ports=ports), partial(give_up, ports=ports))})
        inbox = ChatInbox(Assistant(state, library, ports.membership), ports.chats)
        try:
            yield Stage(ports, chat, state, inbox)
        finally:
            await inbox.close()
            await state.stop()
