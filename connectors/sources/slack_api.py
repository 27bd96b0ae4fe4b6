"""Slack's Web API for what only reads: refusals, which come as good answers, in plain words.

https://docs.slack.dev/apis/web-api/#responses
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel, JsonValue, SecretStr, ValidationError

from connectors.sources.access import bearer
from connectors.sources.listing import Listed, listed
from connectors.sources.polite import Answer, Client, Limits, Network, NoAnswer, Site, open_client
from connectors.sources.port import SourceUnavailable

_CONSOLE = "OAuth & Permissions at https://api.slack.com/apps"
_TOKEN_TROUBLE = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)
_ADVICE = {
    "not_in_channel": "invite the app: /invite @its-name in the channel",
    "channel_not_found": "check channels; a private one is there only for an app that was invited",
    "thread_not_found": "it is no longer there",
}


class Ok(BaseModel):
    """What every answer says."""

    ok: bool
    error: str = ""
    needed: str = ""


class MissingScope(SourceUnavailable):
    """The token may not call a method; the message says which scope to add."""


class _Cursor(BaseModel):
    next_cursor: str = ""


class _Messages(Ok):
    messages: list[dict[str, JsonValue]] = []
    response_metadata: _Cursor | None = None


T = TypeVar("T", bound=Ok)


class SlackApi:
    """Asks one workspace."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, method: str, query: Mapping[str, str], shape: type[T]) -> T:
        """A method's answer. Raises NoAnswer, MissingScope, or SourceUnavailable when no call would go better."""
        answer = await self.client.get(f"/{method}", query)
        basic = answer.of(Ok)
        if basic.ok:
            return answer.of(shape)
        said = f"Slack refuses {method} ({basic.error[:60]})"
        if basic.error == "missing_scope":
            raise MissingScope(
                f"{said}: add the scope {basic.needed[:100]} under {_CONSOLE}, then install the app again."
            )
        if basic.error in _TOKEN_TROUBLE:
            raise SourceUnavailable(f"{said}: check token; a new one is under {_CONSOLE}.")
        where = f" of {query['channel']}" if "channel" in query else ""
        advice = _ADVICE.get(basic.error)
        raise NoAnswer(f"{said}{where}" + (f": {advice}." if advice else "."))

    async def messages(self, method: str, query: Mapping[str, str], most: int) -> Listed[dict[str, JsonValue]]:
        """The messages of a method that lists them, from at most so many pages."""

        async def page(cursor: str) -> tuple[list[dict[str, JsonValue]], str]:
            found = await self.ask(method, {**query, **({"cursor": cursor} if cursor else {})}, _Messages)
            return found.messages, found.response_metadata.next_cursor if found.response_metadata else ""

        return await listed(page, most)


@asynccontextmanager
async def open_api(token: SecretStr, limits: Limits, network: Network) -> AsyncIterator[SlackApi]:
    """The workspace that the token was made for."""
    site = Site(
        name="Slack",
        url="https://slack.com/api",
        limits=limits,
        headers=bearer(token),
        secrets=(token.get_secret_value(),),
        busy=_limited,
    )
    async with open_client(site, network) as client:
        yield SlackApi(client)


def _limited(answer: Answer) -> bool:
    try:
        return len(answer.raw) < 1000 and Ok.model_validate_json(answer.raw).error in ("ratelimited", "rate_limited")
    except ValidationError:
        return False
