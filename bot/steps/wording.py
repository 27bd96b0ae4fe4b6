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
MEANING: dict[Language, str] = {"en": "What does this mean?", "zh": "这是什么意思？"}
UNREAD: dict[Language, str] = {
    "en": "There is no text to go by: nothing was typed, and nothing could be read on the picture. "
    "Type what it shows, or send a sharper one.",
    "zh": "没有可用的文字：消息里没有输入内容，图片上也没有识别出文字。请输入图片上的内容，或换一张更清晰的截图。",
}
PICTURES: dict[Language, dict[str, str]] = {
    "en": {
        "no reader": "Reading pictures is not set up here; only the text was used.",
        "late": "Too many others are waiting; send it again in a moment.",
        "failed": "{name} could not be read: {reason}",
        "nothing": "No text was found on {name}.",
        "not seen": "Graphs on {name} were not looked at: the model that sees pictures gave no answer.",
    },
    "zh": {
        "no reader": "这里没有配置图片识别，只使用了文字。",
        "late": "等待识别的图片太多，请稍后重新发送。",
        "failed": "无法识别 {name}：{reason}",
        "nothing": "{name} 上没有识别出文字。",
        "not seen": "没有查看 {name} 中的图表：识图模型没有回应。",
    },
}
UNREADABLE: dict[Language, dict[str, str]] = {
    # The reasons of a reader are English already.
    "en": {"gone": "It is no longer kept; send it again."},
    "zh": {
        "gone": "图片已不再保存，请重新发送。",
        "empty": "文件是空的，请重新发送。",
        "bytes": "文件超过 20 MB，请只截取关键部分。",
        "pixels": "图片超过 5000 万像素，请只截取关键部分。",
        "heic": "这是 HEIC、AVIF 或视频文件，请另存为 JPEG 或 PNG。",
        "pdf": "这是 PDF，请发送页面截图。",
        "svg": "这是 SVG 或 XML 文件，请发送截图。",
        "format": "这不是 PNG、JPEG、WebP 或 GIF 图片。",
        "broken": "文件已损坏或不完整，请重新截图，或另存为 PNG。",
    },
}
FILES: dict[Language, dict[str, str]] = {
    "en": {
        "kind": "{name} was not read: only pictures and text files are.",
        "most": "{left_out} more files were not read: {most} of a message are.",
        "failed": "{name} could not be read: {reason}",
    },
    "zh": {
        "kind": "没有读取 {name}：只支持图片和文本文件。",
        "most": "还有 {left_out} 个文件没有读取：每条消息最多读取 {most} 个。",
        "failed": "无法读取 {name}：{reason}",
    },
}
CLICKED: dict[Language, dict[str, str]] = {
    "en": {
        "thanks": "Thank you. It is kept with the answer.",
        "asked": "Asked again as you wrote it; the answer comes in this thread.",
        "published": "Everybody here sees it now.",
        "sending": "The file comes in this thread.",
        "gone": "The file is no longer kept; ask again.",
        "judged right": "Thank you. The card says that you confirmed it, and the next incident like it will find it.",
        "judged wrong": "Thank you. The card says what you said, and the next incident like it will find it.",
        "what": "Write what it was, and it is kept.",
        "unknown": "This does not belong to an answer that you can see here.",
    },
    "zh": {
        "thanks": "谢谢，已与回答一起保存。",
        "asked": "已按你改写的内容重新查询，回答会发在本话题中。",
        "published": "现在这里的所有人都能看到。",
        "sending": "文件会发在本话题中。",
        "gone": "文件已不再保存，请重新提问。",
        "judged right": "谢谢。卡片现在会显示由你确认，以后的类似事件会参考它。",
        "judged wrong": "谢谢。卡片现在会显示你的说明，以后的类似事件会参考它。",
        "what": "请写下原因，写下后即会保存。",
        "unknown": "这不属于你在这里能看到的回答。",
    },
}
BEGUN: dict[Language, str] = {"en": "Looking into it", "zh": "正在处理"}
WITHDRAWN: dict[Language, str] = {"en": "The question was deleted.", "zh": "问题已被删除。"}
FAILED: dict[Language, str] = {
    "en": "Something broke on our side while answering. Your question is kept; ask again, or report the id {id}.",
    "zh": "回答时系统内部出错。问题已保存，请重新提问，或报告编号 {id}。",
}
NOTICES: dict[Language, dict[str, str]] = {
    "en": {
        "failed": "Could not ask {name}: {reason}",
        "action": "Nothing was executed: this is what the runbooks say about it.",
        "action in vain": "Nothing was executed, and no page was found that says how.",
        "data in vain": "Nothing was counted: no database answered this.",
    },
    "zh": {
        "failed": "无法查询 {name}：{reason}",
        "action": "没有执行任何操作，以下是手册中的说明。",
        "action in vain": "没有执行任何操作，也没有找到说明如何操作的页面。",
        "data in vain": "没有数据库给出结果，未做统计。",
    },
}
