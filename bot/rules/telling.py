"""The telling part of a long text: lines word for word and in their order, with a mark where some are left out."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from bot.analysis.log_masks import masked

_BAD = re.compile(
    r"\b(?:error|fail(?:ed|ure|ing)?|fatal|critical|exception|panic|denied|refused|timed? ?out|timeout|unavailable"
    r"|expired|warning|crash\w*|evict\w*|oom\w*|backoff|pending|unhealthy|notready|exceeded|insufficient|unable|cannot"
    r"|missing|undefined|not found|invalid|killed|throttl\w*)\b|错误|失败|异常|超时|拒绝|告警",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"^\s*\"?(?:name|namespace|status|state|reason|message|exit.?code|image|node|replicas|ready|restart.?count|type"
    r"|limits|requests|cpu|memory|port|conditions|events|controlled by|phase|node-selectors|tolerations|claimname"
    r"|storageclass)\"?:",
    re.IGNORECASE,
)
_LONGEST_LINE, _ALIKE, _MOST_LINES = 400, 2, 60_000


def telling(text: str, quotes: Collection[str], names: Collection[str], most: int) -> str:
    """At most ``most`` characters, and a text that fits as it is.

    Lines with a quote come first, then bad news, names and states, each form of a line a few times, then others.
    """
    if len(text) <= most:
        return text
    lines = text.split("\n")[:_MOST_LINES]
    wanted = sorted(((-_worth(line, quotes, names), at) for at, line in enumerate(lines) if line.strip()))
    kept: set[int] = set()
    forms: Counter[str] = Counter()
    room = most
    for worth, at in wanted:
        line = lines[at]
        cost = min(len(line), _LONGEST_LINE) + 3
        form = masked(line) if worth < 0 and worth > -10 else ""
        forms[form] += 1
        if cost > room or (form and forms[form] > _ALIKE):
            continue
        kept.add(at)
        room -= cost
        if room < 40:
            break
    return _joined(lines, sorted(kept), quotes)


def _worth(line: str, quotes: Collection[str], names: Collection[str]) -> int:
    # A quote of several lines is kept by each of them.
    if any(quote in line or ("\n" in quote and line.strip() in map(str.strip, quote.split("\n"))) for quote in quotes):
        return 10
    low = line.lower()
    return 4 * bool(_BAD.search(line)) + 2 * any(name in low for name in names) + 2 * bool(_STATE.match(line))


def _joined(lines: Sequence[str], kept: Sequence[int], quotes: Collection[str]) -> str:
    found: list[str] = []
    before = -1
    for at in kept:
        if at > before + 1:
            found.append("…")
        found.append(_short(lines[at], quotes))
        before = at
    return "\n".join([*found, *(["…"] if before < len(lines) - 1 else [])])


def _short(line: str, quotes: Collection[str]) -> str:
    """A very long line from where its quote begins."""
    if len(line) <= _LONGEST_LINE:
        return line
    at = next((found for quote in quotes if (found := line.find(quote)) >= 0), 0)
    return line[at : at + _LONGEST_LINE]
