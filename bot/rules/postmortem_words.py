"""The headings and sentences of a postmortem draft, in both languages; a reader of postmortems knows the headings."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.incident import Outcome
from bot.vocabulary import Language


@dataclass(frozen=True)
class Words:
    """All that a draft says by itself; what stands in braces is filled in."""

    title: str
    draft: str
    fields: str
    services: str
    severity: str
    started: str
    resolved: str
    still_open: str
    summary: str
    impact: str
    cause: str
    diagnosed: str
    helped: str
    timeline: str
    detection: str
    ruled_out: str
    unchecked: str
    lessons: str
    actions: str
    evidence: str
    references: str
    similar: str
    outcomes: Mapping[Outcome, str]
    settled_by: str
    judged: str
    agreed: str
    ours: str
    candidates: str
    nobody_judged: str
    said_right: str
    said_wrong: str
    said_was: str
    fired: str
    over: str
    by_alert: str
    by_person: str
    after: str
    source: str
    open_link: str
    minutes: str
    between: str
    """What stands between two sentences."""


_ENGLISH = Words(
    title="Postmortem: {}",
    draft="A draft out of the incident's record ({}). What the record does not tell is marked; fill it in.",
    fields="| Field | Value |",
    services="Services",
    severity="Severity",
    started="Started",
    resolved="Resolved",
    still_open="Not yet",
    summary="Summary",
    impact="Impact",
    cause="Root cause",
    diagnosed="What the diagnosis said",
    helped="What helped",
    timeline="Timeline (UTC)",
    detection="Detection",
    ruled_out="What was ruled out",
    unchecked="What could not be checked",
    lessons="Lessons learned",
    actions="Action items",
    evidence="Evidence",
    references="References",
    similar="Similar incidents",
    outcomes={"confirmed": "Confirmed", "likely": "Likely", "inconclusive": "Inconclusive", "healthy": "Healthy"},
    settled_by=" (settled by the rule “{}”)",
    judged="(The word of {} at {}.)",
    agreed="(Found by the diagnosis, and right by the word of {} at {}.)",
    ours="({} by the diagnosis; nobody has judged it.)",
    candidates="Considered: {}",
    nobody_judged="Nobody has judged it.",
    said_right="{} at {}: right",
    said_wrong="{} at {}: wrong",
    said_was=", it was {}",
    fired="{} fired",
    over="{} was over",
    by_alert="The alert {} of {} at {}",
    by_person="Reported by {} at {}",
    after=", {} after it began",
    source=" (source: {})",
    open_link="open",
    minutes="{} min",
    between=" ",
)
_CHINESE = Words(
    title="复盘：{}",
    draft="根据事件记录（{}）生成的草稿。记录中没有的内容已标出，请补充。",
    fields="| 项目 | 内容 |",
    services="受影响服务",
    severity="严重程度",
    started="开始时间",
    resolved="恢复时间",
    still_open="尚未恢复",
    summary="概述",
    impact="影响范围",
    cause="根本原因",
    diagnosed="诊断结论",
    helped="怎么修好的",
    timeline="时间线（UTC）",
    detection="如何发现",
    ruled_out="已排除",
    unchecked="未能检查",
    lessons="经验教训",
    actions="行动项",
    evidence="证据",
    references="参考资料",
    similar="类似事件",
    outcomes={"confirmed": "已确认", "likely": "很可能", "inconclusive": "尚无定论", "healthy": "一切正常"},
    settled_by="（依据规则“{}”）",
    judged="（由 {} 于 {} 判定。）",
    agreed="（由诊断得出，{} 于 {} 判定正确。）",
    ours="（诊断结论：{}；尚无人判定。）",
    candidates="考虑过：{}",
    nobody_judged="尚无人判定。",
    said_right="{} 于 {}：正确",
    said_wrong="{} 于 {}：错误",
    said_was="，实际是 {}",
    fired="{} 触发",
    over="{} 恢复",
    by_alert="告警 {}（来自 {}）于 {} 触发",
    by_person="由 {} 于 {} 报告",
    after="，距开始 {}",
    source="（来源：{}）",
    open_link="打开",
    minutes="{} 分钟",
    between="",
)


def postmortem_words(language: Language) -> Words:
    """The words of a language."""
    return _CHINESE if language == "zh" else _ENGLISH
