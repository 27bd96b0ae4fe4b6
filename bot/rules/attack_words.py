"""What is asked to break a hypothesis, and what came of it, in both languages."""

from collections.abc import Mapping

from bot.vocabulary import Language

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "below asks": "Did anything that {service} needs break earlier?",
        "below broken": "Yes: {what}",
        "below survived": "No: of what it needs nothing is known to have broken before {at}.",
        "below unchecked": "Nothing could be seen of what it needs: {what}.",
        "before asks": "Was anything wrong before {at}, when this began?",
        "before broken": "Yes: {what}",
        "before survived": "No: the first sign came at {at}.",
        "before unchecked": "It is not known when this began or when the first sign came.",
        "others asks": "Are others that need {service} well?",
        "others broken": "Yes: {what}",
        "others survived": "No, they are in trouble too: {what}",
        "now asks": "Does the condition of {alert} hold right now?",
        "now broken": "Yes: {value} is {sign} {limit}, and it usually is not.",
        "now survived": "No: {value} is not {sign} {limit}.",
        "now usual": "It does from time to time on any day: between {low} and {high} that is usual.",
        "now resolved": "No: {alert} is resolved.",
        "now unchecked": "{alert} still fires, and what it watches could not be asked.",
        "refuted": "Not this: {says} {why}",
        "does": "tries to refute the likeliest cause",
    },
    "zh": {
        "below asks": "{service} 所依赖的服务是否更早出现异常？",
        "below broken": "是：{what}",
        "below survived": "否：没有发现它所依赖的服务在 {at} 之前出现异常。",
        "below unchecked": "无法看到它所依赖的服务：{what}。",
        "before asks": "在它开始之前（{at}），是否已有异常？",
        "before broken": "是：{what}",
        "before survived": "否：最早的迹象出现在 {at}。",
        "before unchecked": "不知道它何时开始，也不知道最早的迹象何时出现。",
        "others asks": "同样依赖 {service} 的其他服务是否正常？",
        "others broken": "是：{what}",
        "others survived": "否，它们也有异常：{what}",
        "now asks": "{alert} 的条件现在是否成立？",
        "now broken": "是：{value} {sign} {limit}，而平常并非如此。",
        "now survived": "否：{value} 不满足 {sign} {limit}。",
        "now usual": "它平常也会不时成立：在 {low} 到 {high} 之间属正常。",
        "now resolved": "否：{alert} 已恢复。",
        "now unchecked": "{alert} 仍在触发，而它监视的指标无法查询。",
        "refuted": "不是这个：{says} {why}",
        "does": "尝试推翻最可能的原因",
    },
}


def words_of(kind: str, language: Language, **parts: object) -> str:
    """A question or what came of it, with its parts."""
    return _WORDS[language][kind].format(**parts)
