"""Whether a sentence that a stranger or a model wrote can stand in the assistant's own words."""

import re

# What a chat or a page would follow, load or notify.
_LEADS_AWAY = re.compile(r"://|\bwww\.|@(?:all|here|channel|everyone)\b|<[!@a-z/]|\]\(", re.IGNORECASE)
# Texts that speak to their reader are no statements. Nothing rests on this list alone: it spares people nonsense.
_ORDERS = re.compile(
    r"^\W*(?:system|assistant|user|developer|human)\s*[:：]"
    r"|\bignore\b.{0,40}\b(?:instructions?|rules?|runbook|previous|above|orders?|policy)\b"
    r"|\b(?:tell (?:nobody|the user)|reply (?:that|with)|you must|approve the|call \w+_\w+ with)\b"
    r"|忽略.{0,6}(?:之前|以上|所有)|请(?:立即|调用|执行|所有人)|(?:回答|回复)[“\"]",
    re.IGNORECASE,
)
_WELL = re.compile(
    r"\b(?:all is (?:well|fine|good)|nothing is wrong|everything is (?:ok|fine|normal)|false alarm)\b"
    r"|\bno (?:faults?|incidents?|problems?|issues?|action)\b"
    r"|一切(?:正常|良好)|没有(?:故障|问题|异常)|无故障|误报|无需处理",
    re.IGNORECASE,
)
_OVER = re.compile(r"\b(?:healthy|resolved|is over|recovered|fixed)\b|已恢复|已解决", re.IGNORECASE)


def leads_away(text: str) -> bool:
    """Whether a text holds a link, markup or a call to people."""
    return _LEADS_AWAY.search(text) is not None


def gives_orders(text: str) -> bool:
    """Whether a text plainly tells its reader what to do, as texts do that are meant for a model."""
    return _ORDERS.search(text) is not None


def calls_well(text: str) -> bool:
    """Whether a text says that nothing is wrong."""
    return _WELL.search(text) is not None


def calls_over(text: str) -> bool:
    """Whether a text says that nothing is wrong, or not any more."""
    return calls_well(text) or _OVER.search(text) is not None
