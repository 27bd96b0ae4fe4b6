"""What the logs say since a trouble began that they did not say before, and what they say most."""

import re
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime

from bot.agents.exploration import Explored
from bot.agents.sightings import about, lines_of, moment
from bot.analysis.log_bursts import Change, LogLine, Span, changes
from bot.analysis.log_masks import masked
from bot.desk import Desk
from bot.incident import Excluded, Finding
from bot.rules.slots import properties, slot

_MOST, _MOST_LINES = 3, 20_000
_FEWEST_BEFORE = 10
_EARLY = 300.0
_BAD = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|WARN(?:ING)?|panic|[Ee]xception|[Ff]ail(?:ed|ure))\b|错误|失败|异常"
)
_WORDS = {
    "new": {"en": "Since it began the logs say what they did not say before, {count} times: {line}",
            "zh": "故障开始后日志出现了之前没有的内容，{count} 次：{line}"},
    "bursting": {"en": "Since it began the logs say this {count} times, where {expected} were to be expected: {line}",
                 "zh": "故障开始后日志中这一内容出现 {count} 次（平时约 {expected} 次）：{line}"},
    "once": {"en": "The logs say: {line}", "zh": "日志中有：{line}"},
    "most": {"en": "The logs say {count} times: {line}", "zh": "日志中出现 {count} 次：{line}"},
}  # fmt: skip
_NOTHING = re.compile(
    r"^\s*(?:No (?:output|lines|logs|results|entries|match\w*)\b.*)?\s*$|\bNo logs (?:found|matched)|Matched: 0 logs"
)
_IN_VAIN = {"en": "No line with “{words}” was found in the logs of {what}.", "zh": "{what} 的日志中没有找到“{words}”。"}
_LONGEST = 160


def logged(desk: Desk, explored: Explored, known: Collection[str]) -> list[Finding]:
    """New and bursting lines where there are times before and after the beginning, and the most frequent bad line.

    Lines whose quote is ``known`` already are not told again.
    """
    tools = {one.name for one in explored.tools if one.kind == "logs"}
    lines = list(lines_of(explored, tools))[:_MOST_LINES]
    sources = {line: seen.id for seen, line in lines}
    told = _changed(desk, [line for _, line in lines])
    found = [_finding(desk, one.kind, one.sample, one.count, sources, round(one.expected)) for one in told]
    frequent = Counter(masked(line) for _, line in lines if _BAD.search(line))
    samples = {masked(line): line for _, line in reversed(lines)}
    most = [(samples[form], count) for form, count in frequent.most_common(_MOST)]
    found += [_finding(desk, "most", line, count, sources) for line, count in most]
    quotes = {quote.strip() for quote in known}
    kept = {one.quote: one for one in reversed(found) if one.quote not in quotes}
    return [
        one.model_copy(update={"id": f"{desk.expert}-log-{at}"}) for at, one in enumerate(reversed(kept.values()), 1)
    ]


def searched(desk: Desk, explored: Explored) -> list[Excluded]:
    """What logs were searched for in vain, so that nobody takes it for what was not looked at."""
    tools = {one.name: one for one in explored.tools if one.kind == "logs"}
    found: dict[str, Excluded] = {}
    for seen, text in explored.seen:
        if seen.tool not in tools or seen.outcome != "answered" or not _NOTHING.search(text):
            continue
        for name, schema in properties(tools[seen.tool]).items():
            words = seen.arguments.get(name)
            if words and slot(name, schema) == "keyword":
                says = _IN_VAIN[desk.trouble.language].format(words=words, what=about(seen))
                found.setdefault(says, Excluded(says=says, cites=(seen.id,)))
    return list(found.values())


def _changed(desk: Desk, lines: list[str]) -> list[Change]:
    timed = [LogLine(at.timestamp(), line) for line in lines if (at := moment(line))]
    began, end = desk.trouble.began.timestamp() - _EARLY, desk.trouble.at.timestamp() + 1
    first = min((one.at for one in timed), default=began)
    if sum(one.at < began for one in timed) < _FEWEST_BEFORE or began >= end:
        return []
    found = changes(timed, Span(began, end), Span(first - 1, began))
    return [one for one in found if _BAD.search(one.sample) or one.template.startswith("5xx")][:_MOST]


def _finding(desk: Desk, sort: str, line: str, count: int, sources: dict[str, str], expected: int = 0) -> Finding:
    words = _WORDS["once" if sort == "most" and count == 1 else sort][desk.trouble.language]
    at: datetime | None = moment(line)
    return Finding(
        id="",
        by=desk.expert,
        kind="log",
        says=words.format(count=count, expected=expected, line=line.strip()[:_LONGEST]),
        cites=(sources[line],),
        quote=line.strip()[:400],
        service=next(iter(desk.trouble.services), ""),
        weight=0.5 if sort != "most" else 0.4,
        at=at.astimezone(UTC) if at else None,
    )
