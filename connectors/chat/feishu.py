"""Feishu and Lark: questions come over the long connection or a webhook, answers are cards (open.feishu.cn)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Literal

import structlog
from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from connectors.chat import feishu_sdk
from connectors.chat.card_port import Card
from connectors.chat.feishu_api import REAL, App, FeishuApi, Network, Refusal, open_api
from connectors.chat.feishu_checkup import Checkup, Setup
from connectors.chat.feishu_content import mapping, text
from connectors.chat.feishu_delivery import Deliveries
from connectors.chat.feishu_drafts import Drafts, begun_of
from connectors.chat.feishu_events import Me
from connectors.chat.feishu_inbound import Inbound
from connectors.chat.feishu_messages import Gone, Messages, opening, thread_below
from connectors.chat.feishu_socket import LongConnection
from connectors.chat.feishu_webhook import Forged, Gate
from connectors.chat.ladder import Refused
from connectors.chat.port import (
    CannotFetch,
    ChatUnavailable,
    Delivery,
    Inbox,
    NotAccepted,
    Progress,
    Recipient,
    Undeliverable,
    WebReply,
    WebRequest,
)
from connectors.checkup import Fact

log = structlog.get_logger()

_PLATFORMS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?")
_REFERENCE = re.compile(r"(om_[\w-]{1,100})/(image|file)/([\w-]{1,200})", re.ASCII)
_FILE_BYTES = 30 * 1024 * 1024


def _platform(domain: str) -> str:
    url = _PLATFORMS.get(domain, domain).rstrip("/")
    if not (re.fullmatch(r"https://[\w.-]+(?::\d+)?", url, re.ASCII) or _LOOPBACK.fullmatch(url)):
        raise ValueError("feishu, lark, or an https:// address without a path (http only on this machine)")
    return url


class Settings(BaseModel):
    """The app in the developer console, and how its events arrive."""

    app_id: str = Field(pattern=r"^cli_\w+$")
    """The app's id, under Credentials & Basic Info."""
    app_secret: SecretStr = Field(min_length=1)
    """The app's secret, beside its id."""
    domain: Annotated[str, AfterValidator(_platform)] = Field(default="feishu", validate_default=True)
    """``feishu`` (feishu.cn), ``lark`` (larksuite.com), or the address of an installation of one's own."""
    events: Literal["connection", "webhook"] = "connection"
    """The long connection needs no public address; a webhook needs one, and both keys below."""
    encrypt_key: SecretStr = SecretStr("")
    """Under Events & Callbacks › Encryption Strategy; without it anybody could forge events."""
    verification_token: SecretStr = SecretStr("")
    """Beside the encrypt key."""
    streaming: bool = True
    """Let answers grow through CardKit; without it, or without its scope, the card is replaced every 1.5 seconds."""
    language: Literal["en", "zh"] = "zh"
    """Of the greeting in a new group, and of the menu."""
    public_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    """Where people reach the web page: the last resort for an answer that the platform refuses in every form."""
    timeout_seconds: float = Field(default=10, gt=0, le=60)
    """How long one answer of the platform may take."""
    longest_wait_seconds: float = Field(default=60, ge=0, le=600)
    """How long one call may wait in all because the platform limits the rate."""

    @model_validator(mode="after")
    def _guarded(self) -> "Settings":
        keys = self.encrypt_key.get_secret_value() and self.verification_token.get_secret_value()
        if self.events == "webhook" and not keys:
            raise ValueError(
                "a webhook needs encrypt_key and verification_token: without them anybody can forge events"
            )
        return self


