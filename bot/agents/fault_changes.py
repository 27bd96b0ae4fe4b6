"""Which of the changes that systems tell of explains a trouble, and which are ruled out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from pydantic import JsonValue, ValidationError

from bot.agents.exploration import Explored
from bot.agents.sightings import moment
from bot.analysis.changes import Breakage, Explanation, Objection, rank_changes
from bot.desk import Desk
from bot.incident import Category, Excluded, Finding
from bot.observations import Observation
from bot.vocabulary import Language
from connectors.tools.port import Change
from knowledge.service_graph import ServiceGraph

_MOST, _MOST_EXCLUDED, _LEAST = 3, 4, 0.02
_SAME = {
    "at": ("time", "at", "timestamp", "created_at", "date", "deployed_at", "started_at", "creation_date"),
    "service": ("service", "app", "application", "deployment", "workload", "name", "repository", "subject_name"),
    "summary": ("what", "summary", "message", "title", "description", "change"),
    "kind": ("kind", "type", "sort", "category"),
    "environment": ("environment", "env", "stage"),
    "version": ("version", "revision", "commit", "sha", "tag"),
    "author": ("by", "author", "user", "actor"),
}
_CAUSES: tuple[tuple[str, Category], ...] = (
    ("flag", "configuration"),
    ("config", "configuration"),
    ("migration", "data"),
)
_SAYS = {
    "en": "{kind} of {service} {lead} before it began: {summary}",
    "zh": "故障开始前{lead}，{service} 有变更（{kind}）：{summary}",
}
_LEADS = {
    "en": ("less than a minute", "{:.0f} min", "{:.0f} h"),
    "zh": ("不到一分钟", " {:.0f} 分钟", " {:.0f} 小时"),
}
_RULED_OUT: Mapping[Objection, Mapping[str, str]] = {
    "after the break": {"en": "Not “{what}” ({service}): it came after the trouble began.",
                        "zh": "不是“{what}”（{service}）：发生在故障开始之后。"},
    "another environment": {"en": "Not “{what}” ({service}): it was in another environment.",
                            "zh": "不是“{what}”（{service}）：在另一个环境。"},
    "unrelated service": {"en": "Not “{what}” ({service}): the service has nothing to do with it.",
                          "zh": "不是“{what}”（{service}）：该服务与故障无关。"},
}  # fmt: skip


def changed(desk: Desk, explored: Explored, graph: ServiceGraph) -> tuple[list[Finding], list[Excluded]]:
    """The best explanations among the changes that were seen, as findings, and those that are ruled out."""
    tools = {one.name for one in explored.tools if one.kind == "changes"}
    told: dict[str, tuple[Change, str, str]] = {}
    for seen, text in explored.seen:
        if seen.tool in tools and seen.outcome == "answered":
            for change, quote in _changes(seen, text):
                # Several questions bring the same change, and rows have no ids of their own.
                told.setdefault(f"{change.at}/{change.service}/{change.summary}", (change, seen.id, quote))
    named = {key: change.model_copy(update={"id": key}) for key, (change, _, _) in told.items()}
    trouble = desk.trouble
    broke = Breakage(trouble.began, trouble.services, trouble.environment)
    ranked = rank_changes(named.values(), graph, broke)
    best = [one for one in ranked if one.ruled_out is None and one.score >= _LEAST][:_MOST]
    found = [_finding(desk, one, told[one.change.id], at) for at, one in enumerate(best, 1)]
    out = [one for one in ranked if one.ruled_out is not None][:_MOST_EXCLUDED]
    return found, [_excluded(desk, one, told[one.change.id]) for one in out]


def _lead(lead: timedelta, language: Language) -> str:
    moments, minutes, hours = _LEADS[language]
    spent = round(lead.total_seconds() / 60)
    if spent < 1:
        return moments
    return minutes.format(spent) if spent < 120 else hours.format(spent / 60)


def _finding(desk: Desk, one: Explanation, source: tuple[Change, str, str], number: int) -> Finding:
    change, id, quote = source
    cause = next((cause for word, cause in _CAUSES if word in change.kind.casefold()), "deployment")
    lead = _lead(one.lead, desk.trouble.language)
    says = _SAYS[desk.trouble.language].format(
        kind=change.kind, service=change.service, lead=lead, summary=change.summary[:200]
    )
    return Finding(
        id=f"{desk.expert}-change-{number}",
        by=desk.expert,
        kind="change",
        says=says,
        cites=(id,),
        quote=quote,
        service=change.service,
        cause=cause,
        weight=round(min(0.95, 0.25 + 0.7 * one.score), 3),
        at=change.at,
    )


def _excluded(desk: Desk, one: Explanation, source: tuple[Change, str, str]) -> Excluded:
    assert one.ruled_out is not None  # noqa: S101  # the caller keeps only those
    words = _RULED_OUT[one.ruled_out][desk.trouble.language]
    return Excluded(says=words.format(what=one.change.summary[:120], service=one.change.service), cites=(source[1],))


def _changes(seen: Observation, text: str) -> Iterator[tuple[Change, str]]:
    """Changes out of a table, else out of JSON; each with what of the text is about it."""
    rows: Sequence[Mapping[str, object]] = [dict(zip(seen.columns, row, strict=True)) for row in seen.rows]
    for row in rows or list(_records(text)):
        change = _change(row)
        if change is not None:
            lines = (line.strip() for line in text.split("\n") if change.summary[:60] in line)
            yield change, next(lines, "")[:400]


def _records(text: str) -> Iterator[Mapping[str, object]]:
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return
    lists = [found] if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else []
    for some in lists:
        if isinstance(some, list):
            yield from (one for one in some if isinstance(one, dict))


def _change(row: Mapping[str, object]) -> Change | None:
    """A row as a change; None for one that does not say when, where and what."""
    lower = {key.casefold(): str(value) for key, value in row.items() if value not in (None, "")}
    given = {ours: next((lower[one] for one in theirs if one in lower), "") for ours, theirs in _SAME.items()}
    at = moment(given.pop("at"))
    kind = given.pop("kind") or "deployment"
    try:
        return Change(id=given["summary"][:100], at=at, kind=kind[:200], **given) if at else None
    except ValidationError:
        return None
