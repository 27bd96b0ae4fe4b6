"""Slack's mrkdwn as Markdown (docs.slack.dev/messaging/formatting-message-text)."""

import re
from collections.abc import Callable

from connectors.sources.formats.inline import code, link, outside_code, prose
from connectors.sources.formats.page import fence

Names = Callable[[str], str]
"""The display name for an id of a user or a group; the id itself when it is not known."""

_FENCED = re.compile(r"```(.*?)```", re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_ENTITY = re.compile(r"<([^<>\n]{1,3000})>")
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,3000})(?<=\S)\*(?![\w*])")
_STRUCK = re.compile(r"(?<![\w~])~(?=\S)([^~\n]{1,3000})(?<=\S)~(?![\w~])")
# What somebody typed as text would be a mention again where the decoded text is posted.
_REVIVED = re.compile(r"<(?=[@#][A-Z][A-Z0-9]|!(?:channel|here|everyone|subteam|date))")


def markdown(text: str, names: Names) -> str:
    """Links, bold and struck text, code and quotes; mentions as plain names, which notify nobody."""
    pieces = _FENCED.split(text)
    parts = [
        fence(_decoded(_bare(piece))) if number % 2 else _prose(piece, names).strip()
        for number, piece in enumerate(pieces)
    ]
    return "\n\n".join(part for part in parts if part.strip())


def _prose(text: str, names: Names) -> str:
    pieces = _SPAN.split(text)
    parts = [code(_decoded(_bare(one))) if number % 2 else _named(one, names) for number, one in enumerate(pieces)]
    return outside_code(prose("".join(parts)), lambda part: _STRUCK.sub(r"~~\1~~", _BOLD.sub(r"**\1**", part)))


def _named(text: str, names: Names) -> str:
    pieces = _ENTITY.split(text)
    return "".join(
        _entity(one, names) if number % 2 else _REVIVED.sub("< ", _decoded(one)) for number, one in enumerate(pieces)
    )


def _entity(inside: str, names: Names) -> str:
    target, _, label = (_decoded(part) for part in inside.partition("|"))
    if target.startswith("@"):
        return f"@{names(target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return (label or names(target.partition("^")[2]) or target[1:].partition("^")[0]).lstrip("@")
    return link(label or target, target)


def _bare(text: str) -> str:
    """Entities inside code, where Slack makes links too, as the text that was typed."""
    return _ENTITY.sub(lambda found: found[1].partition("|")[2] or found[1].partition("|")[0], text)


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
