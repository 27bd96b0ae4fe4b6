"""The patterns by which statements are found in English and Chinese pages, and the names of what they speak of."""

import re
from collections.abc import Iterable, Sequence

from knowledge.quantities import QUANTITY, Value, value

ENVIRONMENTS = frozenset({"production", "staging", "test", "development"})

# What makes it natural that two values differ.
_QUALIFIERS = {
    "production": r"\bprod(?:uction)?\b|生产|线上|正式环境",
    "staging": r"\bstag(?:e|ing)\b|\bstg\b|\bpre-?prod(?:uction)?\b|预发|预生产|灰度",
    "test": r"\b(?:test(?:ing)?|perf) (?:env\w*|cluster|system)|\b(?:qa|uat)\b|测试环境|压测",
    "development": r"\bdev(?:elopment)?\b|\blocal(?:ly|host)?\b|开发环境|本地",
    "replica": r"\b(?:replica|standby|secondary|follower)s?\b|副本|备库|从库",
    "canary": r"\bcanary\b|金丝雀",
    "ticket": r"\b(?:tickets?|warning)\b|工单",
    "critical": r"\bcritical\b|严重",
    "peak": r"\b(?:peak|night|weekend|cold|warm)\b|高峰|夜间|周末|低谷",
    "internal": r"\binternal\b|内部",
    "external": r"\b(?:public|external)\b|外部|公网",
    "each": r"\b(?:per|each|every|one) (?:pod|node|broker|instance|host|address|user|client)\b|每个|单个",
    "total": r"\b(?:total|altogether|overall|in all|sum)\b|总共|合计|总计|总数",
}
_QUALIFIER = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _QUALIFIERS.items()}
_VALUE_COLUMN = re.compile(r"(?:default )?(?:value|limit)|默认值|值|上限", re.IGNORECASE)

CHANGE = re.compile(
    r"\b(?:set|sets|put|rais\w+|lower\w*|increas\w+|decreas\w+|reduc\w+|chang\w+|bump\w*|grow\w*|shrink\w*|tun(?:e|ing)"
    r"|scal\w+|try|temporar\w+|instead|was|were|used to|formerly|previous\w*|old|new|until|before|after|since|e\.?g"
    r"|for example|suppose|might|could|would|may|recommend\w*|consider|if|unless|whether|about|around|roughly|nearly"
    r"|almost|or|while|during|left|labels?|selectors?|normal(?:ly)?|usual(?:ly)?|typical(?:ly)?)\b|[~≈]|设[为成置]|调[到大小高低整]"
    r"|改[为成回到]|提高|降低|扩[到大容]|曾"
    r"|之前|原来|以前|临时|例如|比如|如果|假设|建议|不要|可以|大约|约|左右|升到|降到|涨到|恢复|平时|正常|期间|标签",
    re.IGNORECASE,
)
"""A sentence with one of these changes something, looks back, supposes, or speaks of what is usual."""

SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")
CLAUSE = re.compile(r"[,;，；、]\s*|\s(?:and|while|but)\s|而")
CODE = re.compile(r"`([^`]{3,120})`")

_SETTING = r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)+|[A-Z][A-Z0-9]{3,}|[a-z]+(?:[A-Z][a-z0-9]+)+"
ASSIGNMENT = re.compile(rf"({_SETTING})\s*[=:]\s*([^\s=~:`|{{}}$<>]+)")
CODE_IS = re.compile(
    rf"`({_SETTING})`\s*(?:(?:is|defaults to|stays at|默认为|默认是|默认|为|是)\s*(`[^`]+`|{QUANTITY})"
    rf"|(?:=|:|：)\s*(`[^`]+`|{QUANTITY}))"
)
MEASURED = re.compile(
    r"(?!.*(?:max|min|limit)).*_(?:total|seconds|bytes|ratio|count|bucket|percent|info|up|units|partitions|connections|captures)"
)
"""Names of metrics: their values are observed and not set."""

