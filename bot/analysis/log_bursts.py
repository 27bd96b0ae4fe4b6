"""What the logs say that they did not say before: templates new in a window, and those far more frequent than usual.

The count of a template in the window is held against the prediction from its baseline: Poisson with an unknown rate,
so negative binomial (A. Gelman et al., "Bayesian Data Analysis", 3rd edition, 2.6; Jeffreys' prior). Log lines come in
clumps, so counts are first divided by the variance-to-mean ratio of the baseline (quasi-Poisson; P. McCullagh and
J. Nelder, "Generalized Linear Models", 1989, 6.2.3). Many templates are asked at once: the error is the false discovery
rate (Y. Benjamini and Y. Hochberg, 1995).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.analysis.log_masks import LONGEST
from bot.analysis.log_templates import templates

_TIMES_AS_MANY = 2.0
_MOST_BINS = 1000
# Without it requests that went well and badly would fall together: only a number tells them apart.
_REFUSED = re.compile(
    r"(?:\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|status(?:[ _]?code)?)\b|\bHTTP/)[^\n]{0,300}?[\s=:\"]([45])\d\d\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LogLine:
    """A line and when it was written, in seconds of any one clock."""

    at: float
    text: str


@dataclass(frozen=True)
class Span:
    """From ``start`` up to but not including ``end``, in seconds of the lines' clock."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"a span must end after its start, not at {self.end} from {self.start}")

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True)
class Change:
    """A template that is new or bursts in the window; lines of refused requests stand apart, as ``4xx`` and ``5xx``.

    ``expected`` is how many lines the baseline lets expect, ``first_seen`` when the first line came in the window and
    ``sample`` that line, ``false_discovery`` the share of such findings that chance would make, from 0 to 1.
    """

    template: str
    kind: Literal["new", "bursting"]
    count: int
    expected: float
    first_seen: float
    sample: str
    false_discovery: float


def changes(lines: Iterable[LogLine], window: Span, baseline: Span, at_most: float = 0.01) -> list[Change]:
    """The new templates, all of them, and those that burst with a false discovery rate of ``at_most``.

    The least likely to be chance come first, of equals the most frequent. A burst has at least twice the pace of the
    baseline. Lines outside both spans do not count; the spans may not overlap (ValueError).
    """
    if window.start < baseline.end and baseline.start < window.end:
        raise ValueError("window and baseline overlap")
    told = [line for line in lines if line.at in window or line.at in baseline]
    before: defaultdict[str, list[float]] = defaultdict(list)
    now: defaultdict[str, list[LogLine]] = defaultdict(list)
    for line, general in zip(told, templates([line.text for line in told]), strict=True):
        refused = _REFUSED.search(line.text[:LONGEST])
        template = f"{refused[1]}xx {general}" if refused else general
        if line.at in window:
            now[template].append(line)
        else:
            before[template].append(line.at)
    found = [_change(template, some, before[template], window, baseline) for template, some in now.items()]
    rates = _false_discovery([one.false_discovery for one in found])
    changed = (replace(one, false_discovery=rate) for one, rate in zip(found, rates, strict=True))
    kept = [one for one in changed if one.kind == "new" or _bursts(one, at_most)]
    return sorted(kept, key=lambda one: (one.false_discovery, -one.count, one.first_seen, one.template))


def _bursts(one: Change, at_most: float) -> bool:
    return one.false_discovery <= at_most and one.count >= _TIMES_AS_MANY * one.expected


def _change(template: str, now: Sequence[LogLine], before: Sequence[float], window: Span, baseline: Span) -> Change:
    first = min(now, key=lambda line: line.at)
    clump = _dispersion(before, window.seconds, baseline)
    share = window.seconds / (window.seconds + baseline.seconds)
    chance = _as_many(len(now) / clump, len(before) / clump, share)
    expected = len(before) * window.seconds / baseline.seconds
    return Change(template, "bursting" if before else "new", len(now), expected, first.at, first.text, chance)


def _as_many(now: float, before: float, share: float) -> float:
    """How likely at least ``now`` are after ``before``, when the window is such a share of all the time."""
    from scipy.special import betainc  # type: ignore[import-untyped]  # scipy carries no types

    return float(betainc(now, before + 0.5, share))


def _dispersion(times: Sequence[float], width: float, baseline: Span) -> float:
    """Variance over mean of the counts in bins as wide as the window, at least 1; 1 where there are under three."""
    bins = min(int(baseline.seconds / width), _MOST_BINS)
    if bins < 3 or not times:
        return 1.0
    counts = Counter(min(int((at - baseline.start) / baseline.seconds * bins), bins - 1) for at in times)
    mean = len(times) / bins
    squares = sum((count - mean) ** 2 for count in counts.values()) + (bins - len(counts)) * mean**2
    return max(1.0, squares / (bins - 1) / mean)


def _false_discovery(chances: Sequence[float]) -> list[float]:
    """The chances after Benjamini and Hochberg's step-up adjustment, in their order."""
    adjusted, least = [1.0] * len(chances), 1.0
    for rank, at in sorted(enumerate(sorted(range(len(chances)), key=chances.__getitem__), 1), reverse=True):
        least = min(least, chances[at] * len(chances) / rank)
        adjusted[at] = least
    return adjusted
