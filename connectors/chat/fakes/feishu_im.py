"""The message API of a fake Feishu: send, reply, edit, update a card, recall, read (open.feishu.cn, im-v1/message)."""

from collections.abc import Iterator

from connectors.chat.fakes.feishu_cards import Known, faults
from connectors.chat.fakes.feishu_company import Chat
from connectors.chat.fakes.feishu_content import sent_content
from connectors.chat.fakes.feishu_messages import Entity, Message, copied, keys_of, shown
from connectors.chat.fakes.feishu_platform import Call, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused, bad_card, invalid, parsed

_RECEIVERS = ("open_id", "user_id", "union_id", "email", "chat_id")
_NOT_JSON = "content is not a string in json format"


def create(platform: Platform, call: Call) -> Json:
    kind = call.query.get("receive_id_type")
    if kind not in _RECEIVERS:
        raise Refused(99992402, "field validation failed: receive_id_type is required")
    required(call.body, "receive_id", "msg_type", "content")
    chat = platform.company.chat_for(kind, str(call.body["receive_id"]))
    return _send(platform, call, "create", chat, None)


def reply(platform: Platform, call: Call) -> Json:
    required(call.body, "msg_type", "content")
    parent = platform.message(call.path["message_id"])
    if parent.deleted:
        raise Refused(230011, "The message is recalled.")
    return _send(platform, call, "reply", platform.company.chats[parent.chat_id], parent)


def _send(platform: Platform, call: Call, kind: str, chat: Chat, parent: Message | None) -> Json:
    if (earlier := _sent_before(platform, call)) is not None:
        return shown(earlier, platform.company)
    platform.may_send(chat)
    message = Message(
        platform.company.new_id("om_"),
        chat.chat_id,
        platform.console.app_id,
        "app",
        platform.console.tenant_key,
        str(call.body["msg_type"]),
        {},
        platform.clock.milliseconds(),
    )
    size = fill(platform, message, str(call.body["msg_type"]), call.body["content"])
    place(platform, chat, message, parent, threaded=bool(call.body.get("reply_in_thread")))
    platform.messages[message.message_id] = message
    platform.remember(kind, message, copied(message.card() or message.content), size)
    if uuid := call.body.get("uuid"):
        platform.sent[str(uuid)] = (platform.clock.now(), message.message_id)
    return shown(message, platform.company)


def _sent_before(platform: Platform, call: Call) -> Message | None:
    uuid = str(call.body.get("uuid") or "")
    if len(uuid) > 50:
        raise Refused(99992402, "field validation failed: uuid has more than 50 characters")
    at, message_id = platform.sent.get(uuid, (0.0, ""))
    fresh = uuid and platform.clock.now() - at < platform.limits.uuid_seconds
    return platform.messages.get(message_id) if fresh else None


def required(body: Json, *names: str) -> None:
    """Raise the refusal of a body without one of these fields."""
    missing = [name for name in names if not body.get(name)]
    if missing:
        raise Refused(99992402, f"field validation failed: {', '.join(missing)} is required")


def fill(platform: Platform, message: Message, msg_type: str, raw: object) -> int:
    """Give a message its content, checked; the bytes of it."""
    body = parsed(raw, invalid(_NOT_JSON))
    size = len(str(raw).encode())
    if msg_type == "interactive":
        message.entity = _card(platform, body, size, message.message_id)
    else:
        message.content, message.mentions = sent_content(platform, msg_type, body, size)
    message.keys = keys_of(message.card() or message.content)
    return size


def _card(platform: Platform, body: Json, size: int, message_id: str) -> Entity:
    if body.get("type") == "card":
        card_id = str((body.get("data") or {}).get("card_id"))
        entity = platform.entities.get(card_id)
        # A card entity can be sent once; the platform calls the id of one that was sent invalid.
        if entity is None or entity.message_id or expired(platform, entity):
            raise bad_card(11310, "cardid is invalid", card_id)
        entity.message_id = message_id
        return entity
    checked(platform, body, size)
    return Entity("", body, platform.clock.now(), message_id=message_id)


def expired(platform: Platform, entity: Entity) -> bool:
    return platform.clock.now() - entity.made_at > platform.limits.card_seconds


def checked(platform: Platform, card: Json, size: int) -> None:
    """Raise the refusal of a card that travels in a message."""
    if size > platform.limits.card_bytes:
        raise Refused(230025, "The length of the message content reaches its limit.")
    if card.get("schema") != "2.0":
        return
    for fault in faults(card, platform.limits, size=size, known=known(platform)):
        if fault.code == 300305:
            raise bad_card(11310, "element exceeds the limit", fault.where)
        raise bad_card(fault.code, fault.what.partition(":")[0] if fault.code == 11310 else fault.what, fault.where)


def known(platform: Platform) -> Known:
    people = {one for person in platform.company.people.values() for one in (*person.ids().values(), person.email)}
    own = {key for key, file in platform.files.items() if file.owner == platform.console.app_id}
    return Known(frozenset(own), frozenset(people))


def place(platform: Platform, chat: Chat, message: Message, parent: Message | None, *, threaded: bool) -> None:
    """Put a message under the one it answers, and into its thread."""
    if parent is None:
        message.thread_id = platform.company.new_id("omt_", 16) if chat.topic else ""
        return
    root = platform.messages[parent.root_id] if parent.root_id else parent
    if threaded and not root.thread_id:
        root.thread_id = platform.company.new_id("omt_", 16)
    inside = bool(parent.thread_id) or threaded
    message.root_id = root.message_id
    message.parent_id = root.message_id if inside else parent.message_id
    message.thread_id = root.thread_id if inside else ""


