"""What an incident's timeline says of its alerts, in both languages."""

from collections.abc import Mapping

from bot.vocabulary import Language

TIMELINE: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "opened": "Opened: {title}",
        "again": "Opened again, like an incident before: {title}",
        "fires": "Fires ({severity}): {title}",
        "over": "Over: {title}",
        "more": "Further alerts are counted and not listed here.",
        "resolved": "All of its alerts are over.",
        "reopened": "Fires again: {title}",
        "flapping": "{title} changes too often to be told each time.",
        "calm": "What changed too often has calmed down.",
        "took": "Took over another incident: {title}",
        "went": "Turned out to be part of another incident: {title}",
        "diagnosing": "Diagnosis began.",
        "worse": "Diagnosis began again: it is worse than before, touches more, or is back.",
        "verdict": "Diagnosed: {cause}",
        "progress": "The diagnosis takes longer than its deadline; what is known so far is shown.",
        "failed": "The diagnosis could not be made.",
    },
    "zh": {
        "opened": "新故障：{title}",
        "again": "与之前的故障类似，再次发生：{title}",
        "fires": "告警（{severity}）：{title}",
        "over": "已恢复：{title}",
        "more": "之后的告警只计数，不再逐条列出。",
        "resolved": "所有告警均已恢复。",
        "reopened": "再次告警：{title}",
        "flapping": "{title} 反复变化，不再逐次提示。",
        "calm": "反复变化的告警已平稳。",
        "took": "合并了另一个故障：{title}",
        "went": "属于另一个故障的一部分：{title}",
        "diagnosing": "开始诊断。",
        "worse": "重新开始诊断：情况加重、影响扩大或再次发生。",
        "verdict": "诊断结果：{cause}",
        "progress": "诊断超过时限，先给出目前的发现。",
        "failed": "未能完成诊断。",
    },
}
"""By the language and what happened."""


def title_of(summary: str, name: str, service: str) -> str:
    """An alert in one line: what it says, and of which service where it does not say so itself."""
    says = summary or name
    return f"{service}: {says}" if service and service.lower() not in says.lower() else says
