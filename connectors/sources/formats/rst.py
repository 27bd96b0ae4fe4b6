"""reStructuredText turned into Markdown by walking the document tree; files are never included, raw is never passed."""

import re
from collections.abc import Callable

from docutils import nodes
from docutils.core import publish_doctree

from connectors.sources.formats.page import Page, fence, pipe_table
from connectors.sources.formats.text import decode

# See "Deploying Docutils Securely" in the docutils documentation.
_SAFE = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "line_length_limit": 1_000_000,
    "input_encoding": "unicode",
}
_ROLE = re.compile(r":[\w:+.-]{1,60}:`([^`<]{1,300}?)\s{0,9}(?:<[^`>]{1,300}>)?`")


def read(raw: bytes) -> Page:
    """Directives and roles that docutils does not know keep their text."""
    source = decode(raw)
    tree = publish_doctree(source, settings_overrides=_SAFE)
    title = tree.get("title", "")
    body = _blocks(tree, 1)
    if title and not body.startswith("# "):
        body = f"# {title}\n\n{body}"
    return Page(title=title, text=re.sub(r"\n{3,}", "\n\n", body).strip())


def _blocks(node: nodes.Element, level: int) -> str:
    rendered = (_block(child, level) for child in node.children)
    return "\n\n".join(text for text in rendered if text)


def _block(node: nodes.Node, level: int) -> str:
    if not isinstance(node, nodes.Element):
        return str(node.astext())
    for kind, render in _RENDER:
        if isinstance(node, kind):
            return render(node, level)
    return _inline(node) if isinstance(node, nodes.TextElement) else _blocks(node, level)


def _section(node: nodes.Element, level: int) -> str:
    return _blocks(node, level + 1)


def _title(node: nodes.Element, level: int) -> str:
    return f"{'#' * min(level, 6)} {_inline(node)}"


def _code(node: nodes.Element, level: int) -> str:
    del level
    classes: list[str] = node.get("classes", [])
    language = [name for name in classes if name != "code"]
    return fence(node.astext(), language[0] if language else "")


def _bullets(node: nodes.Element, level: int) -> str:
    return "\n".join(_item(child, "- ", level) for child in node.children if isinstance(child, nodes.Element))


def _numbers(node: nodes.Element, level: int) -> str:
    items = [child for child in node.children if isinstance(child, nodes.Element)]
    first = int(node.get("start", 1))
    return "\n".join(_item(item, f"{number}. ", level) for number, item in enumerate(items, first))


def _item(node: nodes.Element, mark: str, level: int) -> str:
    return mark + _blocks(node, level).replace("\n\n", "\n").replace("\n", "\n" + " " * len(mark))


def _definition(node: nodes.Element, level: int) -> str:
    term = " ".join(_inline(child) for child in node.children if isinstance(child, nodes.term))
    return f"**{term}**\n" + "\n\n".join(
        _blocks(child, level) for child in node.children if isinstance(child, nodes.definition)
    )


def _table(node: nodes.Element, level: int) -> str:
    del level
    return pipe_table([[cell.astext() for cell in row.findall(nodes.entry)] for row in node.findall(nodes.row)])


def _admonition(node: nodes.Element, level: int) -> str:
    name = "" if type(node) is nodes.admonition else f"**{type(node).__name__.capitalize()}:** "
    return "\n".join("> " + line for line in (name + _blocks(node, level)).splitlines())


def _unknown_directive(node: nodes.Element, level: int) -> str:
    """The body of a directive that docutils refused, without its options; nothing of the refusal itself."""
    del level
    lines = [line for block in node.findall(nodes.literal_block) for line in block.astext().splitlines()]
    if lines and re.match(r"\.\. (?:include|raw|literalinclude|csv-table)::", lines[0]):
        return ""
    first = re.sub(r"^\.\. [\w:-]+::\s*", "", lines[0]) if lines else ""
    rest = [line.strip() for line in lines[1:] if not re.match(r"\s*:[\w-]+:", line)]
    return _plain("\n".join([first, *rest]).strip())


def _nothing(node: nodes.Element, level: int) -> str:
    del node, level
    return ""


def _inline(node: nodes.Node) -> str:
    if isinstance(node, nodes.literal):
        return f"`{node.astext()}`"
    if isinstance(node, nodes.reference) and str(node.get("refuri", "")).startswith(("http://", "https://")):
        return f"[{node.astext()}]({node['refuri']})"
    if isinstance(node, nodes.image):
        return str(node.get("alt", ""))
    if isinstance(node, nodes.Text) or not isinstance(node, nodes.Element):
        return _plain(node.astext())
    return "".join(_inline(child) for child in node.children)


def _plain(text: str) -> str:
    """An unknown role in its plain form: ``:ref:`the title <label>``` is ``the title``."""
    return _ROLE.sub(r"\1", text)


_RENDER: tuple[tuple[type, Callable[[nodes.Element, int], str]], ...] = (
    (nodes.comment, _nothing),
    (nodes.substitution_definition, _nothing),
    (nodes.target, _nothing),
    (nodes.section, _section),
    (nodes.title, _title),
    (nodes.literal_block, _code),
    (nodes.bullet_list, _bullets),
    (nodes.enumerated_list, _numbers),
    (nodes.definition_list_item, _definition),
    (nodes.table, _table),
    (nodes.system_message, _unknown_directive),
    (nodes.Admonition, _admonition),
)
