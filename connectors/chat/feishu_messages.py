"""Messages of the app in Feishu: where an answer goes, sending it there once, and what a refusal of it means.

https://open.feishu.cn/document/server-docs/im-v1/message/reply
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from connectors.chat.feishu_api import FeishuApi, Json, Refusal
from connectors.chat.feishu_content import mapping, text
from connectors.chat.feishu_pace import Paces
from connectors.chat.ladder import Refused
from connectors.chat.port import ChatUnavailable, Recipient, Undeliverable

Kind = Literal["interactive", "text", "file"]

_CHAT = re.compile(r"oc_[A-Za-z0-9_-]{1,100}")
_MESSAGE = re.compile(r"om_[A-Za-z0-9_-]{1,100}")
# Recalled, deleted, older than 14 days, edited too often; a card that is gone or too old.
_GONE = frozenset({230011, 230110, 230031, 230072, 200740, 200750, 231003})
_PLACE = {
    230002: "the bot is not in the group: add it under group settings › Bots",
    230006: "the app has no bot: switch it on under Add features",
    230013: "the person is not in the app's availability scope: widen it with the next version",
    230018: "the group lets only some speak: allow the bot",
    230035: "the bot may not send here",
    232009: "the group has been dissolved",
}
_LONGEST_QUEUE = 300
_SEED = uuid.UUID("6b1f3f0e-6f0e-4c53-9c5a-0d9a4c1b7d11")


class Gone(Exception):
    """The message that should change is no longer there, or may no longer be changed."""


@dataclass(frozen=True)
class Place:
    """Where to post: a chat, in it under the first of ``answered`` that is still there, or one person alone."""

    chat_id: str
    root: str
    answered: tuple[str, ...]
    person: str = ""


def place_of(to: Recipient) -> Place:
    """The place that a recipient names. Raises ``Undeliverable`` for a thread that is not ours."""
    channel, _, rest = to.thread_id.partition(":")
    chat_id, _, root = rest.partition("/")
    if channel != "feishu" or not chat_id:
        raise Undeliverable(f"{to.thread_id!r} is no thread in Feishu")
    told = (to.event_id.partition("#")[0], root)
    answered = tuple(dict.fromkeys(one for one in told if _MESSAGE.fullmatch(one)))
    return Place(chat_id, root, answered, to.author.partition(":")[2] if to.ephemeral else "")


def opening(conversation: str) -> Recipient:
    """Where a message goes that begins a thread in a chat. Raises ``ValueError`` for what is no chat's id."""
    if not _CHAT.fullmatch(conversation):
        raise ValueError(f"{conversation!r} is no chat of Feishu: write its id, such as oc_…")
    return Recipient(thread_id=f"feishu:{conversation}/", author="")


def opens(to: Recipient) -> bool:
    """Whether a message there begins a thread, because it answers nobody."""
    return not (to.event_id or to.author or place_of(to).root)


def thread_below(to: Recipient, message_id: str) -> str:
    """The thread below a message that was posted there, as its answers name it."""
    where = place_of(to)
    return f"feishu:{where.chat_id}/{where.root or message_id}"


def refused(refusal: Refusal) -> Exception:
    """What a refusal means for the ladder: another place will not be better than this one, other content may be."""
    if refusal.code in _GONE:
        return Gone(str(refusal))
    advice = _PLACE.get(refusal.code)
    return Undeliverable(f"Feishu refuses ({refusal}): {advice}.") if advice else Refused(str(refusal))


@dataclass
class Messages:
    """Sends as the app. The same ``key`` within an hour arrives once, by the platform's own word."""

    api: FeishuApi
    # Five a second is what all bots of a chat have together.
    _paces: Paces = field(default_factory=lambda: Paces(per_second=4, burst=1), init=False)

    async def send(self, to: Recipient, kind: Kind, content: Json, key: str) -> str:
        """The id of the message that arrived. Raises ``Refused``, ``Undeliverable`` or ``ChatUnavailable``."""
        where = place_of(to)
        await self._turn(where)
        body = {
            "msg_type": kind,
            "content": json.dumps(content, ensure_ascii=False),
            "uuid": str(uuid.uuid5(_SEED, f"{to.thread_id}\n{where.person}\n{key}")),
        }
        for path, more in _ways(where):
            try:
                return text((await self.api.call("POST", path, {**body, **more})).get("message_id"))
            except Refusal as refusal:
                why = refused(refusal)
                if not (isinstance(why, Gone) or _unknown(refusal)):
                    raise why from refusal
        raise Undeliverable(f"Feishu finds neither the thread nor the chat of {to.thread_id}.")

    async def _turn(self, where: Place) -> None:
        network = self.api.network
        wait = self._paces.turn(where.person or where.chat_id, network.clock())
        if wait > _LONGEST_QUEUE:
            raise ChatUnavailable(
                f"Feishu takes five messages a second in a chat; {wait:.0f} s are waiting before this."
            )
        if wait:
            await network.sleep(wait)

    async def send_file(self, to: Recipient, name: str, content: bytes, key: str) -> str:
        """Upload a file and post it. The platform takes 30 MB, and nothing empty."""
        fields = {"file_type": "stream", "file_name": name}
        try:
            kept = await self.api.upload("/open-apis/im/v1/files", fields, name, content)
        except Refusal as refusal:
            raise refused(refusal) from refusal
        return await self.send(to, "file", {"file_key": text(kept.get("file_key"))}, key)

    async def picture(self, content: bytes) -> str:
        """The key of an uploaded picture; empty when the platform does not take it."""
        try:
            kept = await self.api.upload("/open-apis/im/v1/images", {"image_type": "message"}, "chart.png", content)
        except Refusal:
            return ""
        return text(kept.get("image_key"))

    async def read(self, message_id: str) -> list[Json]:
        """A message as the platform has it, with its card as it was sent; those that it forwards behind it."""
        query = "card_msg_content_type=user_card_content&with_sender_name=true&user_id_type=open_id"
        found = (await self.api.call("GET", f"/open-apis/im/v1/messages/{message_id}?{query}", patient=False)).get(
            "items"
        )
        return [mapping(one) for one in found] if isinstance(found, list) else []


def _ways(where: Place) -> Iterator[tuple[str, Json]]:
    """Where to send to, the best first; the next one is for when a message is gone."""
    if where.person:
        kind, _, person = where.person.rpartition("/")
        by = "user_id" if kind.endswith("user") else "open_id"
        yield f"/open-apis/im/v1/messages?receive_id_type={by}", {"receive_id": person}
        return
    for message_id in where.answered:
        # In a direct chat a topic would hide the answer behind a click.
        yield f"/open-apis/im/v1/messages/{message_id}/reply", {"reply_in_thread": bool(where.root)}
    yield "/open-apis/im/v1/messages?receive_id_type=chat_id", {"receive_id": where.chat_id}


def _unknown(refusal: Refusal) -> bool:
    return refusal.code == 230001 and "message_id" in str(refusal)
