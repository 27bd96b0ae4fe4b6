"""What a Feishu message holds, as plain text and files, by its type.

https://open.feishu.cn/document/server-docs/im-v1/message-content-description/message_content
"""

import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import from_json

from connectors.chat.port import Attachment

Json = Mapping[str, JsonValue]

_DEEPEST = 24
_PLACEHOLDER = re.compile(r"@_user_\d{1,6}|@_all\b")
_AT = re.compile(r"<at\b[^<>]{0,300}>([^<>]{0,100})</at>")
_TAG = re.compile(r"</?(?:font|text_tag|number_tag|person|link|local_datetime|br|hr|a|b|i|u)\b[^<>]{0,300}>")
# Only to be pressed or filled in, or to look nice: they say nothing.
_SILENT = frozenset(
    {"button", "action", "select_static", "multi_select_static", "select_person", "multi_select_person", "overflow"}
    | {"date_picker", "picker_time", "picker_datetime", "checker", "form", "input", "img", "img_combination", "chart"}
    | {"media", "emotion", "hr", "standard_icon", "custom_icon"}
)


@dataclass(frozen=True)
class Content:
    """The text of a message, and its files with references that can be fetched."""

    text: str
    files: tuple[Attachment, ...] = ()


def read(message_id: str, kind: str, content: str, names: Mapping[str, str]) -> Content:
    """What the message says. It never fails: what cannot be read is empty.

    ``names`` are those to put for placeholders (``@_user_1``); an empty name leaves the placeholder out.
    """
    body = mapping(parsed(content))
    show = _KINDS.get(kind)
    said = _PLACEHOLDER.sub(lambda found: _name(found[0], names), show(body) if show else "")
    files = tuple(_attachment(message_id, one, kind) for one in _files(body, kind))
    return Content(re.sub(r"[ \t]+(?=\n|$)", "", said).strip(), files)


def parsed(content: str) -> JsonValue:
    """The JSON in a string; None when it is none."""
    try:
        value: JsonValue = from_json(content)
    except ValueError:
        return None
    return value


def mapping(value: JsonValue) -> Json:
    """The object that it is, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> Sequence[JsonValue]:
    """The list that it is, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: JsonValue) -> str:
    """The string that it is, or an empty one; without zero bytes, which no database takes."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _name(key: str, names: Mapping[str, str]) -> str:
    if key == "@_all":
        return "@all"
    name = names.get(key, "someone")
    return f"@{name}" if name else ""


def _files(body: Json, kind: str) -> Iterator[Json]:
    if kind in ("image", "file", "media", "audio"):
        yield body
    if kind == "post":
        for line in items(_localized(body).get("content")):
            yield from (one for one in map(mapping, items(line)) if one.get("tag") in ("img", "media"))


def _attachment(message_id: str, one: Json, kind: str) -> Attachment:
    picture = kind == "image" or one.get("tag") == "img"
    key = text(one.get("image_key") if picture else one.get("file_key"))
    name = " ".join(text(one.get("file_name")).split())[:200] or (f"{key[:40]}.png" if picture else key[:40])
    media_type = "image/png" if picture else mimetypes.guess_type(name)[0] or ""
    return Attachment(
        name=name, reference=f"{message_id}/{'image' if picture else 'file'}/{key}", media_type=media_type
    )


def _localized(body: Json) -> Json:
    """Rich text; a message that was sent in several languages holds one such text under each."""
    if "content" in body:
        return body
    return next((mapping(value) for value in body.values() if "content" in mapping(value)), {})


def _post(body: Json) -> str:
    post = _localized(body)
    lines = [text(post.get("title")), *(_line(items(line)) for line in items(post.get("content")))]
    return "\n".join(line for line in lines if line)


def _line(pieces: Sequence[JsonValue]) -> str:
    return "".join(_piece(mapping(piece)) for piece in pieces)


def _piece(one: Json) -> str:
    tag, said = text(one.get("tag")), text(one.get("text"))
    if tag == "a":
        href = text(one.get("href"))
        return f"{said} ({href})" if href and href != said else said or href
    if tag == "at":
        key = text(one.get("user_id"))
        return key if _PLACEHOLDER.fullmatch(key) else f"@{text(one.get('user_name')) or 'someone'}"
    if tag == "code_block":
        return f"\n```\n{said}\n```\n"
    if tag in _SILENT:
        return ""
    return _markup(said) + "".join(_piece(mapping(inner)) for inner in items(one.get("elements")))


def _card(body: Json) -> str:
    """A card as it was sent (JSON 1.0 or 2.0), or as the platform shortens it: a title and lines of pieces."""
    sent = parsed(text(body.get("user_dsl")) or text(body.get("json_card")))
    card = mapping(sent) or body
    title = text(card.get("title")) or _content(mapping(card.get("header")).get("title"))
    subtitle = _content(mapping(card.get("header")).get("subtitle"))
    elements = card.get("elements") or mapping(card.get("body")).get("elements")
    return "\n".join(part for part in (title, subtitle, _element({"elements": elements}, 0)) if part.strip())


def _content(value: JsonValue) -> str:
    one = mapping(value)
    return _markup(text(one.get("content")) or text(one.get("text")))


def _markup(said: str) -> str:
    """The Markdown of cards without its own tags (colour, mention), which are not Markdown."""
    return _TAG.sub("", _AT.sub(lambda found: f"@{found[1] or 'someone'}", said))


def _element(one: Json, depth: int) -> str:
    tag = text(one.get("tag"))
    if tag in _SILENT or depth > _DEEPEST:
        return ""
    if tag in ("markdown", "lark_md", "plain_text"):
        return _content(dict(one))
    if tag == "table":
        return _table(one)
    own = [_content(mapping(one.get("header")).get("title")), _content(one.get("text"))]
    fields = [_content(mapping(field).get("text")) for field in items(one.get("fields"))]
    inner = [*_inner(one.get("elements"), depth), *_inner(one.get("columns"), depth)]
    return "\n".join(part for part in (*own, *fields, *inner) if part.strip())


def _inner(value: JsonValue, depth: int) -> list[str]:
    found = items(value)
    if found and all(mapping(one).get("tag") in ("text", "a", "at") for one in found):
        return [_line(found)]
    # A shortened card holds lines of pieces, as rich text does; a sent one holds elements.
    return [_line(one) if isinstance(one, list) else _element(mapping(one), depth + 1) for one in found]


def _table(one: Json) -> str:
    columns = [(text(mapping(c).get("name")), text(mapping(c).get("display_name"))) for c in items(one.get("columns"))]
    rows = [[_cell(mapping(row).get(name)) for name, _ in columns] for row in items(one.get("rows"))]
    return "\n".join(" | ".join(row) for row in ([shown or name for name, shown in columns], *rows))


def _cell(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value if not isinstance(one, list))
    if isinstance(value, dict):
        return text(value.get("text")) or text(value.get("content"))
    return "" if value is None else _markup(str(value))


def _named(body: Json) -> str:
    name = " ".join(text(body.get("file_name")).split())
    return f"(folder: {name})" if name else ""


def _shared(body: Json) -> str:
    return _post(mapping(body.get("summary"))) or text(body.get("topic"))


_KINDS: Mapping[str, Callable[[Json], str]] = {
    "text": lambda body: text(body.get("text")),
    "post": _post,
    "interactive": _card,
    "folder": _named,
    "todo": _shared,
    "vote": lambda body: "\n".join([text(body.get("topic")), *(f"- {text(o)}" for o in items(body.get("options")))]),
    "location": lambda body: text(body.get("name")),
}
