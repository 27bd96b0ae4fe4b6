"""A fake Feishu open platform on loopback: a company with chats, and the API, long connections and webhooks.

It is written from the platform's documentation (open.feishu.cn) and knows nothing of our adapter.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from connectors.chat.fakes.feishu_clicks import Clicks
from connectors.chat.fakes.feishu_company import Bot, Chat, Department, Group, Person
from connectors.chat.fakes.feishu_deliveries import Deliveries, Delivery
from connectors.chat.fakes.feishu_http import application
from connectors.chat.fakes.feishu_messages import Message, readable
from connectors.chat.fakes.feishu_page import page
from connectors.chat.fakes.feishu_platform import Fault, Handled, Platform, Posted
from connectors.chat.fakes.feishu_socket import LongConnections
from connectors.chat.fakes.feishu_talk import Talk
from connectors.chat.fakes.feishu_terms import Clock, Console, Limits
from connectors.chat.fakes.feishu_webhook import Webhook

_TICK_SECONDS = 0.2


class FakeFeishu(Talk, Clicks):
    """The platform and the people on it. ``url`` is what a client takes for the domain of the open platform."""

    def __init__(self, platform: Platform, deliveries: Deliveries) -> None:
        self.platform, self.deliveries = platform, deliveries
        self.console, self.clock, self.company = platform.console, platform.clock, platform.company
        self.sockets = LongConnections(platform, deliveries)
        self.webhook = Webhook(platform, deliveries)
        self.toasts = []
        self.url = ""

    def person(self, name: str, *, departments: tuple[str, ...] = (), email: str = "", tenant: str = "") -> Person:
        return self.company.person(name, departments=departments, email=email, tenant=tenant)

    def department(self, key: str, *, name: str = "", parent: str = "0") -> Department:
        return self.company.department(key, name=name, parent=parent)

    def group_of(self, name: str, *, members: tuple[Person, ...] = (), departments: tuple[str, ...] = ()) -> Group:
        return self.company.group_of(name, members=members, departments=departments)

    def bot(self, name: str) -> Bot:
        return self.company.bot(name)

    def chat(self, name: str, *, members: tuple[Person, ...] = (), bot: bool = True, topic: bool = False) -> Chat:
        return self.company.chat(name, members=members, bot=bot, topic=topic)

    def direct(self, person: Person) -> Chat:
        return self.company.direct(person)

    async def advance(self, seconds: float) -> int:
        """Let time pass; how many events were sent again because of it."""
        self.clock.move(seconds)
        return await self.deliveries.again()

    async def redeliver(self, message: Message, *, new_event_id: bool = False) -> Delivery:
        """Send the event of a message again although it was acknowledged, as the platform sometimes does."""
        for delivery in reversed(self.deliveries.log):
            if delivery.body["event"].get("message", {}).get("message_id") == message.message_id:
                break
        else:
            raise LookupError("the app was never told of this message")
        header = delivery.body["header"]
        again = {**header, "event_id": self.company.new_id("")} if new_event_id else header
        copy = Delivery({**delivery.body, "header": again}, callback=False, delivery_id=self.company.new_id(""))
        self.deliveries.log.append(copy)
        await self.deliveries.attempt(copy)
        return copy

    def hold(self) -> None:
        """Keep events back until they are released."""
        self.deliveries.held = []

    async def release(self, *, backwards: bool = False) -> None:
        await self.deliveries.release(backwards=backwards)

    async def cut(self, *, refuse: bool = False) -> int:
        """Close every long connection; with ``refuse`` no new one is given until ``sockets.refusing`` is False."""
        self.sockets.refusing = refuse
        return await self.sockets.cut()

    def rate_limit(self, times: int, *, code: int = 99991400, reset: int = 1, path: str = "") -> None:
        """The next calls are too many: 99991400 comes with its waiting time, 230020 without."""
        status = 429 if code == 99991400 else 400
        self.platform.faults.append(Fault(times, code, status, path, reset))

    def fail(self, times: int, code: int, *, status: int = 400, path: str = "") -> None:
        self.platform.faults.append(Fault(times, code, status, path))

    def drop(self, times: int, *, path: str = "") -> None:
        """The next calls get no answer: the connection closes."""
        self.platform.faults.append(Fault(times, 0, 0, path, drop=True))

    def expire_tokens(self) -> None:
        self.platform.tokens.clear()

    async def until(self, true: Callable[[], object], seconds: float = 3.0) -> None:
        """Wait until something is so. Raises ``TimeoutError``."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError("it did not come about")
            await asyncio.sleep(0.005)

    async def connected(self, count: int = 1, seconds: float = 10.0) -> None:
        """Wait for so many long connections."""
        await self.until(lambda: len(self.sockets.open) >= count, seconds)

    async def settled(self, seconds: float = 3.0) -> None:
        """Wait until every event is acknowledged."""
        await self.until(lambda: not self.deliveries.waiting, seconds)

    @property
    def posted(self) -> list[Posted]:
        """Everything that the app put before people, the oldest first."""
        return list(self.platform.posted)

    @property
    def calls(self) -> list[Handled]:
        return list(self.platform.handled)

    @property
    def refused(self) -> list[Handled]:
        return [one for one in self.platform.handled if one.code]

    def messages(self, chat: Chat) -> list[Message]:
        """The messages of a chat as they are now, those in threads too."""
        return self.platform.in_chat(chat.chat_id)

    def thread(self, message: Message) -> list[Message]:
        """A message and what was said in its thread or in answer to it."""
        root = message.root_id or message.message_id
        return [one for one in self.platform.in_chat(message.chat_id) if root in (one.message_id, one.root_id)]

    def name_of(self, message: Message) -> str:
        return self.company.name_of(message.sender)

    def transcript(self) -> str:
        """All that was said, chat by chat; an answer is indented."""
        lines: list[str] = []
        for chat in self.company.chats.values():
            lines.append(f"# {chat.name}")
            for one in self.platform.in_chat(chat.chat_id):
                said = readable(one).replace("\n", "\n    ")
                lines.append(f"{'  ' if one.root_id else ''}{self.name_of(one)}: {said}")
        return "\n".join([*lines, *(f"({name} is told: {said})" for name, _, said in self.toasts)])

    def to_html(self, chat: Chat) -> str:
        """A page that shows a chat as Feishu might."""
        pictures = {key: (file.media_type, file.content) for key, file in self.platform.files.items()}
        said = [(self.name_of(one), one) for one in self.platform.in_chat(chat.chat_id)]
        return page(chat.name, said, pictures, self.console.app_name)


@asynccontextmanager
async def serve(
    console: Console | None = None, limits: Limits | None = None, clock: Clock | None = None, port: int = 0
) -> AsyncIterator[FakeFeishu]:
    """Run a fake Feishu on loopback."""
    platform = Platform(console or Console(), limits or Limits(), clock or Clock())
    feishu = FakeFeishu(platform, Deliveries(platform))
    app = application(platform)
    feishu.sockets.add_to(app)
    feishu.webhook.open()
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    feishu.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    again = asyncio.create_task(_again(feishu.deliveries))
    try:
        yield feishu
    finally:
        again.cancel()
        with suppress(asyncio.CancelledError):
            await again
        await feishu.sockets.cut()
        await runner.cleanup()


async def _again(deliveries: Deliveries) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        await deliveries.again()
