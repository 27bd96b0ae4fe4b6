"""Causes of incidents in words, in both languages."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.incident import Category
from bot.vocabulary import Language

_SENTENCES: Mapping[Language, Mapping[Category, str]] = {
    "en": {
        "deployment": "A deployment of {service} broke it{since}",
        "configuration": "A change of the configuration of {service} broke it{since}",
        "code": "A fault in the code of {service} shows{since}",
        "resource": "{service} has used up a resource{since}",
        "dependency": "{service}, on which others depend, is slow or failing{since}",
        "infrastructure": "What {service} runs on is failing{since}",
        "network": "The network to {service} is failing{since}",
        "traffic": "{service} gets more traffic than it can take{since}",
        "certificate": "A certificate of {service} is not accepted{since}",
        "data": "{service} fails on the data that it gets{since}",
        "scheduling": "{service} cannot be started or placed{since}",
        "healthy": "Nothing is wrong with {service} any more, or nothing was",
        "unknown": "Something broke at {service}{since}, and nothing says yet what",
    },
    "zh": {
        "deployment": "{service} 的一次发布导致故障{since}",
        "configuration": "{service} 的一次配置变更导致故障{since}",
        "code": "{service} 的代码缺陷导致故障{since}",
        "resource": "{service} 的某项资源已耗尽{since}",
        "dependency": "被依赖的 {service} 变慢或报错{since}",
        "infrastructure": "{service} 所在的基础设施故障{since}",
        "network": "到 {service} 的网络故障{since}",
        "traffic": "{service} 的流量超出承受能力{since}",
        "certificate": "{service} 的证书不被接受{since}",
        "data": "{service} 因收到的数据而出错{since}",
        "scheduling": "{service} 无法启动或调度{since}",
        "healthy": "{service} 没有故障，或已恢复正常",
        "unknown": "{service} 出现异常{since}，原因尚不清楚",
    },
}
_SINCE: Mapping[Language, str] = {"en": " since {at}", "zh": "（自 {at} 起）"}
_AT_A_MOMENT: Mapping[Language, str] = {"en": " at {at}", "zh": "（{at}）"}
_MOMENTS = frozenset[Category](("deployment", "configuration"))
_NOBODY: Mapping[Language, str] = {"en": "an unknown service", "zh": "未知服务"}
_JOINED: Mapping[Language, str] = {"en": ": ", "zh": "："}
_END: Mapping[Language, str] = {"en": ".", "zh": "。"}
_LONGEST = 400


def clock(at: datetime, today: datetime) -> str:
    """A moment in UTC to the minute; with the day where it is another one than ``today``."""
    moment, now = at.astimezone(UTC), today.astimezone(UTC)
    return f"{moment:%H:%M} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M} UTC"


def cause_says(cause: Category, service: str, at: str, telling: str, language: Language) -> str:
    """One sentence that names the cause, the service and when (none: left out), and what tells most of it."""
    since = (_AT_A_MOMENT if cause in _MOMENTS else _SINCE)[language].format(at=at) if at else ""
    said = _SENTENCES[language][cause].format(service=service or _NOBODY[language], since=since)
    if telling:
        said += _JOINED[language] + telling.rstrip(".。 ")
    return said[:_LONGEST] + _END[language]
