"""Slack's two ways of writing text, and its blocks, as HTML."""

import base64
import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from pydantic import JsonValue

from connectors.chat.fakes.slack_emoji import NAMES
from connectors.chat.fakes.slack_json import Json, items, mapping, mappings, text
from connectors.chat.fakes.slack_reading import said
from connectors.chat.fakes.slack_transcript import speaker
from connectors.chat.fakes.slack_workspace import StoredFile, Workspace

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_STYLES = (("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code"))


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class Markup:
    """Renders with the names and files of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._shown: dict[str, Callable[[Json], str]] = {
            "section": self._section, "header": self._header, "divider": lambda _: "<hr>", "context": self._context,
            "actions": self._actions, "context_actions": self._actions, "image": self._image, "table": self._table,
            "markdown": lambda one: _markdown().render(text(one.get("text"))), "rich_text": self._rich,
            "input": self._input,
        }  # fmt: skip

    def block(self, block: Json) -> str:
        """One block."""
        shown = self._shown.get(text(block.get("type")))
        return f'<div class="block">{shown(block)}</div>' if shown else ""

    def blocks(self, blocks: JsonValue) -> str:
        """Blocks one under the other."""
        return "".join(self.block(one) for one in mappings(blocks))

    def mrkdwn(self, words: str) -> str:
        """Slack's own markup (docs.slack.dev/messaging/formatting-message-text)."""
        parts = re.split(r"```(.*?)```", words, flags=re.DOTALL)
        return "".join(f"<pre>{_safe(one.strip())}</pre>" if n % 2 else self._prose(one) for n, one in enumerate(parts))

    def _prose(self, words: str) -> str:
        parts = re.split(r"`([^`\n]+)`", words)
        shown = "".join(f"<code>{_safe(one)}</code>" if n % 2 else self._inline(one) for n, one in enumerate(parts))
        lines = [f"<blockquote>{one[4:].strip()}</blockquote>" if one.startswith("&gt;") else one + "<br>"
                 for one in shown.split("\n")]  # fmt: skip
        return "".join(lines).removesuffix("<br>")

    def _inline(self, words: str) -> str:
        parts = re.split(r"<([^<>\n]+)>", words)
        return "".join(self._control(one) if n % 2 else _styled(one) for n, one in enumerate(parts))

    def _control(self, inner: str) -> str:
        name, _, label = inner.partition("|")
        if name.startswith("@"):
            return _mention("@" + (speaker(self._workspace, name[1:]) or label or name[1:]))
        if name.startswith("#"):
            channel = self._workspace.channels.get(name[1:])
            return _mention("#" + (channel.name if channel else label or name[1:]))
        if name.startswith("!"):
            return _mention(label or "@" + name[1:].partition("^")[0])
        return _link(name, label or name)

    def text_object(self, value: JsonValue) -> str:
        """A text object of either kind."""
        one = mapping(value)
        words = text(one.get("text"))
        return self.mrkdwn(words) if one.get("type") == "mrkdwn" else _emoji(_safe(words)).replace("\n", "<br>")

    def _section(self, block: Json) -> str:
        fields = "".join(f"<div>{self.text_object(one)}</div>" for one in items(block.get("fields")))
        shown = (self.text_object(block.get("text")) if block.get("text") else "") + (
            f'<div class="fields">{fields}</div>' if fields else ""
        )
        accessory = mapping(block.get("accessory"))
        return f'<div class="with"><div>{shown}</div>{self._element(accessory)}</div>' if accessory else shown

    def _header(self, block: Json) -> str:
        return f'<div class="header">{self.text_object(block.get("text"))}</div>'

    def _context(self, block: Json) -> str:
        inner = "".join(f"<span>{self._element(one)}</span>" for one in mappings(block.get("elements")))
        return f'<div class="context">{inner}</div>'

    def _actions(self, block: Json) -> str:
        return f'<div class="row">{"".join(self._element(one) for one in mappings(block.get("elements")))}</div>'

    def _element(self, one: Json) -> str:
        kind = text(one.get("type"))
        if kind in ("mrkdwn", "plain_text"):
            return self.text_object(one)
        if kind == "image":
            return self._image(one)
        if kind == "feedback_buttons":
            both = (mapping(one.get(name)) for name in ("positive_button", "negative_button"))
            return "".join(f'<span class="button">{self.text_object(each.get("text"))}</span>' for each in both)
        label = self.text_object(one.get("text") or one.get("placeholder") or {"text": "⋯"})
        return f'<span class="button {escape(text(one.get("style")))}">{label}</span>'

    def _image(self, block: Json) -> str:
        named = mapping(block.get("slack_file"))
        file = self._workspace.files.get(text(named.get("id")))
        title = f"<small>{self.text_object(block['title'])}</small>" if block.get("title") else ""
        source = picture(file) if file else escape(text(block.get("image_url")))
        return f'{title}<img src="{source}" alt="{escape(text(block.get("alt_text")))}">'

    def _table(self, block: Json) -> str:
        rows = [
            "".join(f"<td>{self._cell(mapping(one))}</td>" for one in items(row)) for row in items(block.get("rows"))
        ]
        head = rows[0].replace("<td>", "<th>").replace("</td>", "</th>") if rows else ""
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{one}</tr>' for one in rows[1:])}</table>"

    def _cell(self, cell: Json) -> str:
        return _safe(text(cell.get("text"))) if cell.get("type") == "raw_text" else self._rich(cell)

    def _rich(self, one: Json) -> str:
        kind = text(one.get("type"))
        inner = [self._rich(each) for each in mappings(one.get("elements"))]
        if kind == "rich_text_list":
            tag = "ol" if one.get("style") == "ordered" else "ul"
            return f"<{tag}>{''.join(f'<li>{each}</li>' for each in inner)}</{tag}>"
        wrapped = {"rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}.get(kind)
        if wrapped:
            return f"<{wrapped}>{''.join(inner)}</{wrapped}>"
        return "".join(inner) if kind.startswith("rich_text") else self._piece(kind, one)

    def _piece(self, kind: str, one: Json) -> str:
        if kind == "user":
            return self._control("@" + text(one.get("user_id")))
        if kind == "link":
            return _link(text(one.get("url")), text(one.get("text")) or text(one.get("url")))
        if kind == "emoji":
            return _emoji(f":{text(one.get('name'))}:")
        if kind == "broadcast":
            return _mention("@" + text(one.get("range")))
        shown = _safe(text(one.get("text"))).replace("\n", "<br>")
        for name, tag in _STYLES:
            shown = f"<{tag}>{shown}</{tag}>" if mapping(one.get("style")).get(name) else shown
        return shown

    def _input(self, block: Json) -> str:
        element = mapping(block.get("element"))
        held = text(element.get("initial_value")) or said(mapping(element.get("initial_option")).get("text"))
        choices = [_safe(said(one.get("text"))) for one in mappings(element.get("options"))]
        hint = f'<div class="hint">{self.text_object(block["hint"])}</div>' if block.get("hint") else ""
        shown = _safe(held) or " · ".join(choices)
        return f'<b>{self.text_object(block.get("label"))}</b><span class="field">{shown}</span>{hint}'


def picture(file: StoredFile) -> str:
    """A picture as an address that holds it."""
    return f"data:{escape(file.media_type)};base64,{base64.b64encode(file.content or b'').decode()}"


def _safe(words: str) -> str:
    plain = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return escape(plain)


def _emoji(shown: str) -> str:
    return re.sub(r":([a-z0-9_+-]+):", lambda found: NAMES.get(found[1], found[0]), shown)


def _styled(words: str) -> str:
    shown = _safe(words)
    for mark, tag in ((r"\*", "b"), ("_", "i"), ("~", "s")):
        shown = re.sub(rf"(?<!\w){mark}(?=\S)([^\n]*?\S){mark}(?!\w)", rf"<{tag}>\1</{tag}>", shown)
    return _emoji(shown)


def _mention(name: str) -> str:
    return f'<span class="mention">{_safe(name)}</span>'


def _link(url: str, label: str) -> str:
    return f'<a href="{_safe(url)}">{_safe(label)}</a>'
