"""What happened before: asked of the incident memory when a question tells of something broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import assert_never

from bot.rules.trouble import asks_what_happened_before, tells_of_trouble, without_asking_before
from bot.vocabulary import Evidence, Language, RewrittenQuery
from knowledge.incidents import Incident
from knowledge.library import Library
from knowledge.reasons import (
    NearInMeaning,
    Neighbours,
    Reason,
    SameComponents,
    SameServices,
    SameSymptom,
    SameTime,
    SharedNames,
    Trouble,
)
from knowledge.service_graph import ServiceGraph
from knowledge.similarity import Similar, similar
from knowledge.taxonomy import Kind, read_taxonomy

MOST, MOST_UNASKED = 3, 2
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "when": "Started {when} UTC",
        "lasted": "lasted {lasted}",
        "symptom": "Symptom: {said}",
        "cause": "Cause: {said}",
        "fix": "Fix: {said}",
        "similar": "Similar because: {reasons}.",
        ",": ", ",
        ";": "; ",
        ".": ".",
    },
    "zh": {
        "when": "开始于 {when} UTC",
        "lasted": "持续 {lasted}",
        "symptom": "现象：{said}",
        "cause": "原因：{said}",
        "fix": "处理：{said}",
        "similar": "相似之处：{reasons}。",
        ",": "，",
        ";": "；",
        ".": "。",
    },
}
_REASONS: Mapping[str, Mapping[Language, str]] = {
    "symptom": {"en": "the same symptom ({})", "zh": "现象相同（{}）"},
    "names": {"en": "both name {}", "zh": "都提到 {}"},
    "near": {"en": "near in meaning: “{}”", "zh": "描述相近：“{}”"},
    "service": {"en": "the same service ({})", "zh": "同一服务（{}）"},
    "neighbour": {"en": "one depends on the other ({})", "zh": "有依赖关系（{}）"},
    "component": {"en": "the same component ({})", "zh": "同一组件（{}）"},
    "time": {"en": "the same time of the week ({})", "zh": "一周中的同一时间（{}）"},
}
_DAYS: Mapping[Language, str] = {"en": "Mon Tue Wed Thu Fri Sat Sun", "zh": "周一 周二 周三 周四 周五 周六 周日"}


@dataclass(frozen=True)
class Incidents:
    """Evidence out of past incidents and resolved tickets with the same symptom, and why they are similar."""

    library: Library
    graph: ServiceGraph
    name: str = "incident memory"

    def wants(self, query: RewrittenQuery) -> bool:
        """Only a description of something broken, or a question for what happened before."""
        return query.route != "action" and any(
            asks_what_happened_before(text) or tells_of_trouble(text) for text in (query.text, query.asked)
        )

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """At most 3 incidents that the person may read; 2 that are clearly similar when they did not ask for any."""
        asked = any(asks_what_happened_before(text) for text in (query.text, query.asked))
        at = query.entities.window.start if query.entities.window else query.asked_at
        description = without_asking_before(query.text)
        trouble = Trouble(description, at, query.entities.services, query.groups, query.scope.knowledge)
        found = await similar(self.library, self.graph, trouble, MOST)
        if not asked:
            found = [one for one in found if _clearly(one)][:MOST_UNASKED]
        return tuple(_evidence(one, query.language) for one in found)


def _clearly(one: Similar) -> bool:
    """Whether the symptom speaks for it twice, or once and at the same service."""
    symptom = sum(isinstance(reason, SameSymptom | SharedNames | NearInMeaning) for reason in one.reasons)
    return symptom > 1 or any(isinstance(reason, SameServices) for reason in one.reasons)


def _evidence(one: Similar, language: Language) -> Evidence:
    past, words = one.incident, _WORDS[language]
    why = words[";"].join(said(reason, language) for reason in one.reasons)
    parts = {"symptom": past.symptom, "cause": past.cause, "fix": past.fix}
    lines = [
        *(words[part].format(said=text) for part, text in parts.items() if text),
        _when(past, language),
        words["similar"].format(reasons=why),
    ]
    return Evidence(
        id=f"incident:{past.document_id}",
        kind="incident",
        title=past.title if past.id in past.title else f"{past.id}: {past.title}",
        heading=", ".join(past.services),
        text="\n".join(f"- {line}" for line in lines if line),
        link=past.link,
        document_id=past.document_id,
        chunk_id=one.chunk_id,
        score=one.score,
        similarity=one.similarity,
    )


def _when(past: Incident, language: Language) -> str:
    words = _WORDS[language]
    started = past.started.astimezone(UTC) if past.started else None
    parts = [
        words["when"].format(when=f"{started:%Y-%m-%d %H:%M}") if started else "",
        words["lasted"].format(lasted=_length(past.lasted, language)) if past.lasted else "",
        past.severity,
    ]
    line = words[","].join(part for part in parts if part)
    return line + words["."] if line else ""


def _length(span: timedelta, language: Language) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    if language == "zh":
        return (
            (f"{hours} 小时" if hours else "")
            + (" " if hours and minutes else "")
            + (f"{minutes} 分钟" if minutes else "")
        )
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])


def said(reason: Reason, language: Language) -> str:
    """A reason in words; names and the incident's own sentence stay as they are."""
    key, values = _told(reason, language)
    return _REASONS[key][language].format(", ".join(values) if language == "en" else "、".join(values))


def _told(reason: Reason, language: Language) -> tuple[str, tuple[str, ...]]:
    match reason:
        case SameSymptom(symptoms):
            told = "symptom", tuple(_name("symptom", one, language) for one in symptoms)
        case SharedNames(values):
            told = "names", values
        case NearInMeaning(sentence):
            told = "near", (sentence,)
        case SameServices(values):
            told = "service", values
        case Neighbours(path):
            told = "neighbour", (" › ".join(path),)
        case SameComponents(values):
            told = "component", tuple(_name("component", one, language) for one in values)
        case SameTime(weekday, hour):
            told = "time", (f"{_DAYS[language].split()[weekday]} {hour:02}:00",)
        case _:
            assert_never(reason)
    return told


def _name(kind: Kind, key: str, language: Language) -> str:
    """A topic's title as it stands inside a sentence."""
    title = read_taxonomy().title(kind, key, language)
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
