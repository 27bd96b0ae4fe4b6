"""What is said of an incident on its card, in both languages; what stands in braces is filled in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.incident import Outcome
from bot.vocabulary import Language

VERDICTS: Mapping[Language, Mapping[Outcome, str]] = {
    "en": {
        "confirmed": "Cause, confirmed",
        "likely": "Most likely cause",
        "inconclusive": "The cause is not clear yet. Best lead",
        "healthy": "Nothing is wrong",
    },
    "zh": {
        "confirmed": "原因（已确认）",
        "likely": "最可能的原因",
        "inconclusive": "原因尚不明确，最有价值的线索",
        "healthy": "没有故障",
    },
}
SAID: Mapping[Language, Mapping[str, str]] = {
    "en": {
        ":": ": ",
        ",": ", ",
        "over": "Over: {title}",
        "is over": "It is over since {at} UTC, after {lasted}.",
        "nothing": "The cause is not clear: nothing was found that explains it.",
        "unseen": "It was over before its cause was found.",
        "working": "Looking into it. What is found comes here.",
        "failed": "The diagnosis could not be made; our log says why, under {id}. Look again on its page.",
        "since": "Since {at} UTC",
        "alerts": "{count} alerts, {firing} still firing",
        "alert": "1 alert, {firing} still firing",
        "alerts over": "{count} alerts",
        "flapping": "it comes and goes",
        "reported": "reported by a person",
        "again": "Again, like {before}.",
        "another cause": "Again, after {before}, but this time with another cause.",
        "merged": "This is part of {into} and goes on there.",
        "shadow": "Recorded only: incidents are in shadow mode here and are not posted.",
        "limit": "A limit of time, tokens or money was reached: this is what was known by then.",
        "impact": "Impact",
        "evidence": "Evidence",
        "next": "Next",
        "similar": "Seen before",
        "on call": "On call",
        "right": "Confirmed by {who}.",
        "wrong": "{who} says that this is not the cause.",
        "was": "{who} says it was: {cause}",
        "well": "nothing was wrong",
        "progress": "Still looking, after {minutes} min.",
        "so far": "So far",
        "nothing yet": "Nothing that stands out so far.",
        "Findings": "What was found",
        "Other causes": "Other possible causes",
        "Tests": "How the cause was tested",
        "Ruled out": "Ruled out",
        "Gaps": "What could not be checked",
        "Similar": "Similar incidents",
        "Next steps": "Next steps",
        "Alerts": "Alerts",
        "gaps": "Not everything could be checked: {gaps}",
        "survived": "held",
        "broken": "did not hold",
        "unchecked": "could not be checked",
        "looking": "Looking into: {title}",
    },
    "zh": {
        ":": "：",
        ",": "，",
        "over": "已恢复：{title}",
        "is over": "已于 {at} UTC 恢复，历时{lasted}。",
        "nothing": "原因尚不明确：没有找到能解释故障的证据。",
        "unseen": "故障在查明原因之前已经恢复。",
        "working": "正在排查，发现的内容会显示在这里。",
        "failed": "未能完成诊断，原因见日志（{id}）。可在故障页面重新诊断。",
        "since": "开始于 {at} UTC",
        "alerts": "{count} 条告警，{firing} 条仍在触发",
        "alert": "1 条告警，{firing} 条仍在触发",
        "alerts over": "{count} 条告警",
        "flapping": "告警反复触发和恢复",
        "reported": "由人员上报",
        "again": "再次发生，与 {before} 相同。",
        "another cause": "继 {before} 之后再次发生，但这次原因不同。",
        "merged": "该事件属于 {into}，后续请看那里。",
        "shadow": "仅记录：这里的事件处于影子模式，不会发布。",
        "limit": "已达到时间、令牌或费用上限，以下是截至当时的结果。",
        "impact": "影响",
        "evidence": "证据",
        "next": "下一步",
        "similar": "以前发生过",
        "on call": "值班",
        "right": "{who} 已确认。",
        "wrong": "{who} 认为原因不是这个。",
        "was": "{who} 认为原因是：{cause}",
        "well": "没有故障",
        "progress": "仍在排查，已用时 {minutes} 分钟。",
        "so far": "目前发现",
        "nothing yet": "目前没有明显的发现。",
        "Findings": "全部发现",
        "Other causes": "其他可能的原因",
        "Tests": "对该原因的检验",
        "Ruled out": "已排除",
        "Gaps": "未能检查的内容",
        "Similar": "类似事件",
        "Next steps": "后续步骤",
        "Alerts": "告警",
        "gaps": "有些内容未能检查：{gaps}",
        "survived": "成立",
        "broken": "不成立",
        "unchecked": "未能检查",
        "looking": "正在排查：{title}",
    },
}


def moment(at: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def lasted(span: timedelta, language: Language) -> str:
    """How long something took, in its two largest units."""
    minutes = max(1, round(span.total_seconds() / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    units = (" d", " h", " min") if language == "en" else (" 天", " 小时", " 分钟")
    parts = [f"{count}{unit}" for count, unit in zip((days, hours, minutes), units, strict=True) if count]
    return " ".join(parts[:2]) if language == "en" else "".join(f" {part.strip()}" for part in parts[:2])
