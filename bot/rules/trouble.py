"""Whether a question tells of something that is broken, and whether it asks what happened before."""

import re

_BEFORE = re.compile(
    r"\b(?:happen(?:ed|s)?|occurr?(?:ed|s)?|seen|had|hit|faced) (?:\w+ ){0,3}?(?:before|already|earlier|in the past)\b"
    r"|\bhave we (?:ever )?(?:had|seen|hit)\b|\b(?:did|has) (?:this|it|that) (?:ever )?happen(?:ed)?\b"
    r"|\blast time\b|\b(?:similar|past|previous|earlier|related) (?:incident|outage|issue|problem|ticket)s?\b"
    r"|\bpost-?mortems?\b"
    r"|(?:以前|之前|过去|从前|历史上)(?:有没有|有|也|是否|是不是|曾)?(?:出现|发生|遇到|碰到|出|有)过?"
    r"|(?:发生|出现|遇到|碰到|见|出)过(?:吗|么|没有?|类似)|上次|类似的?(?:故障|事故|问题|情况|案例|工单)|复盘",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"\b(?:fail(?:s|ed|ing|ures?)?(?! ?over)|broken?|down|died|dies|dead|crash\w*|hangs?|hanging|hung|stuck|frozen"
    r"|reject(?:s|ed|ing)?|refus(?:es|ed|ing)|slow(?:er|s|ed)?|degraded|unresponsive|unreachable|unavailable|outage"
    r"|time[sd]? ?out|timeouts|errors?|erroring|exceptions?|[45]xx|50[0234]|went wrong|goes wrong"
    r"|expired|stale|missing|lost|corrupt\w*|exhausted|overloaded|full|maxed|evict\w*|oomkilled|oom|no space"
    r"|restart(?:s|ed|ing) (?:again|by itself|constantly)|keeps? \w+ing|exit code|fired|firing|paged|alert(?:ed|ing)"
    r"|can(?:'?t|not) (?:pay|log ?in|connect|reach|open|print|order|check ?out|write|start|find)"
    r"|(?:is|are|seems?|all) (?:suddenly )?(?:empty|wrong|late|behind|climbing|rising)|waits|waiting)\b|>\d+ ?s\b"
    r"|挂了|挂掉|崩|宕|故障|失败|报错|出错|错误|异常|超时|[打登连点付下]不[开上了通]|[收看找用]不[到了]|不可用|不对"
    r"|不一致|差异"
    r"|拒绝|被拒|丢[了失]|变慢|很慢|太慢|卡[住死了]|满了|写满|占满|耗尽|积压|堆积|变红|响了|告警了|报警了|叫醒"
    r"|反复重启|又重启|被杀|OOM|清空|淘汰|过期了|旧的?了|是昨天的|还是(?:待|旧|老)|9\d ?%",
    re.IGNORECASE,
)
_ASKS_A_VALUE = re.compile(
    r"\bhow (?:big|large|long|many|much|often)\b|\bwhat is the\b|\bdoes the\b|多少|有几个|多久|多大", re.IGNORECASE
)
_ASKS = re.compile(
    r"\b(?:how|what|why|when|where|which|who|should|can ?'?t? i|could|is it|do (?:i|we)|does)\b|[?？]"
    r"|怎么|怎样|如何|为什么|什么|哪|谁|吗|呢|是否|能不能|可以",
    re.IGNORECASE,
)
# A few words without a question are what people type into a search box.
_FEWEST_WORDS, _FEWEST_SIGNS = 6, 10
_FEWEST_LEFT = 4
_HOW_TO = re.compile(
    r"\bhow (?:do|can|should|would|to)\b|\bwhat (?:should|can|do) (?:i|we)\b|\bsteps? to\b|\brunbook\b"
    r"|\bwho (?:is|do|should|can|owns)\b|怎么(?!了|回事)|如何|怎样|步骤|手册|找谁|谁负责",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(?<=[,，;；。？?!！])\s*|(?<=\.)\s+")
_WORD = re.compile("[A-Za-z0-9_]+|[\u3400-\u9fff]")


def asks_what_happened_before(text: str) -> bool:
    """Whether a text asks for past incidents."""
    return _BEFORE.search(text) is not None


def asks_how_to(text: str) -> bool:
    """Whether a text asks what is to be done, or whom to call, and not what is wrong."""
    return _HOW_TO.search(text) is not None


def without_asking_before(text: str) -> str:
    """The text without the words that ask for past incidents: what is left describes what is seen now.

    A clause of which little else is left goes with them; the text stays as it is when that is all of it.
    """
    kept = [rest for clause in _CLAUSE.split(text) if (rest := _without_asking(clause))]
    return " ".join(kept) or text


def tells_of_trouble(text: str) -> bool:
    """Whether a text says that something is broken, or tells what is seen without asking anything.

    One that asks for a value or a limit does not, whatever else it names.
    """
    if _ASKS_A_VALUE.search(text):
        return False
    long = len(text.split()) >= _FEWEST_WORDS or len(re.findall("[\u3400-\u9fff]", text)) >= _FEWEST_SIGNS
    return _BROKEN.search(text) is not None or (long and not _ASKS.search(text))


def _without_asking(clause: str) -> str:
    rest = _BEFORE.sub(" ", clause).strip(" ,，;；?？")
    little = len(_WORD.findall(rest)) < _FEWEST_LEFT
    return "" if little and _BEFORE.search(clause) else rest
