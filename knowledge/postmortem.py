"""What a postmortem or a resolved ticket says, and where: under headings, in tables, behind words in bold."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from knowledge.chunk import plain
from knowledge.language import Language

Part: TypeAlias = Literal[
    "symptom", "summary", "impact", "cause", "fix", "severity", "started", "resolved", "service", "afterwards"
]
_NAMES: Mapping[Part, str] = {
    "symptom": r"symptoms?|what (?:was seen|users saw|happened)|problem|(?:故障|问题|异常)?(?:现象|表现)|症状|问题描述",
    "summary": r"(?:\w+ )?summary|overview|description|abstract|(?:事件|故障|问题|事故)?(?:概述|概要|摘要|简述|描述)",
    "impact": r"(?:\w+ )?impact|(?:业务|用户)?影响(?:范围|面)?",
    "cause": r"(?:root |underlying |direct )?causes?(?: analysis)?|why it happened"
    r"|(?:根本|直接|故障|问题)?原因(?:分析)?|根因(?:分析)?",
    "fix": r"(?:the )?fix(?:es)?|what (?:fixed|helped|solved)(?: it)?|resolution|remediation|mitigation|solution"
    r"|recovery|workaround|how (?:it was|we) (?:fixed|resolved|solved)(?: it)?"
    r"|怎么修好的|(?:如何)?(?:处理|修复|解决|恢复|处置)(?:过程|方法|方案|措施|办法|步骤)?",
    "severity": r"severity|sev|priority|(?:故障|事件)?(?:级别|等级)|严重(?:程度|级别)|优先级",
    "started": r"(?:start(?:ed)?|began|begin|detected)(?: at| time)?|(?:开始|发生|故障|发现)时间|开始",
    "resolved": r"(?:resolved|ended|end|closed|recovered)(?: at| time)?|(?:结束|恢复|解决)时间|结束",
    "service": r"(?:affected )?(?:services?|systems?)|(?:受影响|影响|涉及)?(?:的)?(?:服务|系统)",
    "afterwards": r"(?:what we |lessons? )?learn(?:ed|t)|lessons?|follow[- ]?ups?|action items?|actions|next steps"
    r"|what went (?:well|wrong)|prevention|comments?|references?|links?"
    r"|学到(?:的|了什么)|(?:经验)?教训|后续(?:行动|工作|计划)?|改进(?:措施|项|计划)?|预防(?:措施)?|行动项|评论|参考(?:资料)?",
}
TO_FILL_IN: Mapping[Language, str] = {"en": "To be filled in.", "zh": "待补充。"}
"""What a draft says in the place of a part that nobody has told yet."""

_NAMED = {part: re.compile(_NAMES[part], re.IGNORECASE) for part in get_args(Part)}
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_ROW = re.compile(r"^\s*\|([^|]+)\|([^|]+)\|?\s*$")
_LABELLED = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)?([^:：*_|#`]{2,40}?)(?:\*\*|__)?[:：](?:\*\*|__)?[ \t]*(\S.*)$"
)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_NUMBER = re.compile(r"^(?:\d+(?:\.\d+)*[.)、]?|[一二三四五六七八九十]+[、.])\s*|\s*[(（].*$|[\s:：]+$")
# A line break inside a Chinese sentence is no blank.
_BROKEN = re.compile("(?<=[\u3400-\u9fff，。；：、]) (?=[\u3400-\u9fff])")
_NOT_SEEN: frozenset[Part] = frozenset({"cause", "fix", "afterwards"})


@dataclass(frozen=True)
class Postmortem:
    """What was said of each part, plain and on one line; ``observed`` is all that is neither cause, fix nor lesson."""

    parts: Mapping[Part, str]
    observed: str


def read_postmortem(text: str) -> Postmortem:
    """The parts of a Markdown text, whatever its template; a part that it does not tell is left out.

    A word in front of a colon or in a table of two columns counts like a heading; what comes first wins. A part that
    a draft has left open is not told.
    """
    told: dict[Part, str] = {}
    seen: list[str] = []
    for part, lines in _sections(text):
        body = "\n".join(lines)
        if part and (said := flat(body)) and said not in TO_FILL_IN.values():
            told.setdefault(part, said)
        if part not in _NOT_SEEN:
            seen.append(body)
        if part != "afterwards":
            for name, said in _facts(lines):
                told.setdefault(name, said)
    return Postmortem(told, "\n".join(seen).strip())


def flat(markdown: str) -> str:
    """The text without markup, on one line."""
    return _BROKEN.sub("", " ".join(plain(markdown).split()))


def part_named(heading: str) -> Part | None:
    """Which part a heading opens, without its number and what it has in brackets."""
    name = _NUMBER.sub("", _NUMBER.sub("", flat(heading))).strip()
    return next((part for part, pattern in _NAMED.items() if pattern.fullmatch(name)), None)


def _sections(text: str) -> list[tuple[Part | None, list[str]]]:
    """The runs of lines under one part; a deeper heading that names none goes on with the part above it."""
    found: list[tuple[Part | None, list[str]]] = [(None, [])]
    depth, fenced = 0, False
    for line in text.splitlines():
        fenced ^= _FENCE.match(line) is not None
        heading = None if fenced else _HEADING.match(line)
        named = part_named(heading[2]) if heading else None
        if heading and (named or found[-1][0] is None or len(heading[1]) <= depth):
            depth = len(heading[1])
            found.append((named, []))
        else:
            found[-1][1].append(line)
    return found


def _facts(lines: list[str]) -> Iterator[tuple[Part, str]]:
    for line in lines:
        found = _ROW.match(line) or _LABELLED.match(line)
        name = part_named(found[1]) if found else None
        if found and name and (said := flat(found[2])) and said not in TO_FILL_IN.values():
            yield name, said
