"""The assistant's own sentences, in both languages; everything else it says is quoted or checked."""

from bot.vocabulary import Language

INSUFFICIENT: dict[Language, str] = {
    "en": "There is not enough evidence to answer this. Below is what was looked for; nothing found says it.",
    "zh": "现有证据不足以回答这个问题。下面列出了检索过的内容，都没有找到依据。",
}
CHAT: dict[Language, str] = {
    "en": "Ask me about your services, alerts and runbooks, for example: *why does checkout answer with 503?* "
    "I look it up, answer with citations, and say so when the evidence is not enough.",
    "zh": "可以问我服务、告警和运维手册的问题，例如：*结算服务返回 503 怎么办？* "
    "我会检索后给出带引用的回答；证据不足时会直接说明。",
}
FAILED: dict[Language, str] = {
    "en": "Something broke on our side while answering. Your question is kept; ask again, or report the id {id}.",
    "zh": "回答时系统内部出错。问题已保存，请重新提问，或报告编号 {id}。",
}
NOTICES: dict[Language, dict[str, str]] = {
    "en": {
        "failed": "Could not ask {name}: {reason}",
        "action": "Nothing was executed: this is what the runbooks say about it.",
        "action in vain": "Nothing was executed, and no page was found that says how.",
        "data in vain": "No database is connected, so nothing was counted.",
    },
    "zh": {
        "failed": "无法查询 {name}：{reason}",
        "action": "没有执行任何操作，以下是手册中的说明。",
        "action in vain": "没有执行任何操作，也没有找到说明如何操作的页面。",
        "data in vain": "未连接数据库，没有做统计。",
    },
}
