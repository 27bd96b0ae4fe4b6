"""What Slack delivers as plain text: mrkdwn, and the blocks and attachments of bots, such as alert cards."""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from connectors.chat.slack_json import Json, items, mapping, mappings, text

Names = Callable[[str], str]
"""The name of a user or a group for its id; the id itself when it is not known, empty to leave the mention out."""

_DEEPEST = 12
_ENTITY = re.compile(r"<([^<>\n]{1,3000})>")
_MENTIONED = re.compile(r"<@([UW][A-Z0-9]+)[|>]")


def mentioned(said: str) -> set[str]:
    """The ids of the users that mrkdwn mentions."""
    return set(_MENTIONED.findall(said))


def readable(said: str, names: Names) -> str:
    """Mrkdwn as text (docs.slack.dev/messaging/formatting-message-text): mentions are names, links show their address.

    Asterisks and the like stay: what somebody pasted may need them.
    """
    return decoded(_ENTITY.sub(lambda found: _entity(found[1], names), said)).strip()


def message_text(message: Json, names: Names) -> str:
    """All that a message says: its text, or the blocks and attachments that a bot puts in its place."""
    own = readable(text(message.get("text")), names)
    # A person's blocks repeat the text; a bot's text is a short stand-in for its blocks.
    if message.get("bot_id") or not own:
        own = blocks_text(mappings(message.get("blocks")), names) or own
    attached = [_attachment(one, names) for one in mappings(message.get("attachments")) if not forwarded(one)]
    return "\n\n".join(part for part in (own, *attached) if part)


def forwarded(attachment: Json) -> bool:
    """Whether it is another message that was shared or linked here, not a part of this one."""
    return bool(attachment.get("is_share") or attachment.get("is_msg_unfurl"))


def forwarded_text(attachment: Json, names: Names) -> str:
    """What a forwarded message says."""
    inner = "\n\n".join(
        blocks_text(mappings(mapping(mapping(one).get("message")).get("blocks")), names)
        for one in items(attachment.get("message_blocks"))
    ).strip()
    said = readable(text(attachment.get("text")), names)
    further = [_attachment(one, names) for one in mappings(attachment.get("attachments"))]
    shown = inner or said or readable(text(attachment.get("fallback")), names)
    return "\n\n".join(part for part in (shown, *further) if part)


def blocks_text(blocks: list[Json], names: Names) -> str:
    """Block Kit as text, block by block (docs.slack.dev/reference/block-kit/blocks)."""
    return "\n\n".join(shown for block in blocks if (shown := _block(block, names).strip()))


def decoded(said: str) -> str:
    """The three characters that mrkdwn writes as entities, as themselves."""
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _entity(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        name = names(target[1:])
        return f"@{label or name}" if name else ""
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        said = label or names(target.partition("^")[2]) or target[1:].partition("^")[0]
        return said if target.startswith("!date") else f"@{said.lstrip('@')}"
    address = target.removeprefix("mailto:")
    return f"{label} ({target})" if label and label not in (target, address) else address


def _attachment(one: Json, names: Names) -> str:
    """A secondary attachment, in which most alert senders write (docs.slack.dev/legacy/legacy-messaging)."""
    blocks = blocks_text(mappings(one.get("blocks")), names)
    if blocks:
        return blocks
    title, link = readable(text(one.get("title")), names), text(one.get("title_link"))
    said = (
        readable(text(one.get("pretext")), names),
        readable(text(one.get("author_name")), names),
        f"{title} ({link})" if title and link else title,
        readable(text(one.get("text")), names),
        "\n".join(_field(field, names) for field in mappings(one.get("fields"))),
        readable(text(one.get("footer")), names),
    )
    return "\n".join(part for part in said if part) or readable(text(one.get("fallback")), names)


def _field(one: Json, names: Names) -> str:
    return f"{readable(text(one.get('title')), names)}: {readable(text(one.get('value')), names)}".strip(": ")


def _block(block: Json, names: Names) -> str:
    show = _KINDS.get(text(block.get("type")))
    return show(block, names) if show else _rich(block, names, 0)


def _section(block: Json, names: Names) -> str:
    fields = [_object(field, names) for field in mappings(block.get("fields"))]
    return "\n".join(part for part in (_object(block.get("text"), names), *fields) if part)


def _context(block: Json, names: Names) -> str:
    return " ".join(_object(one, names) for one in mappings(block.get("elements")))


def _own_text(block: Json, names: Names) -> str:
    return _object(block.get("text"), names)


def _picture(block: Json, names: Names) -> str:
    del names
    return text(block.get("alt_text"))


def _table(block: Json, names: Names) -> str:
    return "\n".join(" | ".join(_cell(cell, names) for cell in items(row)) for row in items(block.get("rows")))


def _cell(cell: JsonValue, names: Names) -> str:
    one = mapping(cell)
    return " ".join((_rich(one, names, 0) or text(one.get("text"))).split())


def _object(value: JsonValue | Json, names: Names) -> str:
    """A text object, a bare string, or the words for a picture."""
    one = mapping(value)
    said = text(one.get("text")) or (text(value) if isinstance(value, str) else "")
    if one.get("type") == "mrkdwn":
        return readable(said, names)
    return said or text(one.get("alt_text"))


def _rich(block: Json, names: Names, depth: int) -> str:
    """A rich_text block, or a part of one."""
    elements = mappings(block.get("elements"))
    kind = text(block.get("type"))
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        return "".join(_element(one, names) for one in elements)
    if depth >= _DEEPEST or kind not in ("rich_text", "rich_text_list"):
        return ""
    return "\n".join(_items(block, elements, names, depth))


def _items(block: Json, elements: list[Json], names: Names, depth: int) -> Iterator[str]:
    indent = block.get("indent")
    blanks = "  " * min(indent, _DEEPEST) if isinstance(indent, int) else ""
    mark = f"{blanks}- " if block.get("type") == "rich_text_list" else ""
    for one in elements:
        shown = _rich(one, names, depth + 1)
        if shown:
            yield mark + shown


def _element(one: Json, names: Names) -> str:
    kind = text(one.get("type"))
    if kind == "link":
        url, label = text(one.get("url")), text(one.get("text"))
        return f"{label} ({url})" if label and label != url else url
    if kind == "emoji":
        return f":{text(one.get('name'))}:"
    for named, sign in (("user", "@"), ("usergroup", "@"), ("channel", "#")):
        if kind == named:
            name = names(text(one.get(f"{named}_id")))
            return sign + name if name else ""
    return text(one.get("text")) or text(one.get("range")) or text(one.get("fallback"))


_KINDS: Mapping[str, Callable[[Json, Names], str]] = {
    "header": _own_text,
    "section": _section,
    "context": _context,
    "markdown": _own_text,
    "image": _picture,
    "video": _picture,
    "table": _table,
}
