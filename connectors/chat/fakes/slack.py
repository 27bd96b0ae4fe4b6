"""A Slack on this machine that behaves like the platform: Web API, Socket Mode, signed calls, limits, people.

Written from docs.slack.dev, independent of the adapter, for tests and demos. It listens on loopback alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from connectors.chat.fakes.slack_assistant import AssistantThreads
from connectors.chat.fakes.slack_calls import Addresses
from connectors.chat.fakes.slack_cast import Cast
from connectors.chat.fakes.slack_chat import Responses, Writing
from connectors.chat.fakes.slack_files import Files
from connectors.chat.fakes.slack_forms import Forms
from connectors.chat.fakes.slack_interactions import Interactions
from connectors.chat.fakes.slack_limits import Limits
from connectors.chat.fakes.slack_looking import Looking
from connectors.chat.fakes.slack_people import People
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_reads import Conversations, Directory
from connectors.chat.fakes.slack_streams import Streams
from connectors.chat.fakes.slack_trouble import Trouble
from connectors.chat.fakes.slack_views import Views
from connectors.chat.port import WebReply, WebRequest

_MOST_BYTES = 32_000_000


class FakeSlack(Cast, People, Interactions, Forms, Trouble, Looking):
    """One workspace with one app in it.

    ``clock`` decides everything about time. With one of your own, set ``pump_seconds`` to None, advance it, and call
    ``pump``. ``retry_seconds`` says when an event that was not acknowledged is sent again.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0),
        answer_seconds: float = 3.0,
        pump_seconds: float | None = 0.05,
    ) -> None:
        platform = Platform(clock, retry_seconds, answer_seconds)
        writing, views, assistant = Writing(platform), Views(platform), AssistantThreads(platform)
        Cast.__init__(self, platform)
        People.__init__(self, platform)
        Forms.__init__(self, platform, views)
        Interactions.__init__(self, platform, views, writing)
        Trouble.__init__(self, platform)
        Looking.__init__(self, platform, views, assistant)
        self.app = platform.app
        self.bot_token, self.app_token = platform.app.bot_token, platform.app.app_token
        self.signing_secret = platform.app.signing_secret
        self._files, self._responses = Files(writing), Responses(writing)
        self._pump_seconds = pump_seconds
        self._pumping: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        for family in (writing, Streams(writing), views, self._files, Conversations(platform), Directory(platform),
                       assistant):  # fmt: skip
            platform.api.methods |= family.methods()

    @asynccontextmanager
    async def running(self, port: int = 0) -> "AsyncIterator[FakeSlack]":
        """Listen as long as the context is open."""
        await self.start(port)
        try:
            yield self
        finally:
            await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1."""
        application = web.Application(client_max_size=_MOST_BYTES)
        application.add_routes([
            web.route("*", "/api/{method}", self._platform.api.handle),
            web.get("/link/", self._platform.sockets.handle),
            web.post("/upload/v1/{name}", self._files.receive),
            web.get("/files-pri/{name}/{rest:.*}", self._files.download),
            web.post("/actions/{name}", self._responses.handle),
            web.get("/", self._files.sign_in),
        ])  # fmt: skip
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self._platform.wording.address = f"http://127.0.0.1:{bound}"
        if self._pump_seconds is not None:
            self._pumping = asyncio.create_task(self._keep_pumping(self._pump_seconds))

    async def _keep_pumping(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self.pump()

    async def stop(self) -> None:
        """Close everything."""
        if self._pumping:
            self._pumping.cancel()
            with suppress(asyncio.CancelledError):
                await self._pumping
        await self._platform.calls.close()
        await self._platform.sockets.close()
        if self._runner:
            await self._runner.cleanup()

    async def subscribe(self, url: str, *, interactivity_url: str = "", commands_url: str = "") -> None:
        """Call this URL from now on, after it has answered the challenge; ``ValueError`` when it does not."""
        await self._platform.calls.verify(url)
        self._platform.calls.addresses = Addresses(url, interactivity_url or url, commands_url or url)

    async def subscribe_calls(self, receive: Callable[[WebRequest], Awaitable[WebReply]]) -> None:
        """The same without a server: the signed calls go to this function."""

        async def post(_: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
            reply = await receive(WebRequest(headers={name.lower(): one for name, one in headers.items()}, body=body))
            return reply.status, reply.body

        self._platform.calls.post = post
        await self.subscribe("in-process")

    @property
    def address(self) -> str:
        """Where it listens."""
        return self._platform.address

    @property
    def api_url(self) -> str:
        """The base URL of the Web API."""
        return f"{self.address}/api/"

    @property
    def limits(self) -> Limits:
        """How often methods may be called; ``strict = False`` turns that off."""
        return self._platform.limits

    @property
    def picture_seconds(self) -> float:
        """How long Slack works on an uploaded file before a block can show it and its kind is told."""
        return self._platform.contents.picture_seconds

    @picture_seconds.setter
    def picture_seconds(self, seconds: float) -> None:
        self._platform.contents.picture_seconds = seconds

    @property
    def team_id(self) -> str:
        """The workspace."""
        return self._platform.workspace.team

    @property
    def bot_id(self) -> str:
        """The app's bot."""
        return self.app.bot.bot

    @property
    def bot_user_id(self) -> str:
        """The app's user."""
        return self.app.bot.id
