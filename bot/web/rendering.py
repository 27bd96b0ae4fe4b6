"""Markdown that nobody vouches for becomes HTML that cannot do anything: no scripts, no images, no surprising links."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

MARK = re.compile(r"\[(\d{1,3})\]")
WEB = frozenset({"http", "https"})
PROSE = {"a", "blockquote", "br", "button", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "p", "s", "strong"}
BLOCKS = {"code", "li", "ol", "pre", "table", "tbody", "td", "th", "thead", "tr", "ul"}


def to_html(text: str, cited: frozenset[int] = frozenset()) -> str:
    """Safe HTML of untrusted Markdown.

    ``[n]`` becomes a button with ``data-citation="n"`` when ``n`` is in ``cited`` and stays text otherwise. Links go
    to http and https only. Raw HTML comes out as text, an image as its description.
    """
    return CLEANER.clean(MARKDOWN.render(text, {"cited": cited}))


def web_link(link: str) -> str:
    """The link when it leads to a web page, else an empty string."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme.lower() in WEB and parts.netloc else ""


def _citation(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the signature of a markdown-it rule
    found = MARK.match(state.src, state.pos)
    if found is None or int(found[1]) not in state.env.get("cited", ()):
        return False
    if not silent:
        state.push("citation", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _unlink(state: StateCore) -> None:
    """Take the link off everything that does not lead to a web page, and keep its words."""
    for block in state.tokens:
        if block.children:
            block.children = _without_foreign_links(block.children)


def _without_foreign_links(tokens: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    opened: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            opened.append(bool(web_link(str(token.attrGet("href") or ""))))
        if token.type not in {"link_open", "link_close"} or opened[-1]:
            kept.append(token)
        if token.type == "link_close":
            opened.pop()
    return kept


def _any_link(url: str) -> bool:
    return bool(url)


def _citation_html(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    number = tokens[index].content
    return f'<button type="button" class="citation" data-citation="{number}">{number}</button>'


def _image_html(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    # Fetching a picture would tell its server that this answer was read, and whatever the address carries.
    return f"<em>{renderer.renderInlineAsText(tokens[index].children or [], options, env)}</em>"


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    # "[1]: https://…" would quietly turn every citation mark into a link of the writer's choice.
    markdown.disable("reference")
    markdown.inline.ruler.before("link", "citation", _citation)
    markdown.core.ruler.push("unlink", _unlink)
    # Every link gets as far as _unlink, which decides and keeps its words.
    markdown.validateLink = _any_link  # type: ignore[method-assign]  # the documented way to set it
    markdown.add_render_rule("citation", _citation_html)
    markdown.add_render_rule("image", _image_html)
    return markdown


MARKDOWN = _markdown()
CLEANER = nh3.Cleaner(
    tags=PROSE | BLOCKS,
    attributes={"a": {"href"}, "button": {"type", "data-citation"}, "ol": {"start"}},
    allowed_classes={"button": {"citation"}},
    set_tag_attribute_values={"a": {"target": "_blank"}},
    url_schemes=set(WEB),
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)
