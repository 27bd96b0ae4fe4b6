"""Confluence's storage format, XHTML with macros, turned into Markdown.

Its elements: https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote_plus

from bs4 import BeautifulSoup, Tag

from connectors.sources.formats.html import read as read_html
from connectors.sources.formats.page import CannotRead

_ADMONITIONS = {
    "info": "Info",
    "note": "Note",
    "warning": "Warning",
    "tip": "Tip",
    "panel": "",
    "success": "",
    "error": "",
}
# What these show is on other pages, or is a program's output; their parameters are no text.
_SILENT = frozenset(
    {"toc", "toc-zone", "children", "pagetree", "anchor", "html", "html-include", "style", "include", "excerpt-include"}
    | {"attachments", "livesearch", "recently-updated", "contentbylabel", "gallery", "iframe", "widget"}
)
_SIGNS = {"tick": "✓", "cross": "✗", "warning": "⚠", "information": "ℹ", "plus": "+", "minus": "-", "question": "?"}
_BLOCKS = {
    "ac:task-list": "ul",
    "ac:layout": "div",
    "ac:layout-section": "div",
    "ac:layout-cell": "div",
    "ac:rich-text-body": "div",
    "ac:adf-fallback": "div",
    "ac:adf-content": "div",
}
_DROPPED = frozenset(
    {"ac:parameter", "ac:placeholder", "ac:task-id", "ac:task-uuid", "ac:task-status", "ac:adf-attribute", "ac:caption"}
)
_MOST_SEARCHING = 200_000_000


def markdown(storage: str, base: str = "", space: str = "") -> str:
    """The page's text. Links to pages are made from ``base``, the site's address, and the page's own ``space``.

    Raises CannotRead.
    """
    markup = _without_cdata(storage.replace("\0", ""))
    # See the HTML reader: openings without an end would keep the parser busy for hours.
    if max(len(part) * part.count("<") for part in markup.split(">")) > _MOST_SEARCHING:
        raise CannotRead("damaged markup: tags without an end")
    soup = BeautifulSoup(markup, "html.parser")
    page = _Page(soup, base, space)
    waiting: list[Tag] = [soup]
    while waiting:
        # Children come after their parent: what a macro has turned into a leaf is not walked into.
        for child in list(waiting.pop().children):
            if isinstance(child, Tag):
                _plain(child, page)
                waiting.append(child)
    return read_html(f"<main>{soup.decode(formatter='minimal')}</main>".encode(errors="replace")).text


def _without_cdata(storage: str) -> str:
    """Character data as escaped text: an HTML parser ends it at the first ``>``."""
    first, *rest = storage.split("<![CDATA[")
    parts = [first]
    for part in rest:
        data, end, after = part.partition("]]>")
        parts += [escape(data, quote=False), after] if end else [escape(part, quote=False)]
    return "".join(parts)


@dataclass(frozen=True)
class _Page:
    soup: BeautifulSoup
    base: str
    space: str

    def paragraph(self, text: str) -> Tag:
        paragraph = self.soup.new_tag("p")
        paragraph.string = text
        return paragraph

    def link(self, title: str, space: str) -> str:
        key = space or self.space
        return f"{self.base}/display/{quote_plus(key)}/{quote_plus(title)}" if self.base and key and title else ""


def _plain(tag: Tag, page: _Page) -> None:
    """Turn one element of Confluence's into HTML; others stay as they are."""
    if tag.name in _REWRITES:
        _REWRITES[tag.name](tag, page)
    elif tag.name in _DROPPED or tag.name.startswith("ri:"):
        _become(tag, "span", "")
    elif tag.name.startswith("ac:"):
        tag.name = _BLOCKS.get(tag.name, "span")


def _image(tag: Tag, page: _Page) -> None:
    del page
    _become(tag, "span", _attribute(tag, "ac:alt") or _resource(tag, "ri:attachment", "ri:filename"))


