"""A ticket of Jira: what the API gives of it, and how it is told."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AliasChoices, BaseModel, Field, JsonValue

from connectors.tools.summary import clock
from connectors.tools.untrusted import one_line

COLUMNS = ("key", "type", "status", "priority", "created", "updated", "summary", "assignee", "link")
_LONGEST_TEXT, _LONGEST_COMMENT, _MOST_COMMENTS = 6000, 1500, 20
_DEEPEST = 40
_BLOCKS = frozenset(("paragraph", "heading", "codeBlock", "listItem", "taskItem", "tableRow", "rule", "mediaSingle"))
_NAMED = ("text", "shortName", "url", "alt", "timestamp")


class _Name(BaseModel):
    name: str = Field(default="", validation_alias=AliasChoices("displayName", "name"))

    def __str__(self) -> str:
        return one_line(self.name)


class _Comment(BaseModel):
    body: JsonValue = None
    created: datetime
    author: _Name | None = None
    visibility: dict[str, JsonValue] | None = None


class _Comments(BaseModel):
    comments: list[_Comment] = []


class _Roles(BaseModel):
    roles: dict[str, JsonValue] = Field(default={}, alias="issuerestrictions")


class _Fields(BaseModel):
    summary: str = ""
    created: datetime
    updated: datetime
    description: JsonValue = None
    status: _Name | None = None
    issuetype: _Name | None = None
    priority: _Name | None = None
    resolution: _Name | None = None
    assignee: _Name | None = None
    reporter: _Name | None = None
    labels: list[str] = []
    components: list[_Name] = []
    comment: _Comments = _Comments()
    security: _Name | None = None
    issuerestriction: _Roles | None = None


class Ticket(BaseModel):
    """A ticket, as much of it as was asked for."""

    key: str
    fields: _Fields

    @property
    def restricted(self) -> bool:
        """Whether only some people may read it (a security level, or a team-managed project's roles)."""
        roles = self.fields.issuerestriction
        return self.fields.security is not None or bool(roles and roles.roles)

    def row(self, link: str) -> tuple[str, ...]:
        """The ticket under COLUMNS."""
        its = self.fields
        state = " ".join(filter(None, (str(its.status or ""), f"({its.resolution})" if its.resolution else "")))
        times = (clock(one.timestamp()) for one in (its.created, its.updated))
        facts = (str(its.issuetype or ""), state, str(its.priority or ""))
        return self.key, *facts, *times, one_line(its.summary), str(its.assignee or ""), link


class Found(BaseModel):
    """One page of tickets."""

    issues: list[Ticket]
    next: str | None = Field(default=None, alias="nextPageToken")
    total: int = 0


def in_full(ticket: Ticket, *, restricted: bool) -> tuple[str, bool]:
    """All of a ticket in words, and whether something was cut; ``restricted`` tells reserved comments, too."""
    its = ticket.fields
    _, kind, state, priority, created, updated, summary, assignee, _ = ticket.row("")
    facts = {
        "type": kind,
        "state": state,
        "priority": priority,
        "assignee": assignee,
        "reporter": str(its.reporter or ""),
        "created": created,
        "updated": updated,
        "components": ", ".join(map(str, its.components)),
        "labels": ", ".join(map(one_line, its.labels)),
    }
    description = plain(its.description)
    comments = [one for one in its.comment.comments if restricted or not one.visibility]
    shown = comments[-_MOST_COMMENTS:]
    lines = [f"{ticket.key} {summary}", *(f"{name}: {value}" for name, value in facts.items() if value)]
    lines += [description[:_LONGEST_TEXT] or "(no description)"]
    lines += [f"{len(comments)} comments, the last {len(shown)}:"] if comments else ["(no comments)"]
    said = [(f"{clock(one.created.timestamp())} {one.author or 'somebody'}", plain(one.body)) for one in shown]
    lines += [f"{head}: {text[:_LONGEST_COMMENT]}" for head, text in said]
    long = len(description) > _LONGEST_TEXT or any(len(text) > _LONGEST_COMMENT for _, text in said)
    return "\n".join(lines), long or len(shown) < len(comments)


def plain(document: JsonValue) -> str:
    """The words of a text, its blocks on lines of their own; whatever is no such thing says nothing. Never raises.

    The nodes: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    """
    if isinstance(document, str):
        return document.replace("\r\n", "\n").strip()
    lines = "".join(_words(document, 0)).splitlines()
    return "\n".join(line.rstrip(" |") for line in lines if line.strip())


def _words(node: JsonValue, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    kind, content = node.get("type"), node.get("content")
    yield from _before(kind)
    yield _own(node)
    inside = (word for child in (content if isinstance(content, list) else []) for word in _words(child, depth + 1))
    if kind in ("tableCell", "tableHeader"):
        yield " ".join("".join(inside).split()) + " | "
    else:
        yield from inside
    if kind in _BLOCKS:
        yield "\n"


def _before(kind: JsonValue) -> Iterator[str]:
    if kind in ("listItem", "taskItem"):
        yield "- "
    elif kind == "hardBreak":
        yield "\n"


def _own(node: dict[str, JsonValue]) -> str:
    """What a node without children says itself."""
    if node.get("type") == "text":
        return str(node.get("text") or "")
    attributes = node.get("attrs")
    if not isinstance(attributes, dict) or node.get("content"):
        return ""
    return next((str(attributes[name]) for name in _NAMED if attributes.get(name)), "")
