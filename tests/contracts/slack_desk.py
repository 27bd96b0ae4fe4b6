"""A workspace of the fake Slack as the vendor's Python client sees it, with one person in one channel."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.fakes.slack_workspace import Channel, Person
from tests.contracts.slack_listener import Clock

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
BUTTON = {"type": "button", "action_id": "up", "text": {"type": "plain_text", "text": "Yes"}, "value": "q1"}
CARD = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*502*"}},
    {"type": "actions", "elements": [BUTTON]},
]
VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "Sources"}, "blocks": [{"type": "divider"}]}


class Desk:
    """A workspace, its app's client, and one person in one channel."""

    def __init__(self, slack: FakeSlack, clock: Clock) -> None:
        self.slack, self.clock = slack, clock
        # By itself the client posts once more when a connection breaks.
        self.client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        self.ann: Person = slack.person("ann", groups=("sre",))
        self.ops: Channel = slack.channel("ops", [self.ann])

    async def post(self, text: str = "hello", **more: Any) -> str:
        return str((await self.client.chat_postMessage(channel=self.ops.id, text=text, **more))["ts"])


@asynccontextmanager
async def opened() -> AsyncIterator[Desk]:
    """A desk whose clock stands still until it is moved."""
    clock = Clock()
    async with FakeSlack(clock, pump_seconds=None).running() as slack:
        yield Desk(slack, clock)


async def refused(call: Awaitable[Any]) -> Any:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response
