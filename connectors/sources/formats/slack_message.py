"""One Slack message as Markdown: its text, or the blocks and attachments that a bot puts in its place."""

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from connectors.sources.formats.anyjson import Json, items, mapping, mappings, text
from connectors.sources.formats.inline import code, link, marked, prose
from connectors.sources.formats.mrkdwn import Names, markdown
from connectors.sources.formats.page import fence, pipe_table

_DEEPEST = 12
_NOTHING_SAID = frozenset(
    {"channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "pinned_item", "tombstone"}
    | {"group_join", "group_leave", "reminder_add", "bot_add", "bot_remove"}
)
_STYLES = {"bold": "**", "italic": "*", "strike": "~~"}


def read(message: Json, names: Names) -> str:
    """What the message says (docs.slack.dev/reference/block-kit, …/legacy-secondary-message-attachments).

    Empty for system messages. A preview that Slack adds to a link is left out: it may quote another channel.
    """
    if text(message.get("subtype")) in _NOTHING_SAID:
        return ""
    own = markdown(text(message.get("text")), names)
    blocks = mappings(message.get("blocks"))
    # A person's blocks repeat the text; a bot's text is a short stand-in for its blocks.
    if message.get("bot_id") or not own:
        own = _blocks(blocks, names) or own
    attached = [_attachment(one, names) for one in mappings(message.get("attachments"))]
    files = [f"(file: {name})" for one in mappings(message.get("files")) if (name := _file(one))]
    return "\n\n".join(part for part in [own, *attached, " ".join(files)] if part)


def _file(one: Json) -> str:
    return " ".join((text(one.get("title")) or text(one.get("name"))).split())


def _attachment(one: Json, names: Names) -> str:
    if one.get("is_msg_unfurl") or one.get("from_url"):
        return ""
    blocks = _blocks(mappings(one.get("blocks")), names)
    if blocks:
        return blocks
    title = link(prose(text(one.get("title"))), text(one.get("title_link")))
    fields = [_field(field, names) for field in mappings(one.get("fields"))]
    said = [markdown(text(one.get("pretext")), names), marked(title, "**"), markdown(text(one.get("text")), names)]
    shown = "\n\n".join(part for part in [*said, "\n".join(field for field in fields if field)] if part)
    return shown or markdown(text(one.get("fallback")), names)


def _field(one: Json, names: Names) -> str:
    value = " ".join(markdown(text(one.get("value")), names).split())
    name = prose(" ".join(text(one.get("title")).split()))
    return f"- {name}: {value}" if name else f"- {value}" if value else ""


def _blocks(blocks: list[Json], names: Names) -> str:
    return "\n\n".join(shown for block in blocks if (shown := _block(block, names).strip()))


def _block(block: Json, names: Names) -> str:
    kind = text(block.get("type"))
    show = _KINDS.get(kind)
    return show(block, names) if show else _rich(block, names, 0)


def _header(block: Json, names: Names) -> str:
    return marked(_object(block.get("text"), names), "**")


def _section(block: Json, names: Names) -> str:
    fields = [_object(field, names) for field in mappings(block.get("fields"))]
    lines = [f"- {' '.join(field.split())}" for field in fields if field]
    return "\n\n".join(part for part in [_object(block.get("text"), names), "\n".join(lines)] if part)


def _context(block: Json, names: Names) -> str:
    return " ".join(_object(one, names) for one in mappings(block.get("elements")))


def _own_markdown(block: Json, names: Names) -> str:
    del names
    return prose(text(block.get("text")))


def _picture(block: Json, names: Names) -> str:
    del names
    return prose(text(block.get("alt_text")))


def _table(block: Json, names: Names) -> str:
    return pipe_table([[_cell(cell, names) for cell in items(row)] for row in items(block.get("rows"))])


def _object(value: JsonValue | Json, names: Names) -> str:
    """A text object, or the words for a picture."""
    one = mapping(value)
    said = text(one.get("text"))
    if one.get("type") == "mrkdwn":
        return markdown(said, names)
    return prose(said or text(one.get("alt_text")))


def _cell(cell: JsonValue, names: Names) -> str:
    one = mapping(cell)
    return _rich(one, names, 0) or prose(text(one.get("text")))


def _rich(block: Json, names: Names, depth: int) -> str:
    """A rich_text block and what is in it."""
    elements = mappings(block.get("elements"))
    kind = text(block.get("type"))
    if kind == "rich_text_preformatted":
        return fence("".join(text(one.get("text")) or text(one.get("url")) for one in elements))
    if kind in ("rich_text_section", "rich_text_quote"):
        said = prose("".join(_element(one, names) for one in elements)).strip()
        return said if kind == "rich_text_section" else "\n".join(f"> {line}" for line in said.splitlines())
    if depth >= _DEEPEST or kind not in ("rich_text", "rich_text_list"):
        return ""
    if kind == "rich_text_list":
        return _list(block, elements, names, depth)
    return "\n\n".join(shown for one in elements if (shown := _rich(one, names, depth + 1)))


def _list(block: Json, elements: list[Json], names: Names, depth: int) -> str:
    indent = block.get("indent")
    blanks = "  " * min(indent, _DEEPEST) if isinstance(indent, int) and indent > 0 else ""
    mark = "1." if block.get("style") == "ordered" else "-"
    shown = (_rich(one, names, depth + 1).replace("\n", f"\n{blanks}  ") for one in elements)
    return "\n".join(f"{blanks}{mark} {item}" for item in shown if item)


def _element(one: Json, names: Names) -> str:
    kind = text(one.get("type"))
    if kind == "text":
        return _styled(text(one.get("text")), mapping(one.get("style")))
    if kind == "link":
        return link(text(one.get("text")) or text(one.get("url")), text(one.get("url")))
    if kind == "emoji":
        return f":{text(one.get('name'))}:"
    for named, sign in (("user", "@"), ("usergroup", ""), ("channel", "#")):
        if kind == named:
            return sign + names(text(one.get(f"{named}_id")))
    return text(one.get("range")) or text(one.get("fallback"))


def _styled(said: str, style: Json) -> str:
    if style.get("code"):
        return code(said)
    for name, mark in _STYLES.items():
        said = marked(said, mark) if style.get(name) else said
    return said


_KINDS: Mapping[str, Callable[[Json, Names], str]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "markdown": _own_markdown,
    "image": _picture,
    "video": _picture,
    "table": _table,
}
