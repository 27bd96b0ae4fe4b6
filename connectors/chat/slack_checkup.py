"""Whether a Slack app is set up as it has to be, as far as Slack tells the app itself; nothing is posted."""

import asyncio
import json
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from connectors.chat.slack_api import CONSOLE
from connectors.chat.slack_json import Json, mapping, mappings, text
from connectors.checkup import Fact, clock, lacking

LOST = {
    "app_mentions:read": "no mention arrives",
    "assistant:write": "answers are edited instead of streamed",
    "channels:history": "threads in public channels need a mention every time, and alerts in them are not read",
    "chat:write": "it cannot answer",
    "commands": "no /nightshift, and no shortcut",
    "files:read": "screenshots and logs are not read",
    "files:write": "charts are told in words",
    "groups:history": "the same as channels:history, in private channels",
    "im:history": "no direct message arrives",
    "im:write": "no answer to people in whose channel it may not write",
    "mpim:history": "no direct messages of several people",
    "usergroups:read": "Slack's user groups are not known",
    "users:read": "people stand as ids",
}
"""What each scope of the manifest is for, as what is lost without it."""

_NEEDED = frozenset({"app_mentions:read", "chat:write"})
_FRESH_SECONDS = 300.0
_SHOWN = 10
_NO_ANSWER = (aiohttp.ClientError, SlackClientError, TimeoutError, OSError, ValueError)


@dataclass(frozen=True)
class Setup:
    """What is set here; ``address`` is where Slack calls us, empty when nobody has said."""

    app_token: str
    signing_secret: str
    address: str
    now: float


@dataclass(frozen=True)
class Checkup:
    """Asks Slack what the app is allowed to."""

    client: AsyncWebClient
    session: aiohttp.ClientSession
    setup: Setup

    async def facts(self) -> tuple[Fact, ...]:
        """In the order in which things are to be mended: without a token nothing else can be asked."""
        answer = await _asked(self.client.api_call("auth.test"))
        if isinstance(answer, Fact):
            return (answer,)
        us = mapping(answer.data if isinstance(answer.data, dict) else None)
        headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
        page = await self._page(text(us.get("bot_id")))
        granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
        add = f"Add what you want under Bot Token Scopes at {page}/oauth, then install the app again."
        return (
            Fact("OK", f"{text(us.get('user'))} in {text(us.get('team'))}, {text(us.get('url'))}"),
            clock(
                headers.get("date", ""), self.setup.now, "Slack", _FRESH_SECONDS if self.setup.signing_secret else 1e9
            ),
            lacking("scopes", granted, LOST, _NEEDED, add),
            *await self._ways_in(page),
            Fact(
                "OK",
                "an app cannot ask which events are sent to it, nor whether its buttons are switched on",
                f"Compare {page}/event-subscriptions and {page}/interactive-messages with deploy/slack-manifest.yaml.",
            ),
            await self._channels(text(us.get("user"))),
        )

    async def _page(self, bot: str) -> str:
        """The app's page in Slack's console; that of all apps when our id cannot be learned."""
        parts = self.setup.app_token.split("-")
        app = parts[2] if len(parts) > 3 and parts[2].startswith("A") else ""
        if not app:
            answer = await _asked(self.client.api_call("bots.info", http_verb="GET", params={"bot": bot}))
            found = answer.data if isinstance(answer, AsyncSlackResponse) and isinstance(answer.data, dict) else None
            app = text(mapping(mapping(found).get("bot")).get("app_id"))
        return f"{CONSOLE}/{app}" if app else CONSOLE

    async def _ways_in(self, page: str) -> tuple[Fact, ...]:
        found = []
        if self.setup.app_token:
            found.append(await self._socket(page))
        if self.setup.signing_secret:
            found.append(await self._address(page))
        mend = (
            f"For Socket Mode generate an app-level token with connections:write at {page}/general and set app_token; "
            "over HTTP copy the Signing Secret from there and set signing_secret."
        )
        return tuple(found) or (Fact("FAIL", "nothing can come in: neither app_token nor signing_secret is set", mend),)

    async def _socket(self, page: str) -> Fact:
        """Only an address is asked for. Who opened a socket there would be given events that others wait for."""
        answer = await _asked(self.client.apps_connections_open(app_token=self.setup.app_token))
        if not isinstance(answer, Fact):
            return Fact("OK", "Socket Mode gives us a socket")
        mend = (
            f"app_token has to be an app-level token (xapp-…) with the scope connections:write, from {page}/general; "
            f"Socket Mode is switched on at {page}/socket-mode."
        )
        return Fact("FAIL", f"Socket Mode: {answer.text}", mend)

    async def _address(self, page: str) -> Fact:
        """Asks our own address what Slack asks it when it is saved."""
        console = f"{page}/event-subscriptions"
        if not self.setup.address:
            said = "calls over HTTP: our public address is not set here, so nobody tried it"
            return Fact("OK", said, f"{console} must say Verified; or set web.public_url, which is then tried.")
        challenge = secrets.token_hex(8)
        body = json.dumps({"type": "url_verification", "challenge": challenge})
        stamp = str(int(self.setup.now))
        signature = SignatureVerifier(self.setup.signing_secret).generate_signature(timestamp=stamp, body=body)
        headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": stamp}
        headers["X-Slack-Signature"] = signature or ""
        said = await self._answer(body, headers)
        if challenge in said:
            return Fact("OK", f"{self.setup.address} answers as Slack wants it")
        mend = (
            "`python -m bot serve` must run there with the same signing_secret, and a proxy before it must hand the "
            f"body on as it is; the address belongs into {console}."
        )
        return Fact("FAIL", f"{self.setup.address}: {said}", mend)

    async def _answer(self, body: str, headers: dict[str, str]) -> str:
        limits = aiohttp.ClientTimeout(total=10)
        try:
            async with self.session.post(
                self.setup.address, data=body, headers=headers, allow_redirects=False, timeout=limits
            ) as answer:
                content = await answer.content.read(1_000)
                return content.decode("utf-8", "replace") if answer.status == 200 else f"answers {answer.status}"
        except _NO_ANSWER as lost:
            return f"does not answer ({type(lost).__name__})"

    async def _channels(self, name: str) -> Fact:
        wanted = {"types": "public_channel,private_channel", "exclude_archived": "true", "limit": "200"}
        answer = await _asked(self.client.api_call("users.conversations", http_verb="GET", params=wanted))
        if isinstance(answer, Fact):
            return Fact(
                "OK",
                "its channels cannot be listed: that takes channels:read and groups:read, which nothing else needs",
            )
        found: Json = mapping(answer.data if isinstance(answer.data, dict) else None)
        names = [f"#{text(one.get('name'))}" for one in mappings(found.get("channels"))]
        if not names:
            return Fact("WARN", "it is in no channel", f"Write /invite @{name} in one.")
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return Fact("OK", f"in {', '.join(names[:_SHOWN])}{more}")


async def _asked(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse | Fact:
    """An answer, or why there is none."""
    try:
        async with asyncio.timeout(20):
            return await call
    except SlackApiError as refused:
        data = refused.response.data if hasattr(refused.response, "data") else None
        error = text(mapping(data if isinstance(data, dict) else None).get("error")) or "no reason given"
        return Fact("FAIL", f"Slack refuses ({error})", f"Install the app again and copy its token: {CONSOLE}.")
    except _NO_ANSWER as lost:
        said = f"Slack does not answer ({type(lost).__name__})"
        return Fact("FAIL", said, "Check the network, a proxy, base_url, and https://slack-status.com.")
