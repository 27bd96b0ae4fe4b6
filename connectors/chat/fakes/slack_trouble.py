"""What goes wrong between Slack and an app, on demand."""

from connectors.chat.fakes.slack_json import mapping
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_web import Fault
from connectors.chat.fakes.slack_workspace import Message


class Trouble:
    """Late, double and disordered events; refused, limited and broken calls; lost connections."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def deliver_twice(self, message: Message) -> None:
        """The same events once more, as if for the first time."""
        await self._again(message, 0)

    async def redeliver(self, message: Message, *, attempt: int = 1) -> None:
        """The same events once more, marked as tried again."""
        await self._again(message, attempt)

    async def _again(self, message: Message, attempt: int) -> None:
        for sent in list(self._platform.deliveries.all):
            event = mapping(sent.payload.get("event"))
            same = event.get("ts") == message.ts and event.get("channel") == message.channel
            if sent.kind == "events_api" and same and not sent.repeats:
                await self._platform.deliveries.repeat(sent, attempt)

    def hold(self) -> None:
        """Keep events back until they are released."""
        self._platform.deliveries.hold()

    async def release(self, *, reverse: bool = False) -> None:
        """Let them go, in order or the last first."""
        await self._platform.deliveries.release(reverse=reverse)

    async def pump(self) -> None:
        """Do what is due by the clock; a running fake does so by itself, unless it was told not to."""
        await self._platform.deliveries.pump()

    async def settled(self, seconds: float = 10.0) -> None:
        """Wait until nothing is on the wire; ``TimeoutError`` when that takes longer."""
        await self._platform.deliveries.settled(seconds)

    async def cut_sockets(self) -> None:
        """Break every websocket without a word."""
        self._platform.sockets.cut()

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Slack's own end of a connection: "warning" only warns, the other reasons close it."""
        await self._platform.sockets.refresh(reason)

    def rate_limit(self, method: str, *, times: int = 1, seconds: float = 1) -> None:
        """The next calls get 429 with this Retry-After."""
        self._fault(method, Fault(times, error="ratelimited", retry_after=seconds))

    def fail(self, method: str, error: str, *, times: int = 1) -> None:
        """The next calls get this error."""
        self._fault(method, Fault(times, error=error))

    def fail_http(self, method: str, status: int = 503, *, times: int = 1) -> None:
        """The next calls get this status and no JSON."""
        self._fault(method, Fault(times, status=status))

    def drop(self, method: str, *, times: int = 1, done: bool = False) -> None:
        """The connection of the next calls breaks; ``done``: after the call has had its effect."""
        self._fault(method, Fault(times, drop=True, done=done))

    def _fault(self, method: str, fault: Fault) -> None:
        self._platform.api.faults.setdefault(method, []).append(fault)