def update(platform: Platform, call: Call) -> Json:
    """Edit a text or rich text; at most twenty times."""
    required(call.body, "msg_type", "content")
    message = platform.own(call.path["message_id"])
    if message.msg_type not in ("text", "post") or call.body["msg_type"] != message.msg_type:
        raise Refused(230054, "This operation is not supported for this message type.")
    if message.edits >= platform.limits.edits:
        raise Refused(230072, "The message has reached the number of times it can be edited.")
    size = fill(platform, message, message.msg_type, call.body["content"])
    message.edits += 1
    message.updated = platform.clock.milliseconds()
    platform.remember("update", message, copied(message.content), size)
    return shown(message, platform.company)


def patch(platform: Platform, call: Call) -> Json:
    """Put another card in the place of one."""
    required(call.body, "content")
    message = platform.own(call.path["message_id"])
    if message.entity is None:
        raise Refused(230054, "This operation is not supported for this message type.")
    if platform.over(f"patch {message.message_id}", platform.limits.patch_per_second, 1.0):
        raise Refused(230020, "This operation triggers the frequency limit.")
    if platform.clock.now() - float(message.created) / 1000 > platform.limits.card_seconds:
        raise Refused(230031, "Message can only be modified within 14 days after sending.")
    if message.locked:
        raise bad_card(11310, "card action is lock")
    card = parsed(call.body["content"], invalid(_NOT_JSON))
    size = len(str(call.body["content"]).encode())
    checked(platform, card, size)
    if not all((one.get("config") or {}).get("update_multi") is True for one in (message.card(), card)):
        raise bad_card(300302, "update_multi property is false")
    message.entity.card = card
    message.entity.streaming_since = None
    message.keys = keys_of(card)
    message.updated = platform.clock.milliseconds()
    platform.remember("patch", message, copied(card), size)
    return {}


def delete(platform: Platform, call: Call) -> Json:
    message = platform.message(call.path["message_id"])
    if message.deleted:
        raise Refused(230110, "Action unavailable as the message has been deleted.")
    if message.sender != platform.console.app_id:
        raise Refused(230026, "No permission to recall this message.")
    message.deleted = True
    return {}


def get(platform: Platform, call: Call) -> Json:
    """One message; of a merged forward also those in it."""
    message = platform.message(call.path["message_id"])
    merged = message.msg_type == "merge_forward"
    inner = [one for one in platform.messages.values() if merged and one.upper_message_id == message.message_id]
    return {"items": [_shown(platform, call, one) for one in (message, *inner)]}


def _shown(platform: Platform, call: Call, message: Message) -> Json:
    if call.query.get("user_id_type", "open_id") not in ("open_id", "union_id", "user_id"):
        raise invalid("invalid user_id_type")
    return shown(message, platform.company, call.query)


def history(platform: Platform, call: Call) -> Json:
    """The messages of a chat, without the answers inside threads, or those of one thread."""
    kind, container = call.query.get("container_id_type"), call.query.get("container_id", "")
    size = page_size(call, 20, 50)
    found = sorted(_contained(platform, kind, container, call), key=lambda one: float(one.created))
    if call.query.get("sort_type") == "ByCreateTimeDesc":
        found.reverse()
    at = int(call.query.get("page_token") or 0)
    more = at + size < len(found)
    items = [_shown(platform, call, one) for one in found[at : at + size]]
    return {"has_more": more, "items": items} | ({"page_token": str(at + size)} if more else {})


def _contained(platform: Platform, kind: str | None, container: str, call: Call) -> Iterator[Message]:
    if kind == "thread":
        yield from (one for one in platform.messages.values() if one.thread_id == container)
        return
    chat = platform.company.chats.get(container)
    if kind != "chat" or chat is None:
        raise invalid("invalid container_id")
    platform.company.may_speak(chat)
    if chat.kind == "group" and "im:message.group_msg" not in platform.console.scopes:
        raise Refused(230027, "Lack of necessary permissions, ext=need scope: im:message.group_msg")
    start = float(call.query.get("start_time") or 0)
    end = float(call.query.get("end_time") or "inf")
    for one in platform.in_chat(container):
        if start <= int(one.created) // 1000 <= end and not (one.thread_id and one.root_id):
            yield one


def page_size(call: Call, usual: int, most: int) -> int:
    """The page size that was asked for. Raises the refusal of one that is no number or too large."""
    raw = call.query.get("page_size", str(usual))
    if not raw.isdigit() or not 1 <= int(raw) <= most:
        raise invalid("invalid page_size")
    return int(raw)


_SEND = ("im:message", "im:message:send_as_bot", "im:message:send")
_READ = ("im:message", "im:message:readonly")
ROUTES = (
    Route("POST", "/open-apis/im/v1/messages", create, _SEND),
    Route("POST", "/open-apis/im/v1/messages/{message_id}/reply", reply, _SEND),
    Route("PUT", "/open-apis/im/v1/messages/{message_id}", update, (*_SEND, "im:message:update")),
    Route("PATCH", "/open-apis/im/v1/messages/{message_id}", patch, (*_SEND, "im:message:update")),
    Route("DELETE", "/open-apis/im/v1/messages/{message_id}", delete, (*_SEND, "im:message:recall")),
    Route("GET", "/open-apis/im/v1/messages/{message_id}", get, _READ),
    Route("GET", "/open-apis/im/v1/messages", history, (*_READ, "im:message.history:readonly")),
)
