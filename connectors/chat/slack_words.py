"""What Nightshift says of itself in Slack, in both languages, and mrkdwn that is safe to send."""

from collections.abc import Mapping
from urllib.parse import quote

from connectors.chat.card_port import Language
from connectors.chat.markdown import clean

_EN = {
    "ask": "Ask Nightshift",
    "cause": "The cause, in a few words",
    "cause_title": "What was it?",
    "details": "Details",
    "details_hint": "What this rests on, what was ruled out, what could not be checked",
    "right": "✅ Right: {cause}",
    "tell": "I know what it was",
    "wrong": "❌ Wrong",
    "wrong_hint": "This is not the cause: say what it was",
    "incident_page": "Open the incident",
    "more": "The rest stands on the incident's page.",
    "ask_label": "Your question about this message",
    "about": "The message",
    "cancel": "Cancel",
    "close": "Close",
    "csv": "CSV",
    "csv_hint": "Put the whole table into the thread as a file",
    "down": "👎",
    "down_hint": "This does not help: say why",
    "edit": "Edit the query",
    "edit_label": "The query as it will be run",
    "edit_title": "Edit the query",
    "gone": "This answer is no longer there, or you may not see it.",
    "help": (
        "Ask me about production: `/nightshift why is checkout slow?` answers you alone, and you can make it public. "
        "Mention me in a channel or write to me directly for an answer in a thread; send screenshots and log files "
        "along. On any message, choose *Ask Nightshift about this* in its menu."
    ),
    "home": "Nightshift",
    "home_status": "I am listening. Ask me in any channel that I am in, or right here under Messages.",
    "home_recent": "What you asked last",
    "home_none": "You have not asked anything yet.",
    "home_again": "Look again",
    "answered": "answered",
    "working": "in progress",
    "looked_for": "What was looked for",
    "made_public": "Shown to everybody here.",
    "no_model": "no model",
    "notices": "Please note",
    "not_kept": "This could not be kept just now. Please try again in a minute.",
    "public": "Make public",
    "public_hint": "Show this answer to everybody in this conversation",
    "query": "Searched for",
    "reading": "Read on the picture",
    "sees": "The model sees (no evidence)",
    "reason": "What is wrong with it?",
    "reason_title": "Not helpful",
    "send": "Send",
    "run": "Run it",
    "sources": "Sources",
    "received": "Looking into it…",
    "rows": "rows",
    "shown": "shown",
    "open": "The answer is too long for Slack. Read it here:",
    "as_file": "The answer, as a file: Slack does not take it as a message.",
    "elsewhere": "I cannot write in the conversation where you asked; here is the answer. Invite me there first:",
    "up": "👍",
    "up_hint": "This helps",
    "why": "optional",
    "prompt_1": "Which alerts fired in the last hour?",
    "prompt_2": "What changed before the last incident?",
    "prompt_3": "How do I roll back a deployment?",
    "thinking": "is looking into it…",
}
_ZH = {
    "ask": "询问 Nightshift",
    "cause": "用几个词说明原因",
    "cause_title": "原因是什么？",
    "details": "详情",
    "details_hint": "依据、已排除的原因和未能检查的内容",
    "right": "✅ 对：{cause}",
    "tell": "我知道原因",
    "wrong": "❌ 不对",
    "wrong_hint": "原因不是这个：请说明原因",
    "incident_page": "打开故障页面",
    "more": "其余内容见故障页面。",
    "ask_label": "您想就这条消息问什么",
    "about": "消息内容",
    "cancel": "取消",
    "close": "关闭",
    "csv": "CSV",
    "csv_hint": "把完整表格作为文件发到话题中",
    "down": "👎",
    "down_hint": "没有帮助：请说明原因",
    "edit": "修改查询",
    "edit_label": "将要执行的查询",
    "edit_title": "修改查询",
    "gone": "该回答已不存在，或者您无权查看。",
    "help": (
        "向我询问线上问题：`/nightshift 结账为什么变慢？` 的回答只有您能看到，之后可以公开。"
        "在频道里提及我或直接给我发消息，我会在话题中回答；可以附上截图和日志文件。"
        "在任意消息的菜单里选择 *Ask Nightshift about this* 也可以提问。"
    ),
    "home": "Nightshift",
    "home_status": "我在线。可以在我所在的任何频道提问，也可以在“消息”里直接问我。",
    "home_recent": "您最近的提问",
    "home_none": "您还没有提过问题。",
    "home_again": "刷新",
    "answered": "已回答",
    "working": "处理中",
    "looked_for": "查找过的内容",
    "made_public": "已向这里的所有人公开。",
    "no_model": "未使用模型",
    "notices": "请注意",
    "not_kept": "暂时无法保存，请稍后再试。",
    "public": "公开",
    "public_hint": "让这个会话里的所有人看到该回答",
    "query": "检索内容",
    "reading": "图片中的文字",
    "sees": "模型看到的内容（不作为证据）",
    "reason": "哪里有问题？",
    "reason_title": "没有帮助",
    "send": "发送",
    "run": "执行",
    "sources": "来源",
    "received": "正在查…",
    "rows": "行",
    "shown": "已显示",
    "open": "回答太长，Slack 无法显示，请在这里查看：",
    "as_file": "Slack 无法以消息形式显示该回答，已作为文件发送。",
    "elsewhere": "我无法在您提问的会话中发言，回答在此。请先邀请我加入：",
    "up": "👍",
    "up_hint": "有帮助",
    "why": "选填",
    "prompt_1": "最近一小时有哪些告警？",
    "prompt_2": "上次故障之前有什么变更？",
    "prompt_3": "如何回滚一次部署？",
    "thinking": "正在查…",
}
WORDS: Mapping[Language, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def escaped(said: str) -> str:
    """Text as mrkdwn that shows it as it is: no mention, no link, no broken entity."""
    return clean(said).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def linked(said: str, address: str) -> str:
    """A link in mrkdwn; only the words when the address is not one to follow."""
    shown = " ".join(escaped(said).replace("|", "¦").split())
    quoted = quote(clean(address), safe=_SAFE).replace("&", "&amp;")
    if not quoted.lower().startswith(("http://", "https://")) or len(quoted) > 1_000:
        return shown
    return f"<{quoted}|{shown or quoted}>"


_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


def cut(said: str, most: int) -> str:
    """The beginning of a text, with a sign that it goes on."""
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"


def language_of(said: str, otherwise: Language) -> Language:
    """Chinese when the text has Chinese characters."""
    if any("\u4e00" <= sign <= "\u9fff" for sign in said):
        return "zh"
    return "en" if any(sign.isalpha() for sign in said) else otherwise
