"""HTML turned into Markdown; what a browser would not show is dropped."""

import re

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import NavigableString, PageElement

from connectors.sources.formats.page import CannotRead, Page, fence, pipe_table
from connectors.sources.formats.text import decode

_NEVER_SHOWN = frozenset(
    {"script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "embed", "head"}
    | {"nav", "footer", "form", "button", "select", "input", "textarea"}
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.IGNORECASE
)
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "main", "header", "aside", "body", "address", "hr", "blockquote", "pre"}
    | {"ul", "ol", "li", "dl", "dt", "dd", "table", "figure", "figcaption", "details", "summary"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_DEEPEST = 60
_MOST_SEARCHING = 200_000_000


def read(raw: bytes) -> Page:
    """The main part of the page: ``<main>`` or ``<article>`` when there is exactly one, else the body.

    Raises CannotRead.
    """
    markup = decode(raw)
    # The parser looks for the end of each opening anew, so that many without one would keep it busy for hours.
    if max(len(part) * part.count("<") for part in markup.split(">")) > _MOST_SEARCHING:
        raise CannotRead("damaged HTML: tags without an end")
    soup = BeautifulSoup(markup, "html.parser")
    heading = soup.find("h1")
    title = _flat(soup.title) if soup.title else _flat(heading) if isinstance(heading, Tag) else ""
    _drop_hidden(soup)
    main = soup.find_all("main") or soup.find_all("article")
    root = main[0] if len(main) == 1 else soup.body or soup
    return Page(title=title, text=re.sub(r"\n{3,}", "\n\n", _block(root, 0)).strip())


def _drop_hidden(root: Tag) -> None:
    """Only the outermost of nested elements is taken out: each removal costs as much as what it holds is deep."""
    waiting: list[Tag] = [root]
    hidden: list[Tag] = []
    while waiting:
        for child in waiting.pop().children:
            if isinstance(child, Tag):
                (hidden if _hidden(child) else waiting).append(child)
    for element in hidden:
        element.extract()


def _hidden(element: Tag) -> bool:
    attributes = element.attrs or {}
    return (
        element.name in _NEVER_SHOWN
        or "hidden" in attributes
        or str(attributes.get("aria-hidden", "")).lower() == "true"
        or bool(_HIDDEN_STYLE.search(str(attributes.get("style", ""))))
    )


def _is_block(element: Tag) -> bool:
    return element.name in _BLOCKS


def _flat(element: Tag) -> str:
    return " ".join(element.get_text(" ").split())


def _block(element: Tag, depth: int) -> str:
    if depth > _DEEPEST:
        return _flat(element)
    parts: list[str] = []
    line: list[str] = []
    for child in element.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_is_block)):
            parts += ["".join(line).strip(), _element(child, depth + 1)]
            line = []
        else:
            line.append(_inline(child, depth))
    parts.append("".join(line).strip())
    return "\n\n".join(part for part in parts if part)


def _element(tag: Tag, depth: int) -> str:
    if re.fullmatch("h[1-6]", tag.name):
        return f"{'#' * int(tag.name[1])} {_flat(tag)}" if _flat(tag) else ""
    if tag.name in ("ul", "ol"):
        return _list(tag, depth)
    special = {"pre": _code, "table": _table, "blockquote": _quote}.get(tag.name)
    return special(tag, depth) if special else _block(tag, depth)


def _list(tag: Tag, depth: int) -> str:
    items = [_block(item, depth) for item in tag.find_all("li", recursive=False)]
    marks = [f"{number}. " if tag.name == "ol" else "- " for number in range(1, len(items) + 1)]
    return "\n".join(
        mark + item.replace("\n\n", "\n").replace("\n", "\n" + " " * len(mark))
        for mark, item in zip(marks, items, strict=True)
        if item
    )


def _code(tag: Tag, depth: int) -> str:
    del depth
    inner = tag.find("code")
    classes = str((inner if isinstance(inner, Tag) else tag).get("class") or "")
    language = re.search(r"(?:language|lang|highlight)-([\w+#-]+)", classes)
    return fence(tag.get_text(), language[1] if language else "")


def _table(tag: Tag, depth: int) -> str:
    del depth
    return pipe_table([[_flat(cell) for cell in row.find_all(["th", "td"])] for row in tag.find_all("tr")])


def _quote(tag: Tag, depth: int) -> str:
    return "\n".join("> " + line for line in _block(tag, depth).splitlines())


def _inline(node: PageElement, depth: int) -> str:
    if isinstance(node, Tag):
        return _inline_tag(node, depth)
    if isinstance(node, NavigableString) and not isinstance(node, Comment):
        return re.sub(r"\s+", " ", str(node))
    return ""


def _inline_tag(tag: Tag, depth: int) -> str:
    if tag.name == "br":
        return "\n"
    if tag.name == "img":
        return str(tag.get("alt") or "")
    if tag.name in ("code", "kbd", "samp", "tt"):
        return f"`{_flat(tag)}`" if _flat(tag) else ""
    inner = "".join(_inline(child, depth + 1) for child in tag.children) if depth < _DEEPEST else _flat(tag)
    return _link(tag, inner) if tag.name == "a" else inner


def _link(tag: Tag, inner: str) -> str:
    target = str(tag.get("href") or "")
    return f"[{inner.strip()}]({target})" if inner.strip() and re.match(r"https?://[^\s()]+$", target) else inner
