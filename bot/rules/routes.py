"""Which way a question goes, by verbs and nouns in both languages; rules override what a model would say."""

import re

from bot.vocabulary import Route

_CHAT = re.compile(
    r"^\W*(?:hi|hello|hey|yo|thanks?|thank you|thx|ty|ok(?:ay)?|great|cool|good (?:morning|evening|night)|"
    r"bye|test|ping|help|who are you|what can you do|"
    r"你好|您好|谢谢|多谢|好的|收到|再见|早上好|晚上好|在吗|你是谁|你能做什么|帮助)"
    r"(?: (?:bot|nightshift|there|all|a lot|so much))?\W*$",
    re.IGNORECASE,
)
_QUESTION_WORDS = re.compile(
    r"\b(?:how|what|why|when|where|which|who|should|can i|could i|is it|do (?:i|we)|does)\b"
    r"|怎么|怎样|如何|为什么|什么|哪|吗|呢|是否|能不能",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"^\W*(?:please |pls |can you |could you |go ahead and |帮我|请|麻烦)?"
    r"(?:restart|bounce|reboot|roll ?back|revert|scale|kill|delete|drop|drain|cordon|deploy|"
    r"fail ?over|disable|enable|silence|重启|回滚|扩容|缩容|杀掉|删除|下线|部署|切换|关闭|静默)",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"\b(?:how many|count of|number of|average|top \d+|most often|total)\b|多少|几个|几次|平均|排名|最多的",
    re.IGNORECASE,
)
_INCIDENT = re.compile(
    r"\b(?:is|are|looks?|seems?|went|going|gone)\s+(?:down|slow|broken|failing|stuck|degraded|unresponsive)\b"
    r"|\b(?:outage|firing|paged|alert(?:ing)? (?:fired|for))\b|挂了|崩了|宕机|报警了|告警了|打不开|变慢|很慢|不可用",
    re.IGNORECASE,
)

# What people say to an alert that they quote: whatever it is of, they want to know what is wrong.
_INVESTIGATE = re.compile(
    r"^\W*(?:please |pls |can you |could you |帮我|请|麻烦)?(?:investigate|diagnose|look into|排查|诊断|定位)",
    re.IGNORECASE,
)


def find_route(text: str) -> Route:
    """Where a message belongs. An order is an action; the same verb inside a question is a question."""
    if _CHAT.match(text):
        return "chat"
    asks = bool(_QUESTION_WORDS.search(text))
    if _ACTION.match(text) and not asks and not text.rstrip().endswith(("?", "？")):
        return "action"
    if _DATA.search(text):
        return "data"
    if _INCIDENT.search(text) or (_INVESTIGATE.match(text) and not asks):
        return "incident"
    return "question"
