"""What a part that knows its own set-up can say about it: facts, each with what to do and where."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol, runtime_checkable

Level = Literal["OK", "WARN", "FAIL"]

_SKEW_SECONDS = 60.0


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at; ``mend`` says what to do, and on which page."""

    level: Level
    text: str
    mend: str = ""


@runtime_checkable
class Examined(Protocol):
    """A part that looks at its own set-up."""

    async def checkup(self) -> tuple[Fact, ...]:
        """What is well and what is not. It never raises, posts nothing, changes nothing, and names no secret."""


def lacking(what: str, there: Collection[str], lost: Mapping[str, str], needed: Collection[str], mend: str) -> Fact:
    """Which of the names in ``lost`` are not there, with what is lost; a failure when one of ``needed`` is missing."""
    missing = [name for name in lost if name not in there]
    if not missing:
        return Fact("OK", f"{what}: all {len(lost)}")
    said = "; ".join(f"{name} ({lost[name]})" for name in missing)
    return Fact("FAIL" if set(missing) & set(needed) else "WARN", f"{what} missing: {said}", mend)


def clock(date: str, now: float, whose: str, refused_after: float) -> Fact:
    """Our clock, in seconds since 1970, against the Date header of an answer.

    Where calls are signed, a clock that is further off than ``refused_after`` seconds refuses every one of them.
    """
    try:
        seen = parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, TypeError):
        return Fact("OK", f"{whose} does not tell the time")
    skew = (datetime.fromtimestamp(now, UTC) - seen).total_seconds()
    if abs(skew) <= _SKEW_SECONDS:
        return Fact("OK", f"the clock agrees with {whose}'s")
    refuses = abs(skew) > refused_after
    text = f"the clock is {skew:+.0f} s off {whose}'s" + (": every signed call is refused" if refuses else "")
    return Fact("FAIL" if refuses else "WARN", text, "Set the clock (NTP).")
