"""A Feishu or Lark document, which is a tree of blocks, as Markdown."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from connectors.sources.formats.anyjson import Json, items, mapping, mappings, text
from connectors.sources.formats.conversation import moment
from connectors.sources.formats.inline import code, link, marked, prose
from connectors.sources.formats.page import Page, fence, pipe_table

_DEEPEST = 40
_MOST_CELLS = 20_000
# BlockType and CodeLanguage of open.feishu.cn/document/…/docx-v1/data-structure/block.
_NAMES = (
    *("", "page", "text", *(f"heading{level}" for level in range(1, 10)), "bullet", "ordered", "code", "quote"),
    *("equation", "todo", "bitable", "callout", "chat_card", "diagram", "divider", "file", "grid", "grid_column"),
    *("iframe", "image", "isv", "mindnote", "sheet", "table", "table_cell", "view", "quote_container", "task"),
    *("okr", "okr_objective", "okr_key_result", "okr_progress", "add_ons", "jira_issue", "wiki_catalog", "board"),
    *("agenda", "agenda_item", "agenda_item_title", "agenda_item_content", "link_preview", "source_synced"),
    *("reference_synced", "sub_page_list", "ai_template"),
)
_CODE_LANGUAGES = (
    " text abap ada apache apex asm bash csharp cpp c cobol css coffeescript d dart delphi django dockerfile erlang "
    "fortran foxpro go groovy html htmlbars http haskell json java javascript julia kotlin latex lisp logo lua matlab "
    "makefile markdown nginx objectivec openedge php perl postscript powershell prolog protobuf python r rpg ruby rust "
    "sas scss sql scala scheme scratch shell swift thrift typescript vbscript vb xml yaml cmake diff gherkin graphql "
    "glsl properties solidity toml"
)
_LANGUAGES = _CODE_LANGUAGES.split(" ")
# What another program shows in its place, and this one does not read.
_EMBEDDED = {
    "bitable": "table of records",
    "board": "whiteboard",
    "chat_card": "group card",
    "diagram": "diagram",
    "mindnote": "mind map",
    "reference_synced": "block of another document",
    "sheet": "spreadsheet",
    "task": "task",
    "jira_issue": "Jira issue",
}
_ITEMS = frozenset({"bullet", "ordered", "todo"})


def read(blocks: Sequence[Json]) -> Page:
    """The document with its title beside it: the first block says it.

    Each block comes once, so that a tree whose branches lead back to its root has an end; what lies deeper than 40
    levels comes without structure.
    """
    return _Reading(blocks).page()


class _Reading:
    def __init__(self, blocks: Sequence[Json]) -> None:
        self._blocks = {id: block for block in blocks if (id := text(block.get("block_id")))}
        self._seen: set[str] = set()

    def page(self) -> Page:
        roots = [id for id, one in self._blocks.items() if _name(one) == "page"]
        roots = roots[:1] or [id for id, one in self._blocks.items() if not one.get("parent_id")]
        title = _inline(_body(self._blocks[roots[0]])) if roots else ""
        self._seen.update(roots)
        return Page(title=" ".join(title.split()), text="\n\n".join(filter(None, (self._below(id, 0) for id in roots))))

    def _below(self, id: str, depth: int) -> str:
        return self._siblings(self._children(self._blocks[id]), depth)

    def _children(self, block: Json) -> list[str]:
        named = (text(child) for child in items(block.get("children")))
        return [child for child in named if child in self._blocks]

    def _siblings(self, ids: Sequence[str], depth: int) -> str:
        if depth > _DEEPEST:
            return "\n\n".join(self._flat(ids))
        shown, before, number = "", "", 0
        for id in ids:
            if id in self._seen:
                continue
            self._seen.add(id)
            name = _name(self._blocks[id])
            number = _number(self._blocks[id], number) if name == "ordered" else 0
            piece = self._block(id, name, number, depth)
            gap = "\n" if name in _ITEMS and before == name else "\n\n"
            shown += (gap if shown and piece else "") + piece
            before = name if piece else before
        return shown

    def _flat(self, ids: Sequence[str]) -> Iterator[str]:
        waiting = list(reversed(ids))
        while waiting:
            id = waiting.pop()
            if id not in self._seen:
                self._seen.add(id)
                if own := prose(_inline(_body(self._blocks[id]))).strip():
                    yield own
                waiting += reversed(self._children(self._blocks[id]))

    def _block(self, id: str, name: str, number: int, depth: int) -> str:
        block = self._blocks[id]
        if name == "table":
            return self._table(block, depth)
        if name in _ITEMS:
            mark = {"ordered": f"{number}. ", "bullet": "- "}.get(name) or f"- [{'x' if _done(block) else ' '}] "
            inside = _joined(prose(_inline(_body(block))).strip(), self._below(id, depth + 1), tight=True)
            return mark + _indented(inside or "…", "   " if name == "ordered" else "  ")
        if name in ("callout", "quote_container"):
            return "\n".join(f"> {line}".rstrip() for line in self._below(id, depth + 1).splitlines())
        return _joined(_leaf(name, _body(block)), self._below(id, depth + 1), tight=False)

    def _table(self, block: Json, depth: int) -> str:
        """Rows of cells; a merged cell stands in every place it covers, so that each row can be read by itself."""
        table = _body(block)
        properties = mapping(table.get("property"))
        width = properties.get("column_size")
        cells = [text(cell) for cell in items(table.get("cells"))][:_MOST_CELLS] or self._children(block)
        if not isinstance(width, int) or not 0 < width <= len(cells):
            return ""
        spans = [(_span(one, "row_span"), _span(one, "col_span")) for one in mappings(properties.get("merge_info"))]
        shown: dict[int, str] = {}
        for place, id in enumerate(cells):
            if place not in shown:
                words = self._cell(id, depth)
                rows, columns = spans[place] if place < len(spans) else (1, 1)
                shown |= {other: words for other in _covered(place, rows, columns, (width, len(cells)))}
        return pipe_table(
            [[shown.get(at, "") for at in range(row, row + width)] for row in range(0, len(cells), width)]
        )

    def _cell(self, id: str, depth: int) -> str:
        if id not in self._blocks or id in self._seen:
            return ""
        self._seen.add(id)
        return self._below(id, depth + 1)


def _covered(place: int, rows: int, columns: int, size: tuple[int, int]) -> Iterator[int]:
    width, count = size
    right = min(place % width + columns, width) - place % width
    for start in range(place, min(place + rows * width, count), width):
        yield from range(start, min(start + right, count))


def _span(one: Json, name: str) -> int:
    value = one.get(name)
    return min(max(value, 1), 1000) if isinstance(value, int) else 1


def _name(block: Json) -> str:
    kind = block.get("block_type")
    return _NAMES[kind] if isinstance(kind, int) and 0 < kind < len(_NAMES) else ""


def _body(block: Json) -> Json:
    return mapping(block.get(_name(block)))


def _done(block: Json) -> bool:
    return mapping(_body(block).get("style")).get("done") is True


def _number(block: Json, before: int) -> int:
    sequence = text(mapping(_body(block).get("style")).get("sequence"))
    return int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 9 else before + 1


def _joined(own: str, below: str, *, tight: bool) -> str:
    gap = "\n" if tight and below.startswith(("- ", "1. ")) else "\n\n"
    return gap.join(part for part in (own, below) if part)


def _indented(shown: str, blanks: str) -> str:
    return "\n".join(blanks + line if number and line else line for number, line in enumerate(shown.split("\n")))


def _leaf(name: str, body: Json) -> str:
    """What a block says by itself, without the blocks in it."""
    if name.startswith("heading"):
        said = " ".join(_inline(body).split())
        return f"{'#' * min(int(name[7:]), 6)} {said}" if said else ""
    if name in _EMBEDDED:
        return f"(embedded {_EMBEDDED[name]})"
    show = _LEAVES.get(name)
    return show(body) if show else prose(_inline(body)).strip()


def _code(body: Json) -> str:
    kind = mapping(body.get("style")).get("language")
    language = _LANGUAGES[kind] if isinstance(kind, int) and 1 < kind < len(_LANGUAGES) else ""
    runs = (mapping(element.get("text_run")) for element in mappings(body.get("elements")))
    return fence("".join(text(run.get("content")) for run in runs), language)


def _quote(body: Json) -> str:
    return "\n".join(f"> {line}" for line in prose(_inline(body)).strip().splitlines())


def _divider(body: Json) -> str:
    del body
    return "---"


def _formula(body: Json) -> str:
    return prose(_inline(body)).strip()


def _image(body: Json) -> str:
    return prose(" ".join(text(mapping(body.get("caption")).get("content")).split()))


def _file(body: Json) -> str:
    name = " ".join(text(body.get("name")).split())
    return f"(file: {prose(name)})" if name else ""


def _frame(body: Json) -> str:
    return link("embedded page", text(mapping(body.get("component")).get("url")))


def _preview(body: Json) -> str:
    return link("", text(body.get("url")))


_LEAVES: Mapping[str, Callable[[Json], str]] = {
    "code": _code,
    "quote": _quote,
    "divider": _divider,
    "equation": _formula,
    "image": _image,
    "file": _file,
    "iframe": _frame,
    "link_preview": _preview,
}


def _inline(body: Json) -> str:
    return "".join(_element(element) for element in mappings(body.get("elements")))


def _element(element: Json) -> str:
    for name, show in _ELEMENTS.items():
        if name in element:
            return show(mapping(element[name]))
    return ""


def _run(run: Json) -> str:
    said, style = text(run.get("content")), mapping(run.get("text_element_style"))
    if style.get("inline_code"):
        said = code(said)
    for name, mark in (("bold", "**"), ("italic", "*"), ("strikethrough", "~~")):
        said = marked(said, mark) if style.get(name) and not style.get("inline_code") else said
    target = text(mapping(style.get("link")).get("url"))
    return link(said, target) if target else said


def _person(one: Json) -> str:
    return f"@{text(one.get('user_id'))}"


def _page_link(one: Json) -> str:
    return link(text(one.get("title")) or "document", text(one.get("url")))


def _equation(one: Json) -> str:
    formula = " ".join(text(one.get("content")).split())
    return f"${formula}$" if formula else ""


def _date(one: Json) -> str:
    value: JsonValue = one.get("expire_time")
    when: dt.datetime | None = moment(value, 1000) if isinstance(value, (str, int, float)) else None
    return f"{when:%Y-%m-%d}" if when else ""


_ELEMENTS: Mapping[str, Callable[[Json], str]] = {
    "text_run": _run,
    "mention_user": _person,
    "mention_doc": _page_link,
    "equation": _equation,
    "reminder": _date,
    "link_preview": _page_link,
}
