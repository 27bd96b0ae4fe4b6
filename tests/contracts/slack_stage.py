"""A workspace of the fake Slack with our adapter in it, clocks that only move when somebody waits, and an inbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import SecretStr

from connectors.chat.card_port import Card
from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.fakes.slack_rules import check_message
from connectors.chat.fakes.slack_workspace import Channel, Message, Person
from connectors.chat.port import ButtonClick, IncomingMessage, NotAccepted, Recent, Recipient, Reply
from connectors.chat.slack import Settings, SlackChat, Times, opened

MANIFEST = Path(__file__).parents[2] / "deploy" / "slack-manifest.yaml"
START = 1_700_000_000.0


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = START
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class KeepingInbox:
    """Keeps what is handed in; refuses as often as ``refusing`` says."""

    refusing: int = 0
    messages: list[IncomingMessage] = field(default_factory=list)
    clicks: list[ButtonClick] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    asked: tuple[Recent, ...] = ()
    reply: Reply = field(default_factory=lambda: Reply(text="Thank you."))

    def _accept(self) -> None:
        if self.refusing:
            self.refusing -= 1
            raise NotAccepted("The database is away.")

    async def on_message(self, message: IncomingMessage) -> bool:
        self._accept()
        self.messages.append(message)
        return message.addressed

    async def on_click(self, click: ButtonClick) -> Reply:
        self._accept()
        self.clicks.append(click)
        return self.reply

    async def on_withdrawn(self, channel: str, event_id: str) -> None:
        self._accept()
        self.withdrawn.append(event_id)

    async def card(self, question_id: str, author: str) -> Card | None:
        return self.cards.get(question_id)

    async def recent(self, author: str, limit: int = 10) -> tuple[Recent, ...]:
        return self.asked[:limit]


@dataclass
class Stage:
    """Ann in the channel ops, and the assistant."""

    slack: FakeSlack
    chat: SlackChat
    inbox: KeepingInbox
    clock: Clock
    ann: Person
    ops: Channel

    async def asked(self, text: str = "why 502?") -> Message:
        message: Message = await self.slack.mention(self.ann, self.ops, text)
        await self.slack.settled()
        return message

    @asynccontextmanager
    async def again(self) -> AsyncIterator[SlackChat]:
        """Another process with the same settings, started later."""
        self.clock.seconds += 1
        times = Times(self.clock.now, self.clock.now, self.clock.sleep)
        async with opened(self.chat.settings, times) as chat:
            yield chat

    async def through(self) -> None:
        """Let time pass until Slack has got rid of everything."""
        async with asyncio.timeout(10):
            while any(one.state not in ("acknowledged", "lost") for one in self.slack.deliveries):
                await asyncio.sleep(0.01)
                self.clock.seconds += 1
                await self.slack.pump()

    async def shown(self) -> None:
        """Wait for what is shown behind the acknowledgement."""
        await self.chat.idle()

    def to(self, message: Message) -> Recipient:
        thread = message.thread_ts or message.ts
        return Recipient(
            thread_id=f"slack:{self.slack.team_id}/{self.ops.id}/{thread}",
            author=f"slack:{self.ann.id}",
            event_id=f"{self.ops.id}/{message.ts}",
        )

    def answers(self, message: Message) -> list[Message]:
        thread = self.slack.thread(self.ops, message.ts)
        return [one for one in thread if one.bot == self.slack.bot_id]


@asynccontextmanager
async def staged(way: Literal["socket", "http"] = "http", *, streaming: bool = False) -> AsyncIterator[Stage]:
    """The stage, listening by Socket Mode or by signed calls; all that was posted passes Block Kit."""
    clock = Clock()
    times = Times(clock.now, clock.now, clock.sleep)
    async with FakeSlack(clock=clock.now, pump_seconds=None).running() as slack:
        granted = yaml.safe_load(MANIFEST.read_text("utf-8"))
        slack.app.scopes = set(granted["oauth_config"]["scopes"]["bot"])
        slack.app.subscriptions = set(granted["settings"]["event_subscriptions"]["bot_events"])
        ann = slack.person("ann", title="Ann Lee")
        ops = slack.channel("ops", members=[ann])
        settings = Settings(
            bot_token=SecretStr(slack.bot_token),
            app_token=SecretStr(slack.app_token if way == "socket" else ""),
            signing_secret=SecretStr(slack.signing_secret if way == "http" else ""),
            base_url=slack.api_url,
            streaming=streaming,
        )
        async with opened(settings, times) as chat:
            inbox = KeepingInbox()
            await chat.listen(inbox)
            if way == "http":
                await slack.subscribe_calls(chat.receive)
            yield Stage(slack, chat, inbox, clock, ann, ops)
        whole = (
            payload for payload in slack.posted if payload["method"] not in ("chat.startStream", "chat.appendStream")
        )
        assert [said for payload in whole for said in check_message(payload)] == []


def now() -> datetime:
    return datetime.fromtimestamp(START, UTC)
