"""Atlassian Document Format, the JSON of Jira Cloud's texts, turned into Markdown.

Its nodes: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

import datetime as dt
import re
from html import escape

from pydantic import JsonValue

from connectors.sources.formats.html import read as read_html

_TAGS = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "taskList": "ul",
    "taskItem": "li",
    "decisionList": "ul",
    "decisionItem": "li",
    "blockquote": "blockquote",
    "panel": "blockquote",
    "expand": "div",
    "nestedExpand": "div",
    "table": "table",
    "tableRow": "tr",
    "tableHeader": "th",
    "tableCell": "td",
    "mediaSingle": "p",
    "layoutSection": "div",
    "layoutColumn": "div",
}
_EMPTY = {"hardBreak": "<br/>", "rule": "<hr/>"}


def markdown(document: JsonValue) -> str:
    """The text of a document, or of any node of one; whatever is no such thing is left out. Never raises."""
    if not isinstance(document, dict):
        return ""
    markup = "".join(["<main>", *_html(document), "</main>"]).replace("\0", "")
    return read_html(markup.encode(errors="replace")).text


def _html(document: dict[str, JsonValue]) -> list[str]:
    """By way of HTML, whose reader knows lists, tables, links that are none, and where nesting ends."""
    parts: list[str] = []
    waiting: list[JsonValue] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, dict):
            opening, closing = _tags(str(node.get("type")), node, _attributes(node))
            content = node.get("content")
            parts.append(opening)
            waiting.append(closing)
            # A string in the list is markup of ours; the document's own has none outside of text nodes.
            waiting += (
                [child for child in reversed(content) if isinstance(child, dict)] if isinstance(content, list) else []
            )
    return parts


def _attributes(node: dict[str, JsonValue]) -> dict[str, str]:
    attributes = node.get("attrs")
    found = attributes if isinstance(attributes, dict) else {}
    return {key: str(value) for key, value in found.items() if isinstance(value, str | int)}


def _tags(kind: str, node: dict[str, JsonValue], attributes: dict[str, str]) -> tuple[str, str]:
    """What stands before and after the content of a node."""
    if kind == "heading":
        tag = f"h{attributes.get('level')}" if attributes.get("level") in set("123456") else "h6"
        return f"<{tag}>", f"</{tag}>"
    if kind == "codeBlock":
        language = "".join(sign for sign in attributes.get("language", "") if sign.isalnum() or sign in "+#-")
        return f'<pre class="language-{language}">' if language else "<pre>", "</pre>"
    if kind in _TAGS:
        return f"<{_TAGS[kind]}>{_opening(kind, attributes)}", f"</{_TAGS[kind]}>"
    return _EMPTY.get(kind) or (_marked(node) if kind == "text" else _inline(kind, attributes)), ""


def _opening(kind: str, attributes: dict[str, str]) -> str:
    """What a block says before its content."""
    if kind == "taskItem":
        return "[x] " if attributes.get("state") == "DONE" else "[ ] "
    if kind == "panel":
        return f"<p>{escape(attributes.get('panelType', 'info').capitalize())}:</p>"
    title = attributes.get("title", "") if kind in ("expand", "nestedExpand") else ""
    return f"<p>{escape(title)}</p>" if title else ""


def _inline(kind: str, attributes: dict[str, str]) -> str:
    if kind.endswith("Card"):
        url = attributes.get("url", "")
        return _linked(url, escape(url))
    if kind == "date":
        return _day(attributes.get("timestamp", ""))
    if kind == "media":
        return escape(attributes.get("alt", ""))
    seen = kind in ("mention", "emoji", "status")
    return escape(attributes.get("text") or attributes.get("shortName", "")) if seen else ""


def _day(milliseconds: str) -> str:
    """The date of a time since 1970; empty when it is none."""
    if not milliseconds.isdecimal() or len(milliseconds) > 14:
        return ""
    return dt.datetime.fromtimestamp(int(milliseconds) // 1000, dt.UTC).date().isoformat()


def _marked(node: dict[str, JsonValue]) -> str:
    text = escape(str(node.get("text") or ""))
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        if not isinstance(mark, dict):
            continue
        if mark.get("type") == "code":
            text = f"<code>{text}</code>"
        elif mark.get("type") == "link":
            text = _linked(_attributes(mark).get("href", ""), text)
    return text


def _linked(url: str, text: str) -> str:
    """The text as a link, unless the address is none that could stand in Markdown."""
    return f'<a href="{escape(url)}">{text}</a>' if re.fullmatch(r"https?://[^\s<>\"]+", url) else text
