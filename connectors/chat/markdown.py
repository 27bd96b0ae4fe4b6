"""A model's Markdown as a small tree, from which each platform renders its own format; markdown-it-py reads it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode


@dataclass(frozen=True)
class Run:
    """Text of one style, with line breaks as newlines. ``href`` is empty, or starts with http, https or mailto."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    href: str = ""


Runs = tuple[Run, ...]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 6."""

    level: int
    runs: Runs


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    runs: Runs


@dataclass(frozen=True)
class Code:
    """Lines that are shown as they are; ``language`` as the fence names it, or empty."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Quote:
    """What is quoted."""

    blocks: "tuple[Block, ...]"


@dataclass(frozen=True)
class Listing:
    """A list; each item holds blocks, further lists among them. ``start`` is the number of an ordered list's first."""

    ordered: bool
    start: int
    items: "tuple[tuple[Block, ...], ...]"


@dataclass(frozen=True)
class Grid:
    """A table: its first row is the header, and all rows are as long as it."""

    header: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True)
class Rule:
    """A line across."""


Block = Heading | Paragraph | Code | Quote | Listing | Grid | Rule

# Deeper than anybody writes; markdown-it drops what is nested deeper than its limit, so that is taken as it stands.
_DEEPEST = 160
_LONGEST = 100_000
# Each opened bracket is looked for in all that follow: ten times as many take a hundred times as long.
_BRACKETS = 5_000
# Control characters, and those that turn the direction of what follows: a name could be made to read as another.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BARE = re.compile(r"https?://[^\s<>\"'`|\\\u3000-\u303f\uff00-\uffef]+", re.IGNORECASE)
_CELL_END = re.compile(r"(?<!\\)\|")
_TRAILING = ".,;:!?)]}*_~"
_LIKE_AN_ADDRESS = re.compile(r"(?:[a-z][a-z+.-]*://)?((?:[\w-]+\.)+[a-z]{2,})(?=[/:?#]|$)", re.IGNORECASE)

# Without "reference": a line such as "[1]: https://…" would vanish, and turn every citation mark [1] into a link.
_READER = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
_READER.disable("reference")


def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a text. It never fails and leaves no words out: HTML is text, a picture becomes a link to it.

    A link that leads elsewhere than its words say shows where. https://spec.commonmark.org, tables as on GitHub.
    """
    cleaned = clean(text)
    if not cleaned.strip():
        return ()
    if len(cleaned) > _LONGEST or cleaned.count("[") > _BRACKETS:
        return (Paragraph((Run(cleaned),)),)
    tokens = _READER.parse(cleaned)
    if any(token.level >= _DEEPEST - 2 for token in tokens):
        return (Paragraph((Run(cleaned),)),)
    return _blocks(SyntaxTreeNode(tokens), cleaned.split("\n"))


def clean(text: str) -> str:
    """The text without what cannot be seen or sent: control characters, changes of direction, halves of characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _UNSEEN.sub("", lines))


def words(runs: Sequence[Run]) -> str:
    """The text of runs, without their style; a link shows its address unless that is what it says."""
    return "".join(_worded(runs))


def plain(blocks: Sequence[Block]) -> str:
    """The blocks as text for where there is no format at all: it reads well, and holds every word."""
    return "\n\n".join(_plain_block(block) for block in blocks)


def _worded(runs: Sequence[Run]) -> Iterator[str]:
    for number, run in enumerate(runs):
        yield run.text
        following = runs[number + 1].href if number + 1 < len(runs) else ""
        said = "".join(one.text for one in runs if one.href == run.href) if run.href else ""
        if run.href and following != run.href and not _says(said, run.href):
            yield f" ({run.href})"


def _says(said: str, href: str) -> bool:
    return said.strip().rstrip("/").removeprefix("mailto:") in (href.rstrip("/"), href.removeprefix("mailto:"))


def _plain_block(block: Block) -> str:
    shown = ""
    match block:
        case Heading(runs=runs) | Paragraph(runs=runs):
            shown = words(runs)
        case Code(text=text):
            shown = text
        case Quote(blocks=blocks):
            shown = "\n".join(f"> {line}" for line in plain(blocks).split("\n"))
        case Listing():
            shown = "\n".join(_plain_item(mark, item) for mark, item in marked(block))
        case Grid(header=header, rows=rows):
            shown = "\n".join(" | ".join(" ".join(words(cell).split()) for cell in row) for row in (header, *rows))
        case Rule():
            shown = "———"
    return shown


def marked(block: Listing) -> list[tuple[str, tuple[Block, ...]]]:
    """Each item of a list with its number and a full stop, or a bullet."""
    return [(f"{block.start + n}." if block.ordered else "•", item) for n, item in enumerate(block.items)]


def _plain_item(mark: str, item: Sequence[Block]) -> str:
    inside = "\n".join(_plain_block(block) for block in item)
    return f"{mark} " + inside.replace("\n", "\n  ")


