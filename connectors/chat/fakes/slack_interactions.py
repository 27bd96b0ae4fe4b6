"""What people press and call up, and what Slack does with the app's answer."""

from connectors.chat.fakes.slack_chat import Writing
from connectors.chat.fakes.slack_delivery import Answered
from connectors.chat.fakes.slack_forms import chosen
from connectors.chat.fakes.slack_json import Json, mapping, mappings, text
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_reading import said
from connectors.chat.fakes.slack_rules import elements
from connectors.chat.fakes.slack_views import Views
from connectors.chat.fakes.slack_web import Refused
from connectors.chat.fakes.slack_workspace import Channel, Message, Person

_SENT: tuple[str, ...] = ("type", "action_id", "text", "value", "style")


class Interactions:
    """Buttons, commands, shortcuts, the home tab and assistant threads."""

    def __init__(self, platform: Platform, views: Views, writing: Writing) -> None:
        self._platform = platform
        self._views = views
        self._writing = writing

    def trigger(self, person: Person) -> str:
        """A new trigger id, as any interaction brings one."""
        return self._platform.tickets.trigger(person.id)

    async def click(self, person: Person, where: Message | Json, what: str, *, selected: str = "") -> Answered:
        """Press what has this action id, value or label, in a message, or in a modal or home tab (its view)."""
        blocks = where.blocks if isinstance(where, Message) else mappings(where.get("blocks"))
        action = self._action(blocks, what, selected)
        payload = self._platform.interaction("block_actions", person)
        if isinstance(where, Message):
            payload |= self._of_message(where, person)
        else:
            payload |= {"container": {"type": "view", "view_id": where["id"]}, "view": where}
        payload |= {"actions": [action], "state": {"values": {}}}
        return await self._platform.deliveries.ask("interactive", payload)

    def _of_message(self, message: Message, person: Person) -> Json:
        channel = self._platform.workspace.channels[message.channel]
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id,
                           "is_ephemeral": bool(message.ephemeral_to)}  # fmt: skip
        container |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
        # The app gets no copy of a message that only one person sees.
        copy: Json = {} if message.ephemeral_to else {"message": self._platform.wording.message(message)}
        url = self._response_url(channel, person, message)
        return {"container": container, "channel": self._platform.wording.channel(channel), "response_url": url, **copy}

    def _response_url(self, channel: Channel, person: Person, message: Message | None = None) -> str:
        ts, thread = (message.ts, message.thread_ts) if message else ("", "")
        return self._platform.address + self._platform.tickets.response_url(channel.id, person.id, ts, thread)

    def _action(self, blocks: list[Json], what: str, selected: str) -> Json:
        for block in blocks:
            for element in elements(block):
                for pressed in _parts(element):
                    if what in (pressed.get("action_id"), pressed.get("value"), said(pressed.get("text"))):
                        action = {name: pressed[name] for name in _SENT if name in pressed}
                        more: Json = {"selected_option": chosen(pressed, selected)} if selected else {}
                        ts = self._platform.workspace.new_ts()
                        return {**action, **more, "block_id": block.get("block_id", ""), "action_ts": ts}
        raise LookupError(f"nothing to press that is called {what}")

    async def slash(self, person: Person, channel: Channel, command: str, words: str = "") -> Answered:
        """A slash command; what the app answers at once is shown."""
        workspace, app = self._platform.workspace, self._platform.app
        named = self._platform.wording.channel(channel)
        payload: Json = {
            "token": app.verification, "team_id": workspace.team, "team_domain": workspace.domain,
            "channel_id": channel.id, "channel_name": named["name"], "user_id": person.id, "user_name": person.name,
            "command": command, "text": words, "api_app_id": app.id, "is_enterprise_install": "false",
            "response_url": self._response_url(channel, person),
            "trigger_id": self.trigger(person),
        }  # fmt: skip
        answer = await self._platform.deliveries.ask("slash_commands", payload)
        if answer.ok and (answer.payload.get("text") or answer.payload.get("blocks")):
            self._show(person, channel, answer)
        return answer

    def _show(self, person: Person, channel: Channel, answer: Answered) -> None:
        try:
            self._platform.contents.check(answer.payload)
        except Refused as refused:
            answer.ok, answer.reason = False, text(refused.answer.get("error"))
            return
        only_for = "" if answer.payload.get("response_type") == "in_channel" else person.id
        message = self._writing.written(channel, answer.payload, "", only_for)
        self._platform.record("slash_commands", channel, answer.payload, ts=message.ts)
        self._platform.workspace.add(message)

    async def shortcut(self, person: Person, message: Message, callback: str) -> Answered:
        """A message shortcut."""
        channel = self._platform.workspace.channels[message.channel]
        payload = self._platform.interaction("message_action", person) | {
            "callback_id": callback, "action_ts": self._platform.workspace.new_ts(), "message_ts": message.ts,
            "message": self._platform.wording.message(message), "channel": self._platform.wording.channel(channel),
            "response_url": self._response_url(channel, person, message),
        }  # fmt: skip
        return await self._platform.deliveries.ask("interactive", payload)

    async def global_shortcut(self, person: Person, callback: str) -> Answered:
        """A shortcut that belongs to no message."""
        more: Json = {"callback_id": callback, "action_ts": self._platform.workspace.new_ts()}
        return await self._platform.deliveries.ask("interactive", self._platform.interaction("shortcut", person) | more)

    async def open_home(self, person: Person) -> None:
        """Look at the app's home tab."""
        channel = self._platform.workspace.direct((self._platform.app.bot.id, person.id))
        event: Json = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": "home",
                       "event_ts": self._platform.workspace.new_ts()}  # fmt: skip
        shown = self._views.homes.get(person.id)
        event |= {"view": shown} if shown else {}
        await self._platform.notify(event, channel)

    async def open_assistant(self, person: Person, *, context: Channel | None = None) -> Message:
        """Begin an assistant thread; the message is its root, which the app answers into."""
        workspace, bot = self._platform.workspace, self._platform.app.bot
        channel = workspace.direct((bot.id, person.id))
        root = Message(channel.id, workspace.new_ts(), bot.id, "New Assistant Thread", bot=bot.bot)
        root.subtype = "assistant_app_thread"
        workspace.add(root)
        await self._tell_context("assistant_thread_started", person, root, context)
        return root

    async def look_elsewhere(self, person: Person, root: Message, context: Channel) -> None:
        """Open another channel beside an assistant thread."""
        await self._tell_context("assistant_thread_context_changed", person, root, context)

    async def _tell_context(self, kind: str, person: Person, root: Message, context: Channel | None) -> None:
        workspace = self._platform.workspace
        seen: Json = {"channel_id": context.id, "team_id": workspace.team, "enterprise_id": None} if context else {}
        thread: Json = {"user_id": person.id, "context": seen, "channel_id": root.channel, "thread_ts": root.ts}
        event: Json = {"type": kind, "assistant_thread": thread, "event_ts": workspace.new_ts()}
        await self._platform.notify(event, workspace.channels[root.channel])


def _parts(element: Json) -> list[Json]:
    if element.get("type") != "feedback_buttons":
        return [element]
    both = [mapping(element.get(name)) for name in ("positive_button", "negative_button")]
    return [{**one, "type": "feedback_buttons", "action_id": element.get("action_id", "")} for one in both]
