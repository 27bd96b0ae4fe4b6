"""One Feishu or Lark message as Markdown, by its type (open.feishu.cn/…/im-v1/message-content-description)."""

import re
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from connectors.sources.formats.anyjson import Json, items, mapping, mappings, parsed, text
from connectors.sources.formats.inline import link, marked, outside_code, prose
from connectors.sources.formats.page import fence, pipe_table

_DEEPEST = 24
_STYLES = {"bold": "**", "italic": "*", "lineThrough": "~~"}
_PLACEHOLDER = re.compile(r"@_user_\d{1,6}|@_all")
_AT = re.compile(r"<at\b[^<>]{0,300}>([^<>]{0,100})</at>")
_TAG = re.compile(r"</?(?:font|text_tag|number_tag|person|link|local_datetime|br|i|b)\b[^<>]{0,300}>")
# Only to be pressed or filled in, or to look nice: they say nothing.
_SILENT = frozenset(
    {"button", "action", "select_static", "multi_select_static", "select_person", "overflow", "date_picker", "input"}
    | {"picker_time", "picker_datetime", "checker", "form", "img", "img_combination", "chart", "media", "emotion"}
)


def read(kind: str, content: str, mentions: Mapping[str, str]) -> str:
    """What the message says; empty when it is nothing to read (a sticker, a system message, damaged content).

    ``mentions`` are names by placeholder (``@_user_1``); they come out as plain names.
    """
    show = _KINDS.get(kind)
    said = show(mapping(parsed(content))) if show else ""
    return outside_code(said, lambda part: _PLACEHOLDER.sub(lambda found: _at(found[0], mentions), part)).strip()


def _text(body: Json) -> str:
    return prose(text(body.get("text")))


def _file(body: Json) -> str:
    name = prose(" ".join(text(body.get("file_name")).split()))
    return f"(file: {name})" if name else ""


def _task(body: Json) -> str:
    return _post(mapping(body.get("summary")))


def _vote(body: Json) -> str:
    options = "".join(f"\n- {prose(text(option))}" for option in items(body.get("options")))
    return prose(text(body.get("topic"))) + options


def _at(key: str, mentions: Mapping[str, str]) -> str:
    return "@all" if key == "@_all" else f"@{mentions.get(key) or 'someone'}"


def _post(body: Json) -> str:
    """Rich text; a message that was sent in several languages holds one such text under each."""
    if "content" not in body:
        body = next((mapping(value) for value in body.values() if "content" in mapping(value)), {})
    lines = [_line(items(line)) for line in items(body.get("content"))]
    heading = marked(prose(text(body.get("title"))), "**")
    return "\n".join(line for line in [heading + "\n" if heading else "", *lines] if line)


def _line(pieces: Sequence[JsonValue]) -> str:
    line: list[str] = []
    for piece in pieces:
        one = mapping(piece)
        shown = _piece(one)
        block = one.get("tag") in ("code_block", "md")
        line.append(f"\n{shown}\n" if block and shown else shown)
    return prose_outside_fences("".join(line))


def prose_outside_fences(said: str) -> str:
    """The text made safe, but for its fenced code."""
    parts = re.split(r"(^(?P<ticks>`{3,})[^\n]*\n.*?^(?P=ticks)$)", said, flags=re.DOTALL | re.MULTILINE)
    # Each match gives itself and its ticks to the list.
    return "".join(part if number % 3 == 1 else prose(part) for number, part in enumerate(parts) if number % 3 != 2)


def _piece(one: Json) -> str:
    said, tag = text(one.get("text")), text(one.get("tag"))
    if tag == "text":
        return _styled(said, one)
    if tag == "a":
        return link(said, text(one.get("href")))
    if tag == "at":
        key = text(one.get("user_id"))
        return key if _PLACEHOLDER.fullmatch(key) else f"@{text(one.get('user_name')) or key}"
    if tag == "code_block":
        return fence(said, re.sub(r"[^a-z0-9+#-]", "", text(one.get("language")).lower())[:20])
    return _markup(said) if tag == "md" else ""


def _styled(said: str, one: Json) -> str:
    styles = items(one.get("style"))
    for name, mark in _STYLES.items():
        said = marked(said, mark) if name in styles else said
    return said


def _card(body: Json) -> str:
    """A card as it was sent (JSON 1.0 or 2.0), or as older servers shorten it: a title and lines of pieces."""
    sent = parsed(text(body.get("user_dsl")) or text(body.get("json_card")))
    card = mapping(sent) or body
    title = text(card.get("title")) or _content(mapping(card.get("header")).get("title"))
    inner = _element({"elements": card.get("elements") or mapping(card.get("body")).get("elements")}, 0)
    return "\n\n".join(part for part in (marked(prose(title), "**"), inner) if part)


def _content(value: JsonValue) -> str:
    one = mapping(value)
    said = text(one.get("content"))
    return _markup(said) if one.get("tag") in ("lark_md", "markdown") else prose(said)


def _markup(said: str) -> str:
    """The Markdown of cards, whose own tags (colour, mention) are not Markdown."""
    return prose_outside_fences(_TAG.sub("", _AT.sub(lambda found: f"@{found[1] or 'someone'}", said)))


def _element(one: Json, depth: int) -> str:
    tag = text(one.get("tag"))
    if tag in _SILENT or depth > _DEEPEST:
        return ""
    if tag in ("markdown", "lark_md", "plain_text"):
        return _content(dict(one))
    if tag == "table":
        return _table(one)
    own = [_content(mapping(one.get("header")).get("title")), _content(one.get("text"))]
    fields = [" ".join(_content(field.get("text")).split()) for field in mappings(one.get("fields"))]
    listed = "\n".join(f"- {field}" for field in fields if field)
    parts = [*own, listed, *_inner(one.get("elements"), depth), *_inner(one.get("columns"), depth)]
    return "\n\n".join(part for part in parts if part.strip())


def _inner(value: JsonValue, depth: int) -> list[str]:
    found = items(value)
    # A shortened card holds lines of pieces, as rich text does; a sent one holds elements.
    lines = (_line(_flat(one)) if isinstance(one, list) else _element(mapping(one), depth + 1) for one in found)
    if found and all(text(mapping(one).get("tag")) in ("text", "a", "at") for one in found):
        return [_line(found)]
    return [line for line in lines if line.strip()]


def _flat(pieces: list[JsonValue]) -> list[JsonValue]:
    return [inner for one in pieces for inner in (items(mapping(one).get("elements")) or [one])]


def _table(one: Json) -> str:
    columns = [(text(column.get("name")), text(column.get("display_name"))) for column in mappings(one.get("columns"))]
    rows = [[_value(row.get(name)) for name, _ in columns] for row in mappings(one.get("rows"))]
    return pipe_table([[shown or name for name, shown in columns], *rows])


def _value(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value if not isinstance(one, list))
    if isinstance(value, dict):
        return prose(text(value.get("text")) or text(value.get("content")))
    return "" if value is None else prose(str(value))


_KINDS: Mapping[str, Callable[[Json], str]] = {
    "text": _text,
    "post": _post,
    "interactive": _card,
    "file": _file,
    "folder": _file,
    "media": _file,
    "todo": _task,
    "vote": _vote,
}
