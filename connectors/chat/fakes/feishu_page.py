"""A chat of the fake Feishu as a page of HTML, to be looked at and photographed."""

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

from markdown_it import MarkdownIt

from connectors.chat.fakes.feishu_messages import Message, readable
from connectors.chat.fakes.feishu_terms import Json

Pictures = Mapping[str, tuple[str, bytes]]
_COLOURS = ("#3370ff", "#7f3bf5", "#14c0ff", "#34c724", "#ff8800", "#f54a45")
_HEADS = {"blue": "#e1eaff", "red": "#fde2e2", "orange": "#feead2", "green": "#d9f5d6", "grey": "#eff0f1"}
_TAG = re.compile(r"&lt;(/?)(font|text_tag|at|number_tag)\b((?:(?!&gt;).)*)&gt;")
_STYLE = """
body{margin:0;background:#f2f3f5;font:14px/1.6 -apple-system,"PingFang SC","Noto Sans CJK SC","Segoe UI",sans-serif;
color:#1f2329}
header.bar{background:#fff;border-bottom:1px solid #dee0e3;padding:14px 24px;font-size:16px;font-weight:600}
main{max-width:860px;margin:0 auto;padding:16px 24px}
.message{display:flex;gap:10px;margin:14px 0}.message.answer{margin-left:48px}
.face{width:36px;height:36px;border-radius:50%;color:#fff;flex:none;text-align:center;line-height:36px}
.name{font-size:12px;color:#8f959e}.bot{background:#d9e5ff;color:#245bdb;border-radius:3px;padding:0 4px;font-size:10px}
.bubble{background:#fff;border-radius:8px;padding:8px 12px;display:inline-block;white-space:pre-wrap}
.card{background:#fff;border:1px solid #dee0e3;border-radius:8px;width:600px;max-width:100%;overflow:hidden}
.card>.head{padding:12px;font-weight:600;font-size:16px}.card>.head small{display:block;font-weight:400}
.card>.body{padding:12px}.card p{margin:4px 0}.card img,.bubble img{max-width:100%;border-radius:6px}
.card table{border-collapse:collapse;width:100%;font-size:13px;margin:6px 0}
.card td,.card th{border:1px solid #dee0e3;padding:5px 8px;text-align:left}.card th{background:#f5f6f7}
.card pre{background:#f5f6f7;border-radius:6px;padding:8px;overflow-x:auto;font-size:12px}
.card blockquote{margin:4px 0;padding-left:10px;border-left:2px solid #bbbfc4;color:#646a73}
.card details{border:1px solid #dee0e3;border-radius:6px;padding:6px 10px;margin:8px 0}
.small{font-size:12px;color:#8f959e}
.columns{display:flex;gap:8px;flex-wrap:wrap;align-items:center}
button{border:1px solid #d0d3d6;background:#fff;border-radius:6px;padding:4px 12px;font:inherit}
button.primary,button.primary_filled{background:#3370ff;border-color:#3370ff;color:#fff}
button.danger{color:#f54a45;border-color:#f54a45}
input{border:1px solid #d0d3d6;border-radius:6px;padding:5px 8px;width:95%;font:inherit}
hr{border:0;border-top:1px solid #dee0e3}.streaming::after{content:"▍";color:#3370ff}
"""


def page(title: str, said: Sequence[tuple[str, Message]], pictures: Pictures, own_name: str) -> str:
    """The whole page. What people and bots said is escaped."""
    body = "".join(_message(name, one, pictures) for name, one in said)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f'<header class="bar">{escape(title)} <span class="small">with {escape(own_name)}</span></header>'
        f"<main>{body}</main></html>\n"
    )


def _message(name: str, one: Message, pictures: Pictures) -> str:
    mark = ' <span class="bot">BOT</span>' if one.sender_type == "app" else ""
    colour = _COLOURS[sum(map(ord, name)) % len(_COLOURS)]
    kind = "message answer" if one.root_id else "message"
    inner = _card(one.card(), one, pictures) if one.entity and not one.deleted else _bubble(one, pictures)
    return (
        f'<div class="{kind}"><div class="face" style="background:{colour}">{escape(name[:1].upper())}</div>'
        f'<div><div class="name">{escape(name)}{mark}</div>{inner}</div></div>'
    )


def _bubble(one: Message, pictures: Pictures) -> str:
    shown = "".join(_picture(key, pictures) for key in sorted(one.keys) if key.startswith("img_"))
    said = readable(one)
    return f'<div class="bubble">{shown if said == "(image)" else escape(said) + shown}</div>'


