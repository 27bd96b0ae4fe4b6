"""What people do in the chats of a fake Feishu: they say, quote, forward, recall, react; the app hears what it may."""

from dataclasses import dataclass

from connectors.chat.fakes import feishu_events as events
from connectors.chat.fakes.feishu_company import Bot, Chat, Person
from connectors.chat.fakes.feishu_deliveries import Deliveries, Delivery
from connectors.chat.fakes.feishu_files import picture_type
from connectors.chat.fakes.feishu_im import place
from connectors.chat.fakes.feishu_messages import Entity, Message, copied, keys_of
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json

_MERGED = {"content": "Merged and Forwarded Message"}


@dataclass(frozen=True)
class Said:
    """How something is said: whom it mentions besides the bot, what it quotes, in which thread it is."""

    mention: bool = False
    mentions: tuple[Person, ...] = ()
    quote: Message | None = None
    thread: Message | None = None


class Talk:
    """The acts of people. Each comes back when its event, if the app gets one, is on its way."""

    platform: Platform
    deliveries: Deliveries

    async def say(self, person: Person, chat: Chat, text: str, said: Said | None = None) -> Message:
        """Say a text; the mentions come before it."""
        said = said or Said()
        mentions = self._mentioned(said)
        keys = "".join(f"@_user_{number} " for number in range(1, len(mentions) + 1))
        return await self._post(person, chat, "text", {"text": keys + text}, said)

    async def say_post(
        self, person: Person, chat: Chat, content: list[list[Json]], *, title: str = "", said: Said | None = None
    ) -> Message:
        """Say rich text; the mentions are its first line."""
        said = said or Said()
        at = [
            {"tag": "at", "user_id": f"@_user_{number}", "user_name": name, "style": []}
            for number, (_, name) in enumerate(self._mentioned(said), 1)
        ]
        lines = [at, *content] if at else content
        return await self._post(person, chat, "post", {"title": title, "content": lines}, said)

    def picture(self, person: Person, content: bytes) -> str:
        """Put a picture into the store; its key, for rich text."""
        return self.platform.store("", content, picture_type(content) or "image/png", person.open_id, "img_v3_")

    async def say_picture(self, person: Person, chat: Chat, content: bytes, said: Said | None = None) -> Message:
        return await self._post(person, chat, "image", {"image_key": self.picture(person, content)}, said or Said())

    async def say_file(
        self, person: Person, chat: Chat, name: str, content: bytes, said: Said | None = None
    ) -> Message:
        key = self.platform.store(name, content, "application/octet-stream", person.open_id, "file_v3_")
        return await self._post(person, chat, "file", {"file_key": key, "file_name": name}, said or Said())

    async def share_chat(self, person: Person, chat: Chat, shared: Chat) -> Message:
        return await self._post(person, chat, "share_chat", {"chat_id": shared.chat_id}, Said())

    def bot_says(self, bot: Bot, chat: Chat, what: str | Json, said: Said | None = None) -> Message:
        """Another bot speaks, in text or by a card; the app is not told."""
        chat.bots.add(bot.app_id)
        kind = "text" if isinstance(what, str) else "interactive"
        message = self._made(bot.app_id, "app", kind, chat)
        if isinstance(what, str):
            message.content = {"text": what}
        else:
            message.entity = Entity("", what, self.platform.clock.now(), message_id=message.message_id)
        return self._keep(chat, message, said or Said())

    async def forward(self, person: Person, chat: Chat, message: Message, said: Said | None = None) -> Message:
        """Forward a message; of a card the app gets the sketch."""
        said = said or Said()
        copy = self._made(person.open_id, "user", message.msg_type, chat)
        copy.content = copied(message.content)
        if message.entity:
            copy.entity = Entity("", copied(message.card()), self.platform.clock.now(), message_id=copy.message_id)
        return await self._told(person, chat, self._keep(chat, copy, said))

    async def forward_merged(
        self, person: Person, chat: Chat, messages: list[Message], said: Said | None = None
    ) -> Message:
        """Forward several messages as one; what is in them comes with a read of that one."""
        outer = self._made(person.open_id, "user", "merge_forward", chat)
        outer.content = dict(_MERGED)
        self._keep(chat, outer, said or Said())
        for message in messages:
            inner = self._made(message.sender, message.sender_type, message.msg_type, chat)
            inner.content, inner.created = copied(message.content), message.created
            inner.mentions, inner.upper_message_id = list(message.mentions), outer.message_id
            inner.entity = Entity("", copied(message.card()), 0.0) if message.entity else None
            self._keep(chat, inner, Said())
        return await self._told(person, chat, outer)

    async def edit(self, person: Person, message: Message, text: str) -> None:
        """Edit a text; the platform has no event for that."""
        self._owned(person, message)
        keys = [one for one in str(message.content.get("text", "")).split() if one.startswith("@_user_")]
        message.content = {"text": " ".join([*keys, text])}
        message.edits += 1
        message.updated = self.platform.clock.milliseconds()

    async def recall(self, person: Person, message: Message) -> Delivery | None:
        self._owned(person, message)
        message.deleted = True
        if self.platform.console.app_id not in self.platform.company.chats[message.chat_id].bots:
            return None
        return await self.deliveries.send(events.message_recalled(self.platform, message))

    async def react(self, person: Person, message: Message, emoji: str) -> Delivery | None:
        message.reactions[self.platform.company.new_id("", 24)] = (person.open_id, emoji)
        return await self.deliveries.send(events.reaction(self.platform, message, person, emoji))

    async def add_bot(self, person: Person, chat: Chat) -> Delivery | None:
        chat.bots.add(self.platform.console.app_id)
        return await self.deliveries.send(events.bot_in_chat(self.platform, chat, person, added=True))

    async def remove_bot(self, person: Person, chat: Chat) -> Delivery | None:
        chat.bots.discard(self.platform.console.app_id)
        return await self.deliveries.send(events.bot_in_chat(self.platform, chat, person, added=False))

    async def menu(self, person: Person, key: str) -> Delivery | None:
        """Press an entry of the bot's menu."""
        return await self.deliveries.send(events.menu_pressed(self.platform, person, key))

    def _owned(self, person: Person, message: Message) -> None:
        if message.sender != person.open_id:
            raise ValueError(f"{person.name} has not said that")

    def _mentioned(self, said: Said) -> list[tuple[str, str]]:
        console = self.platform.console
        bot = [(console.bot_open_id, console.app_name)] if said.mention else []
        return bot + [(one.open_id, one.name) for one in said.mentions]

    def _made(self, sender: str, kind: str, msg_type: str, chat: Chat) -> Message:
        person = self.platform.company.people.get(sender)
        tenant = person.tenant if person else self.platform.console.tenant_key
        ids, at = self.platform.company.new_id("om_"), self.platform.clock.milliseconds()
        return Message(ids, chat.chat_id, sender, kind, tenant, msg_type, {}, at)

    async def _post(self, person: Person, chat: Chat, msg_type: str, content: Json, said: Said) -> Message:
        message = self._made(person.open_id, "user", msg_type, chat)
        message.content, message.mentions = content, self._mentioned(said)
        return await self._told(person, chat, self._keep(chat, message, said))

    def _keep(self, chat: Chat, message: Message, said: Said) -> Message:
        if message.sender_type == "user" and message.sender not in chat.members and not message.upper_message_id:
            raise ValueError("only members speak in a chat")
        place(self.platform, chat, message, said.thread or said.quote, threaded=said.thread is not None)
        message.keys = keys_of(message.card() or message.content)
        self.platform.messages[message.message_id] = message
        return message

    async def _told(self, person: Person, chat: Chat, message: Message) -> Message:
        if _heard(self.platform, chat, message):
            await self.deliveries.send(events.message_received(self.platform, message, person, chat))
        return message


def _heard(platform: Platform, chat: Chat, message: Message) -> bool:
    """Whether the app gets a message, by its permissions (im.message.receive_v1)."""
    scopes, console = platform.console.scopes, platform.console
    if console.app_id not in chat.bots:
        return False
    if chat.kind == "p2p":
        return bool(scopes & {"im:message.p2p_msg", "im:message.p2p_msg:readonly"})
    if scopes & {"im:message.group_msg", "im:message.group_msg:readonly"}:
        return True
    mentioned = any(one[0] == console.bot_open_id for one in message.mentions)
    return mentioned and bool(scopes & {"im:message.group_at_msg", "im:message.group_at_msg:readonly"})