def _sign(tag: Tag, page: _Page) -> None:
    del page
    _become(tag, "span", _attribute(tag, "ac:emoji-fallback") or _SIGNS.get(_attribute(tag, "ac:name"), ""))


def _time(tag: Tag, page: _Page) -> None:
    del page
    _become(tag, "span", _attribute(tag, "datetime"))


def _task(tag: Tag, page: _Page) -> None:
    del page
    done = _text(_child(tag, "ac:task-status")) == "complete"
    tag.name = "li"
    tag.insert(0, "[x] " if done else "[ ] ")


def _extension(tag: Tag, page: _Page) -> None:
    """The new editor's boxes come twice: as nodes, and as HTML for those who do not know the nodes."""
    del page
    node = _child(tag, "ac:adf-node")
    if node and _child(tag, "ac:adf-fallback"):
        _become(node, "span", "")
    tag.name = "blockquote"


def _macro(tag: Tag, page: _Page) -> None:
    name = _attribute(tag, "ac:name").lower()
    given = {_attribute(one, "ac:name"): one for one in tag.find_all("ac:parameter", recursive=False)}
    body, code = _child(tag, "ac:rich-text-body"), _child(tag, "ac:plain-text-body")
    title = _text(given.get("title"))
    if name in _SILENT or _text(given.get("hidden")) == "true":
        _become(tag, "span", "")
    elif code:
        _code(tag, code, _text(given.get("language")) or ("" if name in ("code", "noformat") else name))
        _ = tag.insert_before(page.paragraph(title)) if title else None
    elif body:
        tag.name = "blockquote" if name in _ADMONITIONS else "div"
        kind = _ADMONITIONS.get(name, "")
        opening = f"{kind}: {title}" if kind and title else f"{kind}:" if kind else title
        _ = body.insert(0, page.paragraph(opening)) if opening else None
    else:
        # A status lozenge shows its title, a Jira macro its key; others show what only the server knows.
        _become(tag, "span", f"[{title}]" if name == "status" and title else _text(given.get("key")))


def _code(tag: Tag, code: Tag, language: str) -> None:
    text = code.get_text()
    _become(tag, "pre", text)
    safe = "".join(sign for sign in language.lower() if sign.isalnum() or sign in "+#-")
    tag.attrs = {"class": f"language-{safe}"} if safe else {}


def _link(tag: Tag, page: _Page) -> None:
    target = _child(tag, "ri:page") or _child(tag, "ri:blog-post")
    title = _attribute(target, "ri:content-title")
    body = _child(tag, "ac:link-body") or _child(tag, "ac:plain-text-link-body")
    text = _text(body) or title or _resource(tag, "ri:attachment", "ri:filename")
    url = page.link(title, _attribute(target, "ri:space-key")) if target else _resource(tag, "ri:url", "ri:value")
    _become(tag, "a" if url else "span", text)
    tag.attrs = {"href": url} if url else {}


def _become(tag: Tag, name: str, text: str) -> None:
    tag.clear()
    tag.name, tag.attrs = name, {}
    if text:
        tag.append(text)


def _resource(tag: Tag, name: str, attribute: str) -> str:
    return _attribute(_child(tag, name), attribute)


def _child(tag: Tag, name: str) -> Tag | None:
    found = tag.find(name, recursive=False)
    return found if isinstance(found, Tag) else None


def _attribute(tag: Tag | None, name: str) -> str:
    return str(tag.get(name) or "").strip() if tag else ""


def _text(tag: Tag | None) -> str:
    return " ".join(tag.get_text().split()) if tag else ""


_REWRITES: Mapping[str, Callable[[Tag, _Page], None]] = {
    "ac:structured-macro": _macro,
    "ac:macro": _macro,
    "ac:link": _link,
    "ac:image": _image,
    "ac:emoticon": _sign,
    "ac:emoji": _sign,
    "ac:task": _task,
    "ac:adf-extension": _extension,
    "time": _time,
}
