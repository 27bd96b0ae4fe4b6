"""What every part of the fake shares: the workspace, the app, and the ways in and out of it."""

from collections import deque
from collections.abc import Callable

from connectors.chat.fakes.slack_app import App
from connectors.chat.fakes.slack_calls import Calls
from connectors.chat.fakes.slack_contents import Contents
from connectors.chat.fakes.slack_delivery import Deliveries
from connectors.chat.fakes.slack_events import Wording
from connectors.chat.fakes.slack_json import Json, text
from connectors.chat.fakes.slack_limits import Limits
from connectors.chat.fakes.slack_sockets import Sockets
from connectors.chat.fakes.slack_tickets import Tickets
from connectors.chat.fakes.slack_web import Refused, WebApi
from connectors.chat.fakes.slack_workspace import Channel, Message, Person, Workspace

_SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
_SCOPES = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class Platform:
    """One workspace with one app in it."""

    def __init__(self, clock: Callable[[], float], retry_seconds: tuple[float, ...], answer_seconds: float) -> None:
        self.workspace = Workspace(clock)
        self.app = App(self.workspace.bot("nightshift", "Nightshift"))
        self.limits = Limits(clock)
        self.tickets = Tickets(clock)
        self.wording = Wording(self.workspace, self.app)
        self.deliveries = Deliveries(clock, retry_seconds, answer_seconds)
        self.sockets = Sockets(self.app, self.deliveries)
        self.calls = Calls(self.app, self.deliveries)
        self.deliveries.lines = [self.calls, self.sockets]
        self.api = WebApi(self.app, self.workspace, self.limits)
        self.posted: deque[Json] = deque(maxlen=10_000)
        self.contents = Contents(self.workspace)

    @property
    def address(self) -> str:
        """Where the fake listens."""
        return self.wording.address

    def channel(self, name: str) -> Channel:
        """The channel that an app names by id, by #name, or by a person for a direct message."""
        found = self.workspace.channels.get(name)
        if found is None and name in self.workspace.people:
            found = self.workspace.direct((self.app.bot.id, name))
        if found is None:
            found = next((one for one in self.workspace.channels.values() if one.name == name.removeprefix("#")), None)
        if found is None or (found.kind != "channel" and self.app.bot.id not in found.members):
            raise Refused("channel_not_found")
        return found

    def writable(self, name: str) -> Channel:
        """A channel into which the app may post now."""
        found = self.channel(name)
        if found.archived:
            raise Refused("is_archived")
        if self.app.bot.id not in found.members and "chat:write.public" not in self.app.scopes:
            raise Refused("not_in_channel")
        if found.refuses:
            raise Refused(found.refuses)
        return found

    def own(self, channel: Channel, ts: str, error: str) -> Message:
        """A message that the app has written."""
        message = self.workspace.find(channel.id, ts)
        if message is None or message.ephemeral_to:
            raise Refused("message_not_found")
        if message.bot != self.app.bot.bot:
            raise Refused(error)
        return message

    def need(self, right: str, channel: Channel) -> None:
        """Refuse when the app may not do this in channels of that kind, such as "history" in private ones."""
        scope = f"{_SCOPES[channel.kind]}:{right}"
        if scope not in self.app.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.app.scopes)))

    def record(self, method: str, channel: Channel, payload: Json, **more: str) -> None:
        """Remember what was posted, for validators."""
        self.posted.append({"method": method, "channel": channel.id, **payload, **more})

    async def announce(self, message: Message) -> None:
        """Send the events that a new message makes."""
        channel = self.workspace.channels[message.channel]
        if self.hears(channel):
            await self.deliveries.deliver("events_api", self.wording.said(message, channel))
        called = f"<@{self.app.bot.id}>" in message.text and channel.kind in ("channel", "group", "mpim")
        ours = message.bot == self.app.bot.bot
        if called and not ours and "app_mention" in self.app.subscriptions and self.app.bot.id in channel.members:
            await self.deliveries.deliver("events_api", self.wording.mentioned(message, channel))

    async def announce_change(self, message: Message, before: Json) -> None:
        """Send the event that a message was changed."""
        channel = self.workspace.channels[message.channel]
        if self.hears(channel):
            await self.deliveries.deliver("events_api", self.wording.changed(message, before, channel))

    async def announce_deletion(self, channel: Channel, before: Json) -> None:
        """Send the event that a message was deleted."""
        if self.hears(channel):
            await self.deliveries.deliver("events_api", self.wording.deleted(before, channel))

    async def notify(self, event: Json, channel: Channel) -> None:
        """Send any other event, when the app has subscribed to it."""
        if text(event["type"]) in self.app.subscriptions and self.app.bot.id in channel.members:
            await self.deliveries.deliver("events_api", self.wording.event(event, channel))

    def interaction(self, kind: str, person: Person) -> Json:
        """What the payload of an interaction begins with, its trigger id too."""
        return self.wording.interaction(kind, person) | {"trigger_id": self.tickets.trigger(person.id)}

    def hears(self, channel: Channel) -> bool:
        """Whether the app gets the messages of a channel."""
        return self.app.bot.id in channel.members and _SUBSCRIPTIONS[channel.kind] in self.app.subscriptions