LIMIT = re.compile(
    r"(?P<what>(?:[\w-]+ ){0,3})(?P<noun>pool|limit|timeout|quota|retention|lifetime|ttl)s? (?:size )?"
    rf"(?:is|has|holds|allows|keeps|of)(?: at most| up to)? (?P<value>{QUANTITY})(?: (?P<unit>[a-z]+))?",
    re.IGNORECASE,
)
LIMIT_ZH = re.compile(
    r"(?P<noun>连接池|内存上限|连接数上限)(?:大小)?\s?(?:在\w{2,6}?)?(?:是|为|有|：)\s?"
    rf"(?P<value>{QUANTITY})"
)
_NO_NAMES = frozenset(
    re.findall(
        r"\w+", "the a an its this that each every our your is are has have there with of by to in on and no any"
    )
)
NOUNS_ZH = {
    "连接池": "pool connections",
    "内存上限": "memory limit",
    "连接数上限": "connection limit",
}

FIELD = re.compile(
    r"(?P<name>owner|port|version|host(?:name)?|namespace|负责人|负责团队|端口|版本|主机名?)\s*[:：]\s*(?P<value>.{1,60})",
    re.IGNORECASE,
)
FIELDS = {
    "负责人": "owner",
    "负责团队": "owner",
    "端口": "port",
    "版本": "version",
    "主机": "host",
    "主机名": "host",
    "hostname": "host",
}
LISTENS = re.compile(r"\b(?:listens|serves) (?:on|at) (?:port )?(\d{2,5})\b|监听\s?(\d{2,5})\s?端口", re.IGNORECASE)

ALERT = re.compile(r"\W{0,4}((?=\w{10})[A-Z][A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*)\b")
"""An alert at the beginning of a sentence or row: what follows defines it."""


BOUNDS = {
    "above": re.compile(rf"(?:\b(?:above|over|more than|exceeds?)|>=?|超过|高于|大于) ?({QUANTITY})", re.IGNORECASE),
    "below": re.compile(rf"(?:\b(?:below|under|less than|fewer than)|<=?|低于|小于|少于) ?({QUANTITY})", re.IGNORECASE),
    "for": re.compile(rf"(?:\bfor|持续) ?({QUANTITY})", re.IGNORECASE),
}
"""The bounds of an alert and how long they have to be passed."""


def qualifiers(text: str) -> frozenset[str]:
    """What the text says that a value holds for."""
    return frozenset(name for name, pattern in _QUALIFIER.items() if pattern.search(text))


def column(head: str) -> frozenset[str]:
    """What a column of values holds for, by its head: an environment, or ``value`` for whatever the row speaks of."""
    plain = head.strip("*` ")
    found = {name for name in ENVIRONMENTS if _QUALIFIER[name].fullmatch(plain)}
    return frozenset(found or ({"value"} if _VALUE_COLUMN.fullmatch(plain) else ()))


def row_key(cells: Sequence[str], services: Iterable[str]) -> str:
    """The name of what a row speaks of, by its cells in front of the values; empty when there is no name.

    It is the setting in them, or else their words, without the services that are known from elsewhere.
    """
    text = " ".join(cells)
    if found := re.search(rf"`({_SETTING})`|\b([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)\b", text):
        return found[1] or found[2]
    without = text.lower()
    for service in sorted(services, key=len, reverse=True):
        without = re.sub(rf"(?<![\w-]){re.escape(service)}(?![\w-])", " ", without)
    words = re.findall(r"[\w-]+", without) or re.findall(r"[\w-]+", text.lower())
    key = " ".join(words)
    return key if key and not key[0].isdigit() and len(key) <= 60 else ""


def limit_key(what: str, noun: str, unit: str) -> str:
    """One name for what is said in several ways; empty when the words in front do not say which limit it is."""
    words = [word for word in what.lower().split() if word not in _NO_NAMES]
    if noun.lower() == "pool":
        # Of "the payments pool" the service is known already; what it holds says which number this is.
        return f"pool {unit.lower()}" if unit else ""
    return f"{words[-1]} {noun.lower()}" if words and words[-1] == what.lower().split()[-1] else ""


def field_value(text: str) -> Value | None:
    """The value of a field; of several words the first names it, without an article or the word team."""
    words = [word for word in text.strip(" .。").casefold().split() if word not in {"the", "team"}]
    return value("-".join(words)) if 0 < len(words) <= 3 else None
