"""The messages of a fake Feishu, and the forms in which it hands them out."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.chat.fakes.feishu_company import Company
from connectors.chat.fakes.feishu_terms import Json, compact

_UPGRADE = "请升级至最新版本客户端，以查看内容"
_COLOUR = re.compile(r"</?(?:font|text_tag)\b[^<>]*>")
_AT = re.compile(r'<at user_id="([^"]*)">([^<]*)</at>')


@dataclass
class Entity:
    """A card that lives apart from its message (CardKit). ``sequence`` only ever rises."""

    card_id: str
    card: Json
    made_at: float
    sequence: int = 0
    message_id: str = ""
    streaming_since: float | None = None
    uuids: set[str] = field(default_factory=set)


@dataclass
class Message:
    """One message. ``content`` is what was sent; a card is in ``entity``."""

    message_id: str
    chat_id: str
    sender: str
    sender_type: str
    tenant: str
    msg_type: str
    content: Json
    created: str
    root_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    upper_message_id: str = ""
    entity: Entity | None = None
    mentions: list[tuple[str, str]] = field(default_factory=list)
    updated: str = ""
    edits: int = 0
    deleted: bool = False
    locked: bool = False
    """A click on its card has not been answered yet."""
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    """The pictures and files in it."""

    def card(self) -> Json:
        """The card as people see it now; empty when the message is none."""
        return self.entity.card if self.entity else {}

    @property
    def streaming(self) -> bool:
        return self.entity is not None and self.entity.streaming_since is not None


def received(message: Message) -> Json:
    """The content of a message as events and reads hold it: a card is only a sketch of itself."""
    if message.deleted:
        return {}
    return sketch(message.card()) if message.entity else message.content


def sketch(card: Json) -> Json:
    """What the platform shows of a card to those who read messages: of JSON 2.0 nothing but the title."""
    title = (card.get("header") or {}).get("title") or {}
    if card.get("schema") == "2.0":
        return {"title": title.get("content", ""), "elements": [[{"tag": "text", "text": _UPGRADE}]]}
    lines = [line for element in card.get("elements") or [] if (line := _pieces(element))]
    return {"title": title.get("content", ""), "elements": lines}


def _pieces(element: Json) -> list[Json]:
    tag = element.get("tag")
    if tag == "button":
        return [{"tag": "button", "text": element.get("text", {}).get("content", ""), "type": "default"}]
    if tag == "hr":
        return [{"tag": "hr"}]
    if tag == "img":
        return [{"tag": "img", "image_key": element.get("img_key", "")}]
    if tag == "note":
        return [{"tag": "note", "elements": [piece for one in element.get("elements", []) for piece in _pieces(one)]}]
    said = element.get("content") or (element.get("text") or {}).get("content") or ""
    pieces: list[Json] = [{"tag": "text", "text": said}] if said else []
    pieces += [
        {"tag": "text", "text": (one.get("text") or {}).get("content", "")} for one in element.get("fields") or []
    ]
    for inner in [*(element.get("actions") or []), *(element.get("columns") or []), *(element.get("elements") or [])]:
        pieces += _pieces(inner)
    return pieces


def shown(message: Message, company: Company, query: Mapping[str, str] | None = None) -> Json:
    """A message as the API returns it; the query may ask for the card itself instead of a sketch, and for names."""
    query = query or {}
    form, user_id_type = query.get("card_msg_content_type", ""), query.get("user_id_type", "open_id")
    content: Json = received(message)
    if message.entity and not message.deleted and form == "raw_card_content":
        schema = 2 if message.card().get("schema") == "2.0" else 1
        content = {"json_card": compact(message.card()), "json_attachment": "{}", "card_schema": schema}
    elif message.entity and not message.deleted and form == "user_card_content":
        content = {"user_dsl": compact(message.card())}
    person = company.people.get(message.sender)
    of_person = {"id": person.ids()[user_id_type], "id_type": user_id_type} if person else None
    item: Json = {
        "message_id": message.message_id,
        "msg_type": message.msg_type,
        "create_time": message.created,
        "update_time": message.updated or message.created,
        "deleted": message.deleted,
        "updated": bool(message.updated),
        "chat_id": message.chat_id,
        "sender": {
            **(of_person or {"id": message.sender, "id_type": "app_id"}),
            "sender_type": message.sender_type,
            "tenant_key": message.tenant,
            **({"sender_name": company.name_of(message.sender)} if query.get("with_sender_name") == "true" else {}),
        },
        "body": {"content": "" if message.deleted else compact(content)},
    }
    if message.mentions:
        item["mentions"] = [_mention(number, one, company) for number, one in enumerate(message.mentions, 1)]
    links = ("root_id", "parent_id", "thread_id", "upper_message_id")
    return item | {name: getattr(message, name) for name in links if getattr(message, name)}


def _mention(number: int, one: tuple[str, str], company: Company) -> Json:
    person = company.people.get(one[0])
    tenant = person.tenant if person else company.console.tenant_key
    return {"key": f"@_user_{number}", "id": one[0], "id_type": "open_id", "name": one[1], "tenant_key": tenant}


def with_mentions(text: str, company: Company, before: int = 0) -> tuple[str, list[tuple[str, str]]]:
    """A text in which each ``<at user_id="…">`` is a placeholder, and who they stand for; ``before`` are counted."""
    found: list[tuple[str, str]] = []

    def placeholder(match: re.Match[str]) -> str:
        if match[1] == "all":
            return "@_all"
        person = company.someone(match[1])
        found.append((person.open_id if person else match[1], person.name if person else match[2]))
        return f"@_user_{before + len(found)}"

    return _AT.sub(placeholder, text), found


def readable(message: Message) -> str:
    """The message as one text, for transcripts: what a person would read, with names for mentions."""
    if message.deleted:
        return "(recalled)"
    body = message.card() if message.entity else message.content
    said = "\n".join(part for part in _texts(body) if part)
    for number, (_, name) in enumerate(message.mentions, 1):
        said = re.sub(rf"@_user_{number}(?!\d)", f"@{name}", said)
    return said.strip() or f"({message.msg_type})"


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if not isinstance(value, dict):
        return []
    tag = value.get("tag")
    if tag == "table":
        names = [column["name"] for column in value.get("columns", [])]
        head = " | ".join(column.get("display_name", "") for column in value.get("columns", []))
        return [head, *(" | ".join(str(row.get(name, "")) for name in names) for row in value.get("rows", []))]
    if tag == "button":
        return [f"[{(value.get('text') or {}).get('content', '')}]"]
    own = [value[key] for key in ("content", "text", "title", "file_name") if isinstance(value.get(key), str)]
    # The Markdown of cards writes signs that mean something as entities.
    own = [html.unescape(_COLOUR.sub("", one)) for one in own] if tag in ("markdown", "lark_md") else own
    order = (
        "header",
        "title",
        "subtitle",
        "text",
        "content",
        "zh_cn",
        "en_us",
        "body",
        "elements",
        "columns",
        "fields",
    )
    return own + [text for key in order for text in _texts(value.get(key))]


def keys_of(content: object) -> set[str]:
    """Every picture and file that a content names."""
    if isinstance(content, list):
        return {key for one in content for key in keys_of(one)}
    if isinstance(content, dict):
        own = {value for name, value in content.items() if name in ("image_key", "file_key", "img_key")}
        return {key for key in own if isinstance(key, str) and key} | keys_of(list(content.values()))
    return set()


def copied(content: Json) -> Json:
    """A copy that shares nothing."""
    value: Json = json.loads(json.dumps(content))
    return value
