"""A tree of Markdown as Block Kit: rich text, whose words Slack never reads as mentions or markup, headers and tables.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from connectors.chat.markdown import (
    Block,
    Code,
    Grid,
    Heading,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    marked,
    plain,
    words,
)

Json = dict[str, JsonValue]

_DEEPEST = 8
_MOST_COLUMNS = 20
_MOST_ROWS = 100
_MOST_IN_TABLE = 9_000
_WIDEST = 100
_LONGEST_HEADER = 150
_LONGEST_URL = 3_000
_FIGURE = re.compile(r"[-+]?[\d.,]+ ?(?:%|[a-zA-Zµ/]{1,5})?")
_BLANK = "\u00a0"


@dataclass
class Writer:
    """Writes one message: ``blocks`` afterwards. ``tables`` says how many may be native, ``apart`` how often a header,
    a divider or a table may break the rich text in two.
    """

    tables: int = 1
    apart: int = 12
    blocks: list[JsonValue] = field(default_factory=list)
    _parts: list[Json] = field(default_factory=list)

    def write(self, tree: Sequence[Block]) -> list[JsonValue]:
        """All blocks of the message, these included."""
        for block in tree:
            self._write(block, 0)
        self._flush()
        return self.blocks

    def _write(self, block: Block, depth: int) -> None:
        match block:
            case Heading(level=level, runs=runs):
                self._heading(level, runs)
            case Paragraph(runs=runs):
                self._section(runs)
            case Code(text=code):
                self._part("rich_text_preformatted", (Run(code),))
            case Quote(blocks=blocks):
                self._part("rich_text_quote", flat(blocks))
            case Listing():
                self._listing(block, depth)
            case Grid():
                self._grid(block)
            case Rule():
                self._divider()

    def _heading(self, level: int, runs: Runs) -> None:
        title = words(runs).strip()
        if level <= 2 and self.apart > 0 and 0 < len(title) <= _LONGEST_HEADER and not any(run.href for run in runs):
            self._alone({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}})
        else:
            self._section(tuple(Run(run.text, bold=True, code=run.code, href=run.href) for run in runs))

    def _divider(self) -> None:
        if self.apart > 0:
            self._alone({"type": "divider"})
        else:
            self._section((Run("———"),))

    def _section(self, runs: Runs) -> None:
        if not words(runs).strip():
            return
        last = self._parts[-1] if self._parts else None
        if last and last["type"] == "rich_text_section" and isinstance(last["elements"], list):
            last["elements"] += [_element(Run("\n\n")), *(_element(run) for run in runs)]
        else:
            self._part("rich_text_section", runs)

    def _part(self, kind: str, runs: Runs) -> None:
        if any(run.text for run in runs):
            self._parts.append({"type": kind, "elements": [_element(run) for run in runs if run.text]})

    def _listing(self, block: Listing, depth: int) -> None:
        for number, item in enumerate(block.items, start=max(block.start, 1)):
            begun = False
            for inner in item:
                if isinstance(inner, Paragraph | Heading):
                    self._item(block, (depth, number), inner.runs, begun=begun)
                    begun = True
                else:
                    self._write(inner, depth + 1)

    def _item(self, block: Listing, at: tuple[int, int], runs: Runs, *, begun: bool) -> None:
        depth, number = min(at[0], _DEEPEST), at[1]
        style = "ordered" if block.ordered else "bullet"
        last = self._parts[-1] if self._parts else {}
        same = last.get("type") == "rich_text_list" and (last["style"], last["indent"]) == (style, depth)
        items = last.get("elements")
        said: Json = {"type": "rich_text_section", "elements": [_element(run) for run in runs or (Run(_BLANK),)]}
        if begun:
            self._more(items if same else None, runs)
        elif same and isinstance(items, list):
            items.append(said)
        else:
            offset: Json = {"offset": number - 1} if block.ordered and number > 1 else {}
            self._parts.append(
                {"type": "rich_text_list", "style": style, "indent": depth, **offset, "elements": [said]}
            )

    def _more(self, items: JsonValue, runs: Runs) -> None:
        """A further paragraph of the item before, or one by itself when code or a list stands between."""
        last = items[-1] if isinstance(items, list) else None
        inside = last.get("elements") if isinstance(last, dict) else None
        if isinstance(inside, list):
            inside += [_element(Run("\n")), *(_element(run) for run in runs)]
        else:
            self._section(runs)

    def _grid(self, grid: Grid) -> None:
        if self.tables > 0 and self.apart > 0 and fits_table(grid):
            self.tables -= 1
            self._alone(table(grid))
        else:
            for block in spelled(grid):
                self._write(block, 0)

    def _alone(self, block: Json) -> None:
        self._flush()
        self.apart -= 1
        self.blocks.append(block)

    def _flush(self) -> None:
        if self._parts:
            parts: list[JsonValue] = [*self._parts]
            self.blocks.append({"type": "rich_text", "elements": parts})
            self._parts = []


def fits_table(grid: Grid) -> bool:
    """Whether Slack's table block holds it (docs.slack.dev/reference/block-kit/blocks/table-block)."""
    rows = (grid.header, *grid.rows)
    size = sum(len(words(cell)) + 1 for row in rows for cell in row)
    return len(grid.header) <= _MOST_COLUMNS and len(rows) <= _MOST_ROWS and size <= _MOST_IN_TABLE