def _picture(key: str, pictures: Pictures) -> str:
    if key not in pictures:
        return '<span class="small">(picture)</span>'
    kind, content = pictures[key]
    return f'<img alt="" src="data:{kind};base64,{base64.b64encode(content).decode()}">'


def _card(card: Json, one: Message, pictures: Pictures) -> str:
    header = card.get("header") or {}
    colour = _HEADS.get(str(header.get("template")), "#fff")
    title, subtitle = (escape(str((header.get(part) or {}).get("content", ""))) for part in ("title", "subtitle"))
    head = f'<div class="head" style="background:{colour}">{title}<small>{subtitle}</small></div>' if title else ""
    elements = (card.get("body") or {}).get("elements") or card.get("elements") or []
    kind = "body streaming" if one.streaming else "body"
    return f'<div class="card">{head}<div class="{kind}">{_elements(elements, pictures)}</div></div>'


def _elements(elements: object, pictures: Pictures) -> str:
    found = elements if isinstance(elements, list) else []
    return "".join(_element(one, pictures) for one in found if isinstance(one, dict))


def _element(one: Json, pictures: Pictures) -> str:
    tag = one.get("tag")
    if tag in ("markdown", "lark_md", "plain_text"):
        return _text(one)
    if tag in ("hr", "img"):
        return "<hr>" if tag == "hr" else _picture(str(one.get("img_key")), pictures)
    if tag == "table":
        return _table(one)
    controls = ("button", "input", "select_static", "overflow", "chart")
    return _control(one) if tag in controls else _container(one, pictures)


def _container(one: Json, pictures: Pictures) -> str:
    inner = _elements(one.get("elements"), pictures)
    if one.get("tag") == "column_set":
        columns = "".join(_column(each, pictures) for each in one.get("columns", []))
        return f'<div class="columns">{columns}</div>'
    if one.get("tag") == "collapsible_panel":
        summary = _text((one.get("header") or {}).get("title") or {}, inline=True)
        return f"<details{' open' if one.get('expanded') else ''}><summary>{summary}</summary>{inner}</details>"
    fields = "".join(f"<p>{_text(each.get('text') or {}, inline=True)}</p>" for each in one.get("fields") or [])
    actions = _elements(one.get("actions"), pictures)
    return f"<div>{_text(one.get('text') or {})}{fields}{actions}{inner}</div>"


def _column(one: Json, pictures: Pictures) -> str:
    grows = int(one.get("weight", 1)) if one.get("width") == "weighted" else 0
    return f'<div style="flex:{grows} 1 auto">{_elements(one.get("elements"), pictures)}</div>'


def _control(one: Json) -> str:
    label = escape(str((one.get("text") or one.get("placeholder") or {}).get("content", "")))
    if one["tag"] == "button":
        disabled = " disabled" if one.get("disabled") else ""
        return f'<button class="{escape(str(one.get("type", "default")))}"{disabled}>{label}</button> '
    if one["tag"] == "chart":
        return '<p class="small">(chart)</p>'
    before = escape(str((one.get("label") or {}).get("content", "")))
    return f'<p>{before}<input placeholder="{label}" value="{escape(str(one.get("default_value") or ""))}"></p>'


def _table(one: Json) -> str:
    columns = one.get("columns", [])
    head = "".join(f"<th>{escape(str(column.get('display_name', '')))}</th>" for column in columns)
    rows = ""
    for row in one.get("rows", []):
        cells = (row.get(column["name"], "") for column in columns)
        rows += "<tr>" + "".join(f"<td>{_cell(column, cell)}</td>" for column, cell in zip(columns, cells, strict=True))
    return f"<table><tr>{head}</tr>{rows}</table>"


def _cell(column: Json, value: object) -> str:
    marked = column.get("data_type") in ("lark_md", "markdown")
    return _text({"tag": "lark_md", "content": str(value)}, inline=True) if marked else escape(str(value))


def _text(one: Json, *, inline: bool = False) -> str:
    content = str(one.get("content", ""))
    if not content:
        return ""
    if one.get("tag") == "plain_text":
        return escape(content) if inline else f"<p>{escape(content)}</p>"
    # HTML is off, so that the tags of cards arrive escaped; they only colour what is in them.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    shown = str(parser.renderInline(content) if inline else parser.render(content))
    small = one.get("text_size") in ("notation", "small", "x-small")
    shown = _TAG.sub("", shown)
    return f'<div class="small">{shown}</div>' if small else shown