@dataclass
class FeishuChat:
    """One app on one platform. An ephemeral answer goes to its reader as a direct message.

    The platform's own ephemeral cards are not used: they reach only who is online, and are lost with the next start.
    """

    settings: Settings
    api: FeishuApi
    sdk: feishu_sdk.Sdk
    messages: Messages
    drafts: Drafts
    tasks: AsyncExitStack
    name: str = "feishu"
    _inbound: Inbound | None = field(default=None, init=False)

    @property
    def seconds_between_updates(self) -> float:
        """Two a second while streaming; a card that is replaced as a whole takes its time."""
        return self.drafts.seconds_between_updates

    async def listen(self, inbox: Inbox) -> None:
        """Find out who we are, and connect where no webhook is set. Raises ``ChatUnavailable`` with what to do."""
        me, name = await self._who()
        inbound = self._inbound = Inbound(self.messages, inbox, me, name, self.settings.language)
        self.tasks.push_async_callback(inbound.settle)
        if self.settings.events == "connection":
            line = LongConnection(self.api.app, self.api.network, self.api.http, self.sdk, inbound.take)
            task = asyncio.create_task(line.run(await line.open()))
            task.add_done_callback(_told)
            self.tasks.push_async_callback(_ended, task)

    async def _who(self) -> tuple[Me, str]:
        try:
            bot = mapping((await self.api.call("GET", "/open-apis/bot/v3/info")).get("bot"))
        except Refusal as refusal:
            raise ChatUnavailable(
                f"Feishu does not know the bot ({refusal}): switch it on under Add features at "
                f"{self.api.app.console}/bot, then publish a version."
            ) from refusal
        return Me(self.settings.app_id, text(bot.get("open_id"))), text(bot.get("app_name")) or "Nightshift"

    async def receive(self, request: WebRequest) -> WebReply:
        """Answer a call of the platform; 404 unless a webhook is set, 403 for what is not the platform's."""
        if self.settings.events != "webhook" or self._inbound is None:
            return WebReply(status=HTTPStatus.NOT_FOUND)
        key = self.settings.encrypt_key.get_secret_value()
        token = self.settings.verification_token.get_secret_value()
        try:
            body = Gate(key, token, self.sdk.cipher(key), self.api.network.clock).admit(request)
            if body.get("type") == "url_verification":
                return _json({"challenge": text(body.get("challenge"))})
            return _json(await self._inbound.take(body) or {})
        except Forged as forged:
            log.warning("feishu webhook refused", reason=str(forged))
            return WebReply(status=HTTPStatus.FORBIDDEN)
        except NotAccepted as failed:
            log.warning("feishu event not accepted", reason=str(failed))
            return WebReply(status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def begin(self, to: Recipient, question_id: str, text: str) -> str:
        try:
            return str(await self.drafts.begin(to, question_id, text))
        except (Refused, Gone) as refused:
            raise Undeliverable(f"Feishu takes no card: {refused}") from refused

    async def update(self, to: Recipient, message_id: str, progress: Progress) -> None:
        if message_id:
            await self.drafts.update(begun_of(message_id), progress)

    async def post(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str = "") -> Delivery:
        return await Deliveries(self.messages, self.drafts, self.settings.public_url).deliver(
            to, card, files, message_id
        )

    async def revise(self, to: Recipient, card: Card, files: Mapping[str, bytes], message_id: str) -> Delivery:
        return await Deliveries(self.messages, self.drafts, self.settings.public_url).revise(
            to, card, files, message_id
        )

    def opening(self, conversation: str) -> Recipient:
        return opening(conversation)

    def thread_of(self, to: Recipient, message_id: str) -> str:
        return thread_below(to, begun_of(message_id).message_id)

    async def send_file(self, to: Recipient, name: str, content: bytes) -> None:
        if not 0 < len(content) <= _FILE_BYTES:
            raise Undeliverable(f"Feishu takes files of 1 to {_FILE_BYTES:,} bytes; {name} has {len(content):,}.")
        try:
            await self.messages.send_file(to, name, content, f"{to.event_id}/{name}")
        except (Refused, Gone) as refused:
            raise Undeliverable(f"Feishu does not take {name}: {refused}") from refused

    async def fetch(self, reference: str, most: int) -> bytes:
        found = _REFERENCE.fullmatch(reference)
        if not found:
            raise CannotFetch("It is no file of a Feishu message.")
        path = f"/open-apis/im/v1/messages/{found[1]}/resources/{found[3]}?type={found[2]}"
        return await self.api.download(path, most)

    async def checkup(self) -> tuple[Fact, ...]:
        """What the platform says about our set-up; nothing is posted, and no connection is opened."""
        public = self.settings.public_url.rstrip("/")
        setup = Setup(
            streaming=self.settings.streaming,
            calls_us=self.settings.events == "webhook",
            address=f"{public}/chat/{self.name}" if public else "",
        )
        return await Checkup(self.api, self.sdk, setup).facts()


@asynccontextmanager
async def connect(settings: Settings, network: Network = REAL) -> AsyncIterator[FeishuChat]:
    """Open the platform; nothing is received before ``listen``."""
    app = App(
        url=settings.domain,
        app_id=settings.app_id,
        secret=settings.app_secret,
        timeout_seconds=settings.timeout_seconds,
        longest_wait_seconds=settings.longest_wait_seconds,
    )
    sdk = await asyncio.to_thread(feishu_sdk.load)
    async with open_api(app, network) as api, AsyncExitStack() as tasks:
        messages = Messages(api)
        yield FeishuChat(settings, api, sdk, messages, Drafts(api, messages, settings.streaming), tasks)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _told(task: asyncio.Task[None]) -> None:
    failure = None if task.cancelled() else task.exception()
    if failure:
        log.critical("feishu connection ended", exc_info=failure)


def _json(body: Mapping[str, object]) -> WebReply:
    return WebReply(body=json.dumps(body, ensure_ascii=False).encode())
