"""How Slack reaches us: bolt with our door in front, the socket that it opens, and calls that Slack has signed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.ladder import Refused
from connectors.chat.port import ChatUnavailable, WebReply, WebRequest
from connectors.chat.slack_api import CONSOLE, SlackApi
from connectors.chat.slack_door import Door
from connectors.chat.slack_events import Identity
from connectors.chat.slack_json import mapping, text

_WATCH_SECONDS = 15.0
_PING_SECONDS = 3.0
"""A connection that broke without a word is noticed after this, or after four of these when it only went silent."""
_LONGEST_BODY = 2_000_000


async def identify(api: SlackApi, app_token: str) -> Identity:
    """Who our token belongs to. Raises ``ChatUnavailable`` when Slack does not say."""
    try:
        found = await api.call("auth.test", {})
    except Refused as refused:
        raise ChatUnavailable(f"{refused}: check connectors.chat.slack.bot_token.") from refused
    parts = app_token.split("-")
    app = parts[2] if app_token.startswith("xapp-") and len(parts) > 3 and parts[2].startswith("A") else ""
    bot = text(found.get("bot_id"))
    if not app:
        with contextlib.suppress(Refused, ChatUnavailable):
            known = await api.call("bots.info", {"bot": bot}, reading=True)
            app = text(mapping(known.get("bot")).get("app_id"))
    return Identity(
        team_id=text(found.get("team_id")),
        bot_user_id=text(found.get("user_id")),
        bot_id=bot,
        app_id=app,
        enterprise_id=text(found.get("enterprise_id")),
        url=text(found.get("url")),
    )


def bolt(client: AsyncWebClient, us: Identity, door: Door) -> AsyncApp:
    """Bolt with the door as its last middleware; calls over HTTP have been verified before they get here."""

    async def authorize(team_id: str | None) -> AuthorizeResult:
        # Bolt would ask Slack at the first delivery, and acknowledge that one when Slack does not answer.
        del team_id
        return AuthorizeResult(
            enterprise_id=us.enterprise_id,
            team_id=us.team_id,
            bot_user_id=us.bot_user_id,
            bot_id=us.bot_id,
            bot_token=client.token,
        )

    anonymous = AsyncWebClient(base_url=client.base_url, session=client.session, timeout=client.timeout)
    app = AsyncApp(
        client=anonymous,
        authorize=authorize,
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(door.__call__)
    return app


class Socket:
    """A connection of Socket Mode, which the SDK takes up again: docs.slack.dev/apis/events-api/using-socket-mode."""

    def __init__(self, handler: AsyncSocketModeHandler) -> None:
        self.handler = handler
        self._hang_up: Callable[[], Awaitable[None]] = handler.close_async
        self._watch = asyncio.create_task(self._renewing())

    @classmethod
    async def opened(cls, app: AsyncApp, token: str, client: AsyncWebClient) -> "Socket":
        """Connect. Raises ``ChatUnavailable`` when Slack gives us no socket."""
        web = AsyncWebClient(base_url=client.base_url, session=client.session, timeout=client.timeout)
        handler = AsyncSocketModeHandler(app, token, web_client=web, ping_interval=_PING_SECONDS)
        try:
            # The SDK would go on trying for ever with a token that is refused.
            handler.client.wss_uri = await handler.client.issue_new_wss_url()
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as refused:
            await cls(handler).close()
            raise ChatUnavailable(
                f"Slack gives us no socket ({_code(refused)}): is Socket Mode on, and does app_token have the scope "
                f"connections:write? Both are in the app's settings at {CONSOLE}."
            ) from refused
        connect: Callable[[], Awaitable[None]] = handler.connect_async
        await connect()
        return cls(handler)

    async def close(self) -> None:
        """Hang up."""
        self._watch.cancel()
        await self._hang_up()

    async def _renewing(self) -> None:
        """The SDK connects again by itself, but to the address it has, which may be used up by then."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if not await self.handler.client.is_connected():
                self.handler.client.wss_uri = None


def _code(refused: Exception) -> str:
    return str(refused.response.get("error")) if isinstance(refused, SlackApiError) else type(refused).__name__


async def dispatched(app: AsyncApp | None, request: WebRequest) -> WebReply:
    """What bolt and our door say to a call that Slack has signed."""
    if app is None:
        return WebReply(status=HTTPStatus.SERVICE_UNAVAILABLE)
    try:
        asked = AsyncBoltRequest(body=request.body.decode(), headers=dict(request.headers))
    except (ValueError, TypeError, AttributeError):
        return WebReply(status=HTTPStatus.BAD_REQUEST)
    answer = await app.async_dispatch(asked)
    kind = answer.first_headers_without_set_cookie().get("content-type", "text/plain")
    return WebReply(status=answer.status, body=answer.body.encode(), media_type=kind)


class _Wall(Clock):
    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall

    def now(self) -> float:
        return self.wall()


def signed(request: WebRequest, secret: str, now: Callable[[], float]) -> bool:
    """Whether Slack has signed a call within the last five minutes.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    stamp = request.headers.get("x-slack-request-timestamp", "")
    signature = request.headers.get("x-slack-signature", "")
    verifier = SignatureVerifier(secret, _Wall(now))
    if len(request.body) > _LONGEST_BODY:
        return False
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 16 and verifier.is_valid(request.body, stamp, signature)
