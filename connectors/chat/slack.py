"""Slack: Socket Mode when there is an app token, the Events API over HTTP when there is a signing secret."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, Field, SecretStr, field_validator
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.card_port import Card, Language
from connectors.chat.port import ChatUnavailable, Delivery, Inbox, Progress, Recipient, WebReply, WebRequest
from connectors.chat.slack_api import SlackApi
from connectors.chat.slack_checkup import Checkup, Setup
from connectors.chat.slack_delivery import Delivering
from connectors.chat.slack_door import Door
from connectors.chat.slack_events import CHANNEL
from connectors.chat.slack_forms import Forms
from connectors.chat.slack_people import People
from connectors.chat.slack_posting import Posting, opening, thread_below
from connectors.chat.slack_streams import Streams
from connectors.chat.slack_wire import Socket, bolt, dispatched, identify, signed
from connectors.checkup import Fact

_FRESH_SECONDS = 60.0


class Settings(BaseModel):
    """Where our app is, and who it is."""

    bot_token: SecretStr
    """The bot's token, xoxb-…, from OAuth & Permissions."""
    app_token: SecretStr = SecretStr("")
    """The app-level token, xapp-…, with connections:write: for Socket Mode, which needs no public address."""
    signing_secret: SecretStr = SecretStr("")
    """From Basic Information: for calls to /chat/slack over HTTP. With neither, only answers go out."""
    language: Language = "en"
    """What is said to people of whom no language is known, such as in the App Home."""
    streaming: bool = True
    """Whether drafts are streamed where Slack has that; otherwise messages are edited."""
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where people open the page: an answer that Slack takes in no form is linked to there. The default is that of
    `[web]`."""
    patience_seconds: float = 900.0
    """How long a message waits in all while Slack limits us: it takes one message a second in a channel."""
    base_url: str = "https://slack.com/api/"
    """Slack's Web API; another only for GovSlack, or a fake on this machine."""

    @field_validator("base_url")
    @classmethod
    def _trusted(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("write https://…; http is for this machine alone")
        return address if address.endswith("/") else f"{address}/"


@dataclass
class Times:
    """The clocks that a chat goes by, and how it waits."""

    wall: Callable[[], float] = time.time
    running: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class _Opened:
    """What there is once it is known who we are."""

    door: Door
    app: AsyncApp
    delivering: Delivering


@dataclass
class SlackChat:
    """One workspace. Who we are in it is asked for when it is first needed."""

    settings: Settings
    api: SlackApi
    times: Times
    name: str = CHANNEL
    _opened: _Opened | None = None
    _socket: Socket | None = None
    _since: float = 0.0
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def seconds_between_updates(self) -> float:
        return 1.0 if self._opened and self._opened.delivering.streams.on else 1.5

    async def listen(self, inbox: Inbox) -> None:
        opened = await self._ready()
        opened.door.inbox = inbox
        token = self.settings.app_token.get_secret_value()
        if token and self._socket is None:
            self._socket = await Socket.opened(opened.app, token, self.api.client)

    async def receive(self, request: WebRequest) -> WebReply:
        secret = self.settings.signing_secret.get_secret_value()
        if not secret:
            return WebReply(status=HTTPStatus.NOT_FOUND)
        # Before anything of it is parsed: who has not signed it is told nothing else.
        if not signed(request, secret, self.times.wall):
            return WebReply(status=HTTPStatus.UNAUTHORIZED)
        return await dispatched(self._opened.app if self._opened else None, request)

    async def begin(self, to: Recipient, question_id: str, text: str) -> str:
        return await (await self._ready()).delivering.begin(to, question_id, text)

    async def update(self, to: Recipient, message_id: str, progress: Progress) -> None:
        if self._opened:
            await self._opened.delivering.update(to, message_id, progress)

    async def post(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str = "") -> Delivery:
        return await (await self._ready()).delivering.post(to, card, files, message_id)

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        return await (await self._ready()).delivering.revise(to, card, files, message_id)

    def opening(self, conversation: str) -> Recipient:
        # Which workspace it is nobody needs to know for posting there.
        team = self._opened.door.us.team_id if self._opened else "_"
        return opening(team, conversation)

    def thread_of(self, to: Recipient, message_id: str) -> str:
        if self._opened is None:
            raise ChatUnavailable("Slack has not said yet which workspace this is.")
        return thread_below(self._opened.door.us, to, message_id)

    async def send_file(self, to: Recipient, name: str, content: bytes) -> None:
        await (await self._ready()).delivering.send_file(to, name, content)

    async def fetch(self, reference: str, most: int) -> bytes:
        return await self.api.download(reference, most)

    async def checkup(self) -> tuple[Fact, ...]:
        """What Slack says about our set-up; nothing is posted, and no socket is opened."""
        link = urlsplit(self.settings.public_url)
        setup = Setup(
            app_token=self.settings.app_token.get_secret_value(),
            signing_secret=self.settings.signing_secret.get_secret_value(),
            address=f"{link.scheme}://{link.netloc}/chat/{self.name}" if link.netloc else "",
            now=self.times.wall(),
        )
        return await Checkup(self.api.client, self.api.session, setup).facts()

    async def close(self) -> None:
        """Hang up: nothing more comes in."""
        if self._socket:
            await self._socket.close()
        await self.idle()

    async def idle(self) -> None:
        """Wait until nobody is being shown anything that was pressed for."""
        if self._opened:
            await self._opened.door.idle()

    async def _ready(self) -> _Opened:
        async with self._opening:
            if self._opened is None:
                us = await identify(self.api, self.settings.app_token.get_secret_value())
                self._since = self.times.wall()
                streams = Streams(self.api, us, self.settings.streaming)
                posting = Posting(self.api, us, streams)
                language = self.settings.language
                forms = Forms(self.api, us, language)
                door = Door(us, People(self.api, us), forms, language, self.times.wall)
                delivering = Delivering(self.api, posting, streams, self.settings.public_url, self._fresh)
                self._opened = _Opened(door, bolt(self.api.client, us, door), delivering)
            return self._opened

    def _fresh(self, event_id: str) -> bool:
        """Whether a message is so new that no process which has died since can have answered it."""
        said = event_id.partition("/")[2].partition("#")[0]
        try:
            age = self.times.wall() - float(said)
        except ValueError:
            return False
        return age < _FRESH_SECONDS and float(said) >= self._since


@asynccontextmanager
async def opened(settings: Settings, times: Times) -> AsyncIterator[SlackChat]:
    """The chat with clocks of its own, which a test may have."""
    limits = aiohttp.ClientTimeout(total=20, connect=5)
    async with aiohttp.ClientSession(timeout=limits, trust_env=True) as session:
        client = AsyncWebClient(
            settings.bot_token.get_secret_value(),
            base_url=settings.base_url,
            session=session,
            timeout=20,
            retry_handlers=[],
        )
        chat = SlackChat(
            settings, SlackApi(client, session, times.sleep, times.running, settings.patience_seconds), times
        )
        try:
            yield chat
        finally:
            await chat.close()


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[SlackChat]:
    """Open the workspace that the token was made for; Slack is first asked when it is used."""
    async with opened(settings, Times()) as chat:
        yield chat
