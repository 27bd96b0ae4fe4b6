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


def leads_away(text: str) -> bool:
    """Whether a text holds a link, markup or a call to people."""
    return _LEADS_AWAY.search(text) is not None


def gives_orders(text: str) -> bool:
    """Whether a text plainly tells its reader what to do, as texts do that are meant for a model."""
    return _ORDERS.search(text) is not None