Lines = Sequence[str]


def _blocks(node: SyntaxTreeNode, lines: Lines) -> tuple[Block, ...]:
    return tuple(block for child in node.children if (block := _block(child, lines)) is not None)


def _block(node: SyntaxTreeNode, lines: Lines) -> Block | None:
    block: Block | None = None
    match node.type:
        case "heading":
            block = Heading(int(node.tag[1:]), _runs_of(node))
        case "paragraph":
            block = Paragraph(_runs_of(node))
        case "fence" | "code_block":
            block = _code(node)
        case "blockquote":
            block = Quote(_blocks(node, lines))
        case "bullet_list" | "ordered_list":
            block = _listing(node, lines)
        case "table":
            block = _grid(node, lines)
        case "hr":
            block = Rule()
    return block


def _code(node: SyntaxTreeNode) -> Block:
    text = node.content.removesuffix("\n")
    # More than a language behind a fence is text that somebody began in the same line.
    return Code(text, node.info.strip()) if len(node.info.split()) <= 1 else Code(f"{node.info.strip()}\n{text}")


def _listing(node: SyntaxTreeNode, lines: Lines) -> Block:
    ordered = node.type == "ordered_list"
    start = int(node.attrs.get("start", 1)) if ordered else 1
    return Listing(ordered, start, tuple(_blocks(item, lines) for item in node.children))


def _grid(node: SyntaxTreeNode, lines: Lines) -> Block:
    rows = [row for part in node.children for row in part.children]
    if any(_cells(row, lines) > len(rows[0].children) for row in rows):
        first, end = node.map or (0, 0)
        return Code("\n".join(lines[first:end]))
    cells = [tuple(_runs_of(cell) for cell in row.children) for row in rows]
    return Grid(cells[0], tuple(cells[1:]))


def _cells(row: SyntaxTreeNode, lines: Lines) -> int:
    """How many cells the line of a row holds; markdown-it leaves out those that are more than the header has."""
    line = lines[row.map[0]] if row.map else ""
    return len(_CELL_END.findall(line.strip().strip("|"))) + 1


def _runs_of(node: SyntaxTreeNode) -> Runs:
    inline = [run for child in node.children for run in _inline(child.children, Run(""))]
    return _joined(inline)


def _inline(nodes: Sequence[SyntaxTreeNode], style: Run) -> Iterator[Run]:
    for node in nodes:
        if node.type == "text":
            yield from _linked(replace(style, text=_BREAK.sub("\n", node.content)))
        elif node.type == "code_inline":
            yield replace(style, text=node.content, code=True)
        elif node.type in ("softbreak", "hardbreak"):
            yield replace(style, text="\n")
        elif node.type in ("link", "image"):
            yield from _reference(node, style)
        else:
            yield from _inline(node.children, _styled(style, node.type))


def _styled(style: Run, kind: str) -> Run:
    bold, italic, strike = (style.bold or kind == "strong", style.italic or kind == "em", style.strike or kind == "s")
    return replace(style, bold=bold, italic=italic, strike=strike)


def _reference(node: SyntaxTreeNode, style: Run) -> Iterator[Run]:
    href = str(node.attrs.get("src" if node.type == "image" else "href", ""))
    label = tuple(replace(run, href="") for run in _inline(node.children, style))
    title = str(node.attrs.get("title", ""))
    said = "".join(run.text for run in label)
    if not _followed(href):
        yield from (*label, replace(style, text=f" ({unquote(href)})")) if href else label
    elif not said.strip():
        yield replace(style, text=href, href=href)
    elif _misleads(said, href):
        yield from (*label, replace(style, text=" ("), replace(style, text=href, href=href), replace(style, text=")"))
    else:
        yield from (replace(run, href=href) for run in label)
    yield replace(style, text=f" ({title})" if title else "")


def _followed(href: str) -> bool:
    return href.lower().startswith(("https://", "http://", "mailto:")) and " " not in href


def _misleads(said: str, href: str) -> bool:
    named = _LIKE_AN_ADDRESS.match(said.strip())
    try:
        host = urlsplit(href).hostname
    except ValueError:
        return True
    return named is not None and host is not None and named[1].lower() != host


def _linked(run: Run) -> Iterator[Run]:
    """Addresses that stand in the text by themselves become links."""
    end = 0
    for found in _BARE.finditer(run.text):
        address = found[0].rstrip(_TRAILING)
        yield replace(run, text=run.text[end : found.start()])
        yield replace(run, text=address, href=run.href or address)
        end = found.start() + len(address)
    yield replace(run, text=run.text[end:])


def _joined(runs: Sequence[Run]) -> Runs:
    joined: list[Run] = []
    for run in runs:
        if joined and replace(joined[-1], text="") == replace(run, text=""):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        elif run.text:
            joined.append(run)
    return tuple(joined)
