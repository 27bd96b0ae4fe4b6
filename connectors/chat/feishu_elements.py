"""The building blocks of a Feishu card (JSON 2.0), each small enough to share a card with others.

https://open.feishu.cn/document/feishu-cards/card-json-v2-structure
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from connectors.chat.feishu_markdown import escaped, rendered
from connectors.chat.ladder import pages
from connectors.chat.markdown import Block, Grid, clean, parse, words

Element = dict[str, JsonValue]

# Of one element, so that several share a card.
_UNIT_BYTES = 9_000
_COLUMNS = 50
_SHORTEST = 40


def size(value: JsonValue | Sequence[Element]) -> int:
    """Bytes of a card inside the body that carries it, where its JSON is a string once more."""
    return len(json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False).encode("utf-8", "replace"))


def count(value: JsonValue | Sequence[Element], tag: str = "") -> int:
    """How many elements there are at any depth; only those of one tag when it is named."""
    if isinstance(value, dict):
        own = value.get("tag")
        return int(own == tag if tag else own is not None) + sum(count(inner, tag) for inner in value.values())
    return sum(count(inner, tag) for inner in value) if isinstance(value, list) else 0


def markdown(content: str, **more: JsonValue) -> Element:
    """Text in the platform's Markdown; whatever is in it must have been escaped."""
    return {"tag": "markdown", "content": content, **more}


def plain_text(content: str) -> Element:
    """Text without any format."""
    return {"tag": "plain_text", "content": content}


def small(content: str) -> Element:
    """Small grey text, of words that need no format."""
    return markdown(f"<font color='grey'>{escaped(clean(content))}</font>", text_size="notation")


def panel(title: str, elements: Sequence[Element]) -> Element:
    """Elements that are folded away under a title. No table and no form may be among them."""
    return {
        "tag": "collapsible_panel",
        "expanded": False,
        "header": {
            "title": plain_text(title),
            "icon": {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"},
            "icon_position": "follow_text",
            "icon_expanded_angle": -180,
        },
        "border": {"color": "grey", "corner_radius": "5px"},
        "padding": "8px 8px 8px 8px",
        "elements": list(elements),
    }


def button(name: str, label: str, value: Mapping[str, JsonValue], *, submits: bool = False) -> Element:
    """A button that calls back with ``value``; inside a form it sends what is filled in with it."""
    sends: Element = {"form_action_type": "submit"} if submits else {}
    behaviors: list[JsonValue] = [{"type": "callback", "value": dict(value)}]
    return {
        "tag": "button",
        "name": name,
        "text": plain_text(label),
        "type": "default",
        "behaviors": behaviors,
        **sends,
    }


def link_button(name: str, label: str, url: str) -> Element:
    """A button that opens a page."""
    behaviors: list[JsonValue] = [{"type": "open_url", "default_url": url}]
    return {"tag": "button", "name": name, "text": plain_text(label), "type": "default", "behaviors": behaviors}


def row(*cells: tuple[Element, bool]) -> Element:
    """Elements beside each other; True for those that take the room that is left."""
    columns: list[JsonValue] = []
    for one, wide in cells:
        width: Element = {"width": "weighted", "weight": 1} if wide else {"width": "auto"}
        columns.append({"tag": "column", "elements": [one], "vertical_align": "center", **width})
    return {"tag": "column_set", "flex_mode": "none", "horizontal_spacing": "8px", "columns": columns}


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Element]:
    """A table as components: one, or several when it has too many columns or rows for one."""
    if len(columns) > _COLUMNS:
        yield from table(columns[:_COLUMNS], [one[:_COLUMNS] for one in rows])
        yield from table(columns[_COLUMNS:], [one[_COLUMNS:] for one in rows])
        return
    whole = _table(columns, rows)
    if size(whole) <= _UNIT_BYTES:
        yield whole
    elif len(rows) > 1:
        yield from table(columns, rows[: len(rows) // 2])
        yield from table(columns, rows[len(rows) // 2 :])
    elif len(columns) > 1:
        half = len(columns) // 2
        yield from table(columns[:half], [one[:half] for one in rows])
        yield from table(columns[half:], [one[half:] for one in rows])
    else:
        # A single cell that is longer than a card.
        yield from verbatim("\n\n".join([*columns, *(one[0] for one in rows)]))


def verbatim(said: str) -> Iterator[Element]:
    """Words that are no Markdown, as they are."""
    # Each sign may need an entity of six bytes.
    for page in pages(clean(said), _UNIT_BYTES // 6, _bytes):
        yield markdown(escaped(page))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Element:
    named: list[JsonValue] = [
        {"name": f"c{n}", "display_name": _cell(title), "data_type": "text"} for n, title in enumerate(columns)
    ]
    filled: list[JsonValue] = [{f"c{n}": _cell(cell) for n, cell in enumerate(one)} for one in rows]
    style: Element = {"bold": True, "background_style": "grey", "lines": 2}
    return {
        "tag": "table",
        "page_size": 10,
        "row_height": "auto",
        "row_max_height": "200px",
        "header_style": style,
        "columns": named,
        "rows": filled,
    }


def _cell(said: str) -> str:
    return " ".join(clean(said).split())


def text(source: str) -> Iterator[Element]:
    """Markdown of a model as elements, none larger than a card can hold with others."""
    yield from _text(source, _UNIT_BYTES)


def _text(source: str, most: int) -> Iterator[Element]:
    for page in pages(source, most, _bytes):
        elements = list(_elements(parse(page)))
        # Signs that must be written as entities make a page up to six times as long.
        if most > _SHORTEST and any(size(one) > 1.5 * _UNIT_BYTES for one in elements):
            yield from _text(page, most // 2)
        else:
            yield from elements


def _bytes(source: str) -> int:
    return len(source.encode("utf-8", "replace"))


def _elements(blocks: Sequence[Block]) -> Iterator[Element]:
    running: list[Block] = []
    for block in blocks:
        if not isinstance(block, Grid):
            running.append(block)
            continue
        yield from _shown(running)
        running = []
        yield from table([words(cell) for cell in block.header], [[words(c) for c in one] for one in block.rows])
    yield from _shown(running)


def _shown(blocks: Sequence[Block]) -> Iterator[Element]:
    content = rendered(blocks)
    if content.strip():
        yield markdown(content)


def packed(
    elements: Sequence[Element], *, most_bytes: int, most_elements: int, most_tables: int
) -> list[list[Element]]:
    """Elements in their order, in as few groups as the limits allow."""
    groups: list[list[Element]] = []
    room, places, tables = 0, 0, 0
    for one in elements:
        needed, inside, grid = size(one), count(one), count(one, "table")
        if not groups or room < needed or places < inside or tables < grid:
            groups.append([])
            room, places, tables = most_bytes, most_elements, most_tables
        groups[-1].append(one)
        room, places, tables = room - needed, places - inside, tables - grid
    return groups
