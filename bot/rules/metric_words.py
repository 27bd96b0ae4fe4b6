"""What a series did in one sentence, in both languages."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.analysis.courses import Course
from bot.analysis.saturation import Manner, Saturation
from bot.rules.cause_words import clock
from bot.rules.metric_names import Measured, Role
from bot.vocabulary import Language

_SUBJECTS: Mapping[Language, Mapping[Role, str]] = {
    "en": {
        "latency": "{statistic}latency of {service} ({metric})",
        "errors": "the failure rate of {service} ({metric})",
        "traffic": "the request rate of {service} ({metric})",
    },
    "zh": {
        "latency": "{service} 的{statistic}延迟（{metric}）",
        "errors": "{service} 的失败请求（{metric}）",
        "traffic": "{service} 的请求量（{metric}）",
    },
}
_OTHER: Mapping[Language, str] = {"en": "{statistic}{metric} of {service}", "zh": "{service} 的{statistic}{metric}"}
_SEEN: Mapping[Language, str] = {"en": ", as {caller} sees it,", "zh": "（从 {caller} 看）"}
_SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "rose": "{what} rose from {before} to {after} at {at} and stays there.",
        "fell": "{what} fell from {before} to {after} at {at} and stays there.",
        "rose slow": "{what} has been rising since {at}, from {before} to {after}.",
        "fell slow": "{what} has been falling since {at}, from {before} to {after}.",
        "spike": "{what} jumped from {before} to {after} at {at}.",
        "back": "{what} went from {before} to {after} at {at} and is back at {last} since {over}.",
        "silent": "{what} has sent no values since {at}; the last was {before}.",
        "restarted": "{service} was restarted at {at} ({metric}).",
        "at its limit": "{what} is at its limit of {limit} since {at}.",
        "full": "{what} is at {value} of {limit} since {at}.",
        "running out": "{what} is running out: {value} are left of {limit}, falling since {at}{left}.",
        "growing": "{what} only grows, without a way back, since {at}; it was last {value}.",
        "left": ", and at this pace none in {minutes} min",
        "steady": "{service}: {roles} did not move.",
        "well": "None of {count} series of {service} moved or is near a limit: {roles}.",
        "holds": "The condition of {alert} holds: {value} is {sign} {limit}.",
        "over": "The condition of {alert} no longer holds: it was last met at {at}, and now there are {value}.",
        "never": "The condition of {alert} was not met from {start} on: it was between {low} and {high}.",
        "noisy": "{alert} is noisy: its limit of {limit} lies within what is usual, {low} to {high}.",
        "usual": "{alert} is about {metric}, which stayed within what is usual, {low} to {high}.",
        "heartbeat": "{alert} fires all the time by design: it only shows that alerting works.",
        "resolved": "{alert} was over at {at}.",
        "informs": "{alert} only informs: {said}",
        ", ": ", ",
    },
    "zh": {
        "rose": "{what}在 {at} 从 {before} 升到 {after}，至今未恢复。",
        "fell": "{what}在 {at} 从 {before} 降到 {after}，至今未恢复。",
        "rose slow": "{what}自 {at} 起持续上升，从 {before} 到 {after}。",
        "fell slow": "{what}自 {at} 起持续下降，从 {before} 到 {after}。",
        "spike": "{what}在 {at} 从 {before} 突变到 {after}。",
        "back": "{what}在 {at} 从 {before} 变为 {after}，自 {over} 起已恢复到 {last}。",
        "silent": "{what}自 {at} 起没有数据，最后的值是 {before}。",
        "restarted": "{service} 在 {at} 重启过（{metric}）。",
        "at its limit": "{what}自 {at} 起已达上限 {limit}。",
        "full": "{what}自 {at} 起达到 {value}（满值 {limit}）。",
        "running out": "{what}即将耗尽：{limit} 只剩 {value}，自 {at} 起下降{left}。",
        "growing": "{what}自 {at} 起只增不减，最近的值是 {value}。",
        "left": "，按此速度 {minutes} 分钟后归零",
        "steady": "{service}：{roles}没有变化。",
        "well": "{service} 的 {count} 条指标都没有异常，也都未接近上限：{roles}。",
        "holds": "{alert} 的条件现在成立：{value} {sign} {limit}。",
        "over": "{alert} 的条件已不成立：最后一次满足是 {at}，现在是 {value}。",
        "never": "{alert} 的条件自 {start} 起从未满足：数值在 {low} 到 {high} 之间。",
        "noisy": "{alert} 是误报：阈值 {limit} 落在平常范围 {low} 到 {high} 之内。",
        "usual": "{alert} 针对 {metric}，它一直在平常范围 {low} 到 {high} 之内。",
        "heartbeat": "{alert} 按设计一直触发，只用来说明告警系统在工作。",
        "resolved": "{alert} 已在 {at} 恢复。",
        "informs": "{alert} 只是通知：{said}",
        ", ": "、",
    },
}
_ROLES: Mapping[Language, Mapping[Role, str]] = {
    "en": {
        "latency": "latency", "errors": "failures", "success": "availability", "traffic": "requests", "load": "load",
        "used": "use", "limit": "limits", "free": "what is free", "share": "utilisation", "backlog": "queues",
        "up": "being up", "start": "start", "restarts": "restarts", "other": "other metrics",
    },
    "zh": {
        "latency": "延迟", "errors": "失败", "success": "可用率", "traffic": "请求量", "load": "负载", "used": "用量",
        "limit": "上限", "free": "剩余量", "share": "利用率", "backlog": "队列", "up": "存活", "start": "启动时间",
        "restarts": "重启", "other": "其他指标",
    },
}  # fmt: skip
_MEAN: Mapping[Language, str] = {"en": "mean ", "zh": "平均"}
_OWN_WORDS = ("the ", "latency ", "mean ")
_MANY = 1024


def moment(at: float) -> datetime:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(at, UTC)


def course_says(of: Measured, course: Course, today: datetime, language: Language) -> str:
    """What a series did: from what to what, when, and whether it still is so."""
    kind = "back" if course.over is not None else course.shape
    slow = " slow" if course.slow and kind in ("rose", "fell") else ""
    return told(
        f"{kind}{slow}",
        language,
        what=subject(of, language),
        at=clock(moment(course.at), today),
        over=clock(moment(course.over), today) if course.over is not None else "",
        before=amount(course.before, of),
        after=amount(course.after, of),
        last=amount(course.last, of),
    )


def saturation_says(of: Measured, found: Saturation, today: datetime, language: Language) -> str:
    """That something is used up, since when, and how much there is of how much."""
    manner: Manner = found.manner
    soon = math.isfinite(found.left)
    left = told("left", language, minutes=max(round(found.left / 60), 1)) if soon else ""
    return told(
        manner,
        language,
        what=subject(of, language),
        at=clock(moment(found.at), today),
        value=amount(found.value, of),
        limit=amount(found.limit, of),
        left=left,
    )


def told(kind: str, language: Language, **parts: object) -> str:
    """A sentence of a kind with its parts; names of metrics and services stay as they are written."""
    said = _SENTENCES[language][kind].format(**parts)
    return said[0].upper() + said[1:] if said.startswith(_OWN_WORDS) else said


def roles_say(roles: Sequence[Role], language: Language) -> str:
    """What was looked at, each once."""
    said = dict.fromkeys(_ROLES[language][role] for role in roles)
    return _SENTENCES[language][", "].join(said)


def amount(value: float, of: Measured) -> str:
    """A value with its unit, for reading."""
    if not math.isfinite(value):
        return "?"
    if of.unit in ("B", "B/s"):
        return _bytes(value) + of.unit.removeprefix("B")
    if of.unit == "%" or of.statistic == "share" or (of.role == "share" and abs(value) <= 1):
        return f"{_plain(value if of.unit == '%' else 100 * value)} %"
    return f"{_plain(value)} {of.unit}".rstrip()


def subject(of: Measured, language: Language) -> str:
    """What a series is, in words: its sort, its service, its own name, and who sees it so."""
    statistic = "" if of.statistic == "share" else of.statistic
    statistic = _MEAN[language] if statistic == "mean" else f"{statistic} " if statistic else ""
    if language == "zh" and statistic.startswith("p"):
        statistic = f" {statistic}"
    form = _SUBJECTS[language].get(of.role, _OTHER[language])
    said = form.format(statistic=statistic, service=of.service, metric=of.metric)
    return said + (_SEEN[language].format(caller=of.caller) if of.caller else "")


def _plain(value: float) -> str:
    if value == round(value) and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2g}" if abs(value) < 10 else f"{value:.3g}"


def _bytes(value: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < _MANY:
            return f"{_plain(value)} {unit}"
        value /= _MANY
    return f"{_plain(value)} TiB"
