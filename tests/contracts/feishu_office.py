"""A fake Feishu with our adapter on it, and an inbox that keeps what comes in; time passes only when somebody waits."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connectors.chat import feishu as adapter
from connectors.chat.card_port import Card
from connectors.chat.fakes.feishu import Chat as Room
from connectors.chat.fakes.feishu import Clock, Console, FakeFeishu, Limits, Person, serve
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.feishu_messages import Message
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.feishu_api import Network
from connectors.chat.port import ButtonClick, IncomingMessage, NotAccepted, Recent, Recipient, Reply

MENTION = Said(mention=True)


@dataclass
class Desk:
    """An inbox. While ``closed`` it keeps nothing."""

    messages: list[IncomingMessage] = field(default_factory=list)
    clicks: list[ButtonClick] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    asked: tuple[Recent, ...] = ()
    closed: bool = False
    reply: Reply = field(default_factory=lambda: Reply(text="Thank you."))

    async def on_message(self, message: IncomingMessage) -> bool:
        self._open()
        self.messages.append(message)
        return message.addressed

    async def on_click(self, click: ButtonClick) -> Reply:
        self._open()
        self.clicks.append(click)
        return self.reply

    async def on_withdrawn(self, channel: str, event_id: str) -> None:
        self._open()
        self.withdrawn.append(event_id)

    async def card(self, question_id: str, author: str) -> Card | None:
        return None

    async def recent(self, author: str, limit: int = 10) -> tuple[Recent, ...]:
        return self.asked[:limit]

    def _open(self) -> None:
        if self.closed:
            raise NotAccepted("the database is down")


@dataclass
class Office:
    """Everything a test needs: the platform, our adapter on it, the inbox, a person and a group."""

    feishu: FakeFeishu
    chat: adapter.FeishuChat
    desk: Desk
    ann: Person
    room: Room
    waited: list[float]
    """How long the adapter wanted to wait, each time."""

    async def asked(self, text: str = "why is checkout slow?", said: Said = MENTION) -> Recipient:
        """Ann asks in the group; where the answer goes."""
        message = await self.feishu.say(self.ann, self.room, text, said)
        await self.feishu.settled()
        return recipient(next(one for one in self.desk.messages if one.event_id == message.message_id))

    def answers(self) -> list[Message]:
        """What the app has posted, wherever, as people see it now."""
        app = self.feishu.console.app_id
        return [one for one in self.feishu.platform.messages.values() if one.sender == app]


def recipient(message: IncomingMessage, *, ephemeral: bool = False) -> Recipient:
    return Recipient(thread_id=message.thread_id, author=message.author, event_id=message.event_id, ephemeral=ephemeral)


@asynccontextmanager
async def office(
    console: Console | None = None, limits: Limits | None = None, settings: Mapping[str, object] | None = None
) -> AsyncIterator[Office]:
    """Open one. The adapter's waits move the platform's clock instead of taking time; all cards shown are good."""
    console = console or Console()
    # What the adapter is told to wait for belongs to the platform's clock; nobody sits it out.
    async with serve(console, limits, Clock(live=False)) as feishu:
        waited: list[float] = []

        async def wait(seconds: float) -> None:
            waited.append(seconds)
            feishu.clock.move(seconds)
            await asyncio.sleep(0)

        table = {"app_id": console.app_id, "app_secret": console.app_secret, "domain": feishu.url, **(settings or {})}
        network = Network(clock=feishu.clock.now, sleep=wait)
        async with adapter.connect(adapter.Settings.model_validate(table), network) as chat:
            desk, ann = Desk(), feishu.person("Ann")
            room = feishu.chat("Checkout", members=(ann,))
            await chat.listen(desk)
            yield Office(feishu, chat, desk, ann, room, waited)
        shown = (one for one in feishu.platform.messages.values() if one.sender == console.app_id and one.card())
        assert [said for one in shown for said in check_card(one.card())] == []
