"""assistant.threads.*: the status line, the prompts and the title of an assistant thread (docs.slack.dev/ai)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.chat.fakes.slack_json import Json, items, mappings
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_web import Call, Method, Refused

_STATUS_SECONDS = 120.0
_MOST_PROMPTS = 4


@dataclass
class AssistantThreads:
    """What threads show beside their messages, by channel and thread."""

    platform: Platform
    statuses: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    prompts: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {
            "assistant.threads.setStatus": Method(self.status, None, ("chat:write", "assistant:write")),
            "assistant.threads.setSuggestedPrompts": Method(self.suggest, 4, ("assistant:write",)),
            "assistant.threads.setTitle": Method(self.title, 4, ("assistant:write",)),
        }

    def _thread(self, call: Call) -> tuple[str, str]:
        channel, ts = self.platform.channel(call.required("channel_id")), call.text("thread_ts")
        if self.platform.workspace.find(channel.id, ts) is None:
            raise Refused("invalid_thread_ts")
        return channel.id, ts

    async def status(self, call: Call) -> Json:
        thread, status = self._thread(call), call.text("status")
        self.statuses.pop(thread, None)
        if status:
            now = self.platform.workspace.clock()
            self.statuses = {one: shown for one, shown in self.statuses.items() if shown[1] > now}
            self.statuses[thread] = (status, now + _STATUS_SECONDS)
        return {}

    def showing(self, channel: str, ts: str) -> str:
        """The status that people see; it goes after two minutes, or when the app answers."""
        status, until = self.statuses.get((channel, ts), ("", 0.0))
        said, bot = self.platform.workspace.thread(channel, ts), self.platform.app.bot.bot
        answered = any(one.bot == bot and float(one.ts) > until - _STATUS_SECONDS for one in said)
        return "" if answered or self.platform.workspace.clock() >= until else status

    async def suggest(self, call: Call) -> Json:
        if not self.platform.app.agent:
            raise Refused("not_agent_app")
        asked = call.json("prompts", "invalid_arguments")
        prompts = mappings(asked)
        whole = all(one.get("title") and one.get("message") for one in prompts)
        if not whole or not 0 < len(items(asked)) <= _MOST_PROMPTS:
            raise Refused("invalid_arguments", f"`prompts` holds 1 to {_MOST_PROMPTS}, each with title and message")
        self.prompts[self._thread(call)] = prompts
        return {}

    async def title(self, call: Call) -> Json:
        self.titles[self._thread(call)] = call.required("title")
        return {}
