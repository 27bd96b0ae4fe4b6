"""What blocks, attachments and tasks say to a reader, in plain text: to see that nothing was lost."""

from collections.abc import Callable

from pydantic import JsonValue

from connectors.chat.fakes.slack_json import Json, items, mapping, mappings, text


def block_text(block: Json) -> str:
    """What one block says; buttons in square brackets."""
    shown = _SHOWN.get(text(block.get("type")))
    return shown(block) if shown else ""


def said(value: JsonValue) -> str:
    """The text of a text object."""
    return text(mapping(value).get("text"))


def _section(block: Json) -> str:
    lines = [said(block.get("text")), *(said(one) for one in items(block.get("fields")))]
    accessory = mapping(block.get("accessory"))
    return "\n".join(one for one in (*lines, _element(accessory) if accessory else "") if one)


def _element(one: Json) -> str:
    kind = text(one.get("type"))
    if kind == "feedback_buttons":
        return f"[{said(mapping(one.get('positive_button')).get('text'))}] " \
               f"[{said(mapping(one.get('negative_button')).get('text'))}]"  # fmt: skip
    if kind == "image":
        return f"[image: {text(one.get('alt_text'))}]"
    if kind in ("mrkdwn", "plain_text"):
        return text(one.get("text"))
    label = said(one.get("text")) or said(one.get("placeholder")) or kind
    return f"[{label}]"


def _row(block: Json) -> str:
    return " ".join(_element(one) for one in mappings(block.get("elements")))


def _image(block: Json) -> str:
    return " ".join(one for one in (said(block.get("title")), f"[image: {text(block.get('alt_text'))}]") if one)


def _table(block: Json) -> str:
    return "\n".join(" | ".join(_cell(mapping(one)) for one in items(row)) for row in items(block.get("rows")))


def _cell(cell: Json) -> str:
    return text(cell.get("text")) if cell.get("type") == "raw_text" else rich_text(cell)


def _input(block: Json) -> str:
    element = mapping(block.get("element"))
    held = text(element.get("initial_value")) or ", ".join(
        said(one.get("text")) for one in mappings(element.get("options"))
    )
    return f"{said(block.get('label'))}: [{held}]"


def rich_text(block: Json) -> str:
    """The text of a rich text block, with mentions and links as in a message's text."""
    kind = text(block.get("type"))
    inner = [rich_text(one) for one in mappings(block.get("elements"))]
    if kind == "rich_text":
        return "\n".join(inner)
    if kind == "rich_text_list":
        return "\n".join(f"- {one}" for one in inner)
    if kind.startswith("rich_text_"):
        return "".join(inner)
    return _inline(kind, block)


def _inline(kind: str, one: Json) -> str:
    if kind == "user":
        return f"<@{text(one.get('user_id'))}>"
    if kind == "link":
        return text(one.get("text")) or text(one.get("url"))
    if kind == "emoji":
        return f":{text(one.get('name'))}:"
    if kind == "broadcast":
        return f"@{text(one.get('range'))}"
    return text(one.get("text"))


def attachment_text(one: Json) -> str:
    """What an attachment says, its title first."""
    fields = [f"{text(field.get('title'))}: {text(field.get('value'))}" for field in mappings(one.get("fields"))]
    blocks = [block_text(block) for block in mappings(one.get("blocks"))]
    parts = [text(one.get(name)) for name in ("pretext", "title", "text")]
    return "\n".join(part for part in (*parts, *fields, *blocks, text(one.get("footer"))) if part)


def task_text(one: Json) -> str:
    """How far a step of a stream is."""
    return f"({text(one.get('status'))}) {text(one.get('title'))}"


def _plain(block: Json) -> str:
    return said(block.get("text"))


def _markdown(block: Json) -> str:
    return text(block.get("text"))


def _divider(_: Json) -> str:
    return "---"


_SHOWN: dict[str, Callable[[Json], str]] = {
    "section": _section, "header": _plain, "divider": _divider, "context": _row, "actions": _row,
    "context_actions": _row, "image": _image, "markdown": _markdown, "table": _table, "rich_text": rich_text,
    "input": _input,
}  # fmt: skip
