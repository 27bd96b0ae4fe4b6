"""The events of a fake Feishu, as they leave it (open.feishu.cn, the page of each event; structure 2.0)."""

from connectors.chat.fakes.feishu_company import Chat, Person
from connectors.chat.fakes.feishu_messages import Message, received
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json, compact


def envelope(platform: Platform, event_type: str, event: Json) -> Json:
    """An event with its header; clicks have their time in microseconds, all else in milliseconds."""
    at = platform.clock.milliseconds()
    header = {
        "event_id": platform.company.new_id(""),
        "event_type": event_type,
        "create_time": f"{at}000" if event_type == "card.action.trigger" else at,
        "token": platform.console.verification_token,
        "app_id": platform.console.app_id,
        "tenant_key": platform.console.tenant_key,
    }
    return {"schema": "2.0", "header": header, "event": event}


def ids(platform: Platform, person: Person) -> dict[str, str]:
    """The ids of a person, of which user_id needs a permission of its own."""
    return person.ids(user_id="contact:user.employee_id:readonly" in platform.console.scopes)


def message_received(platform: Platform, message: Message, person: Person, chat: Chat) -> Json:
    said: Json = {
        "message_id": message.message_id,
        "create_time": message.created,
        "update_time": message.updated or message.created,
        "chat_id": chat.chat_id,
        "chat_type": chat.kind,
        "message_type": message.msg_type,
        "content": compact(received(message)),
    }
    said |= {name: getattr(message, name) for name in ("root_id", "parent_id", "thread_id") if getattr(message, name)}
    if message.mentions:
        said["mentions"] = [_mention(platform, number, one) for number, one in enumerate(message.mentions, 1)]
    if "im:user_agent:read" in platform.console.scopes:
        said["user_agent"] = "Mozilla/5.0 Lark/7.50.0 LarkLocale/en_US"
    sender = {"sender_id": ids(platform, person), "sender_type": "user", "tenant_key": person.tenant}
    return envelope(platform, "im.message.receive_v1", {"sender": sender, "message": said})


def _mention(platform: Platform, number: int, one: tuple[str, str]) -> Json:
    person = platform.company.people.get(one[0])
    # A bot has an open_id and nothing else.
    who = ids(platform, person) if person else {"union_id": "", "user_id": "", "open_id": one[0]}
    tenant = person.tenant if person else platform.console.tenant_key
    return {"key": f"@_user_{number}", "id": who, "name": one[1], "tenant_key": tenant}


def message_recalled(platform: Platform, message: Message) -> Json:
    event = {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "recall_time": platform.clock.milliseconds(),
        "recall_type": "message_owner",
    }
    return envelope(platform, "im.message.recalled_v1", event)


def reaction(platform: Platform, message: Message, person: Person, emoji: str, *, taken_back: bool = False) -> Json:
    event = {
        "message_id": message.message_id,
        "reaction_type": {"emoji_type": emoji},
        "operator_type": "user",
        "user_id": ids(platform, person),
        "action_time": platform.clock.milliseconds(),
    }
    done = "deleted" if taken_back else "created"
    return envelope(platform, f"im.message.reaction.{done}_v1", event)


def bot_in_chat(platform: Platform, chat: Chat, person: Person, *, added: bool) -> Json:
    event = {
        "chat_id": chat.chat_id,
        "operator_id": ids(platform, person),
        "external": chat.external,
        "operator_tenant_key": person.tenant,
        "name": chat.name,
        "i18n_names": {"zh_cn": chat.name, "en_us": chat.name, "ja_jp": chat.name},
    }
    return envelope(platform, f"im.chat.member.bot.{'added' if added else 'deleted'}_v1", event)


def menu_pressed(platform: Platform, person: Person, key: str) -> Json:
    who = {"operator_name": person.name, "operator_id": ids(platform, person)}
    event = {"operator": who, "event_key": key, "timestamp": int(platform.clock.now())}
    return envelope(platform, "application.bot.menu_v6", event)


def card_pressed(platform: Platform, message: Message, operator: Json, action: Json) -> Json:
    event = {
        "operator": operator,
        "token": "c-" + platform.company.new_id("", 34),
        "action": action,
        "host": "im_message",
        "context": {"open_message_id": message.message_id, "open_chat_id": message.chat_id},
    }
    return envelope(platform, "card.action.trigger", event)