def table(grid: Grid) -> Json:
    """A table block; columns of figures are set to the right."""
    columns = range(len(grid.header))
    figures = [_all_figures([words(row[column]) for row in grid.rows]) for column in columns]
    settings: list[JsonValue] = [{"align": "right" if one else "left", "is_wrapped": True} for one in figures]
    rows: list[JsonValue] = [[_cell(cell) for cell in row] for row in (grid.header, *grid.rows)]
    return {"type": "table", "column_settings": settings, "rows": rows}


def spelled(grid: Grid) -> tuple[Block, ...]:
    """A table without a table block: in columns when it is narrow, else row by row with the name of each cell."""
    rows = [[" ".join(words(cell).split()) for cell in row] for row in (grid.header, *grid.rows)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(grid.header))]
    total = sum(widths) + 3 * len(widths)
    if total <= _WIDEST and total * len(rows) <= 2 * sum(len(cell) + 3 for row in rows for cell in row) + 200:
        lines = [" | ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        lines.insert(1, "-+-".join("-" * width for width in widths))
        return (Code("\n".join(line.rstrip() for line in lines)),)
    items = tuple((Paragraph(_named(grid.header, row)),) for row in grid.rows)
    return (Listing(ordered=False, start=1, items=items),) if items else (Paragraph(_named(grid.header, grid.header)),)


def _named(header: Sequence[Runs], row: Sequence[Runs]) -> Runs:
    said: list[Run] = []
    for name, cell in zip(header, row, strict=True):
        said += [Run(", " if said else ""), Run(f"{words(name)}: ", bold=True), *cell]
    return tuple(run for run in said if run.text)


def flat(blocks: Sequence[Block]) -> Runs:
    """Blocks as running text, for where Slack has no blocks."""
    said: list[Run] = []
    for number, block in enumerate(blocks):
        said += [Run("\n")] if number else []
        match block:
            case Heading(runs=runs) | Paragraph(runs=runs):
                said += runs
            case Code(text=code):
                said.append(Run(code, code=True))
            case Listing():
                for first, (mark, item) in enumerate(marked(block)):
                    said += [Run(f"\n{mark} " if first else f"{mark} "), *flat(item)]
            case _:
                said.append(Run(plain((block,))))
    return tuple(run for run in said if run.text)


def weight(value: JsonValue | Sequence[JsonValue]) -> int:
    """The characters that blocks show, and those of addresses: what Slack's limit of a message counts, or more."""
    if isinstance(value, dict):
        own = sum(len(one) for name, one in value.items() if name in ("text", "url") and isinstance(one, str))
        return own + sum(weight(inner) for inner in value.values())
    return sum(weight(inner) for inner in value) if isinstance(value, list) else 0


def _element(run: Run) -> JsonValue:
    style: Json = {name: True for name in ("bold", "italic", "strike", "code") if getattr(run, name)}
    styled: Json = {"style": style} if style else {}
    if run.href and len(run.href) <= _LONGEST_URL:
        return {"type": "link", "url": run.href, "text": run.text, **styled}
    shown = f"{run.text} ({run.href})" if run.href and run.href != run.text else run.text
    return {"type": "text", "text": shown, **styled}


def _cell(runs: Runs) -> JsonValue:
    if any(run.href or run.bold or run.italic or run.strike or run.code for run in runs):
        elements: list[JsonValue] = [_element(run) for run in runs]
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    return {"type": "raw_text", "text": words(runs) or _BLANK}


def _all_figures(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_FIGURE.fullmatch(cell) for cell in filled)


def _width(said: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in said)


def _padded(said: str, width: int) -> str:
    return said + " " * (width - _width(said))
