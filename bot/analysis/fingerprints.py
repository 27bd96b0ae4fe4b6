"""One alert and its history: what a message about it tells that is new, whether it flaps, whether it came back."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

What = Literal["new", "repeated", "resolved", "back", "flapping", "late"]
"""``new``: it fires, and has not for long; ``repeated``: as before; ``resolved``; ``back``: it fires again soon after
it was resolved; ``flapping``: it changed once more while it changes too often; ``late``: overtaken by what is known."""

AGAIN_SECONDS = 1800.0
"""An alert that fires again within this time after it was resolved is the same trouble."""
FLAPPING_SECONDS = 1800.0
_STARTS_FLAPPING, _STOPS_FLAPPING = 5, 2
_MOST_CHANGES = 21


@dataclass(frozen=True)
class Report:
    """A message that an alert fires, or that it is resolved, and since when, in seconds."""

    fingerprint: str
    at: float
    firing: bool


@dataclass(frozen=True)
class History:
    """What is known of an alert: whether it fires and since when, its latest changes, and how often it fired."""

    firing: bool
    since: float
    changes: tuple[float, ...] = ()
    fired: int = 0
    flapping: bool = False


def fingerprint(labels: Mapping[str, str], without: Iterable[str] = ()) -> str:
    """What identifies an alert: 16 hexadecimal digits, equal for equal labels in any order.

    ``without`` names labels that do not count, such as the replica of the Prometheus that sent it.
    """
    ignored = set(without)
    counting = sorted((name, value) for name, value in labels.items() if name not in ignored and value)
    return hashlib.sha256(json.dumps(counting, ensure_ascii=False).encode()).hexdigest()[:16]


def happened(before: History | None, report: Report) -> tuple[History, What]:
    """The history with the report, and what the report tells; the same report again is ``repeated``, no change.

    An alert flaps from its 5th change within half an hour until it has changed at most twice in that time: two
    thresholds, so that flapping does not itself flap (Nagios, "Detection and Handling of State Flapping").
    """
    if before is None:
        began = History(report.firing, report.at, (report.at,), int(report.firing))
        return began, "new" if report.firing else "resolved"
    if report.firing == before.firing or report.at < before.since:
        return before, "repeated" if report.firing == before.firing else "late"
    changes = (*(at for at in before.changes if report.at - at < FLAPPING_SECONDS), report.at)[-_MOST_CHANGES:]
    flapping = len(changes) > _STOPS_FLAPPING if before.flapping else len(changes) >= _STARTS_FLAPPING
    after = History(report.firing, report.at, changes, before.fired + int(report.firing), flapping)
    return after, "flapping" if flapping else _change(before, report)


def _change(before: History, report: Report) -> What:
    if not report.firing:
        return "resolved"
    return "back" if report.at - before.since < AGAIN_SECONDS else "new"
