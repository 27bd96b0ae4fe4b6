"""The second factor for the most dangerous remedies: a code of an authenticator app, for one proposal (RFC 6238)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

import pyotp
from pyotp.exceptions import OTPVerificationError

Shown: TypeAlias = Literal["passed", "wrong", "used", "too many", "not enrolled"]
"""What became of a code. ``used``: it was shown before. ``too many``: it was not even looked at."""

TRIES, WITHIN = 5, timedelta(minutes=5)
_CODE = re.compile(r"[0-9]{6}")
_ISSUER = "Nightshift"
# Clocks may differ by one step of 30 seconds.
_STEPS = 1


class AlreadyEnrolled(Exception):
    """This person has a second factor; it has to be removed before another takes its place."""


@dataclass(frozen=True)
class Enrolment:
    """One person's second factor. ``confirmed`` once a code of it was right; ``step`` is that of the last right code.

    ``passed`` are the proposals that it was shown for, and until when that counts.
    """

    person: str
    secret: str = field(repr=False)
    confirmed: bool = False
    step: int = -1
    tried: tuple[datetime, ...] = ()
    passed: Mapping[str, datetime] = field(default_factory=dict)


Turn: TypeAlias = Callable[[Enrolment | None], Enrolment | None]


class Enrolments(Protocol):
    """Where second factors are kept."""

    def find(self, person: str) -> Enrolment | None:
        """A person's, or None."""

    def change(self, person: str, turn: Turn) -> None:
        """Put what ``turn`` makes of it in its place, while nobody else changes it; what it raises is raised."""


@dataclass(frozen=True)
class StepUp:
    """Enrols people, takes their codes, and says for which proposals they have shown one. ``good_for`` is how long."""

    enrolments: Enrolments
    good_for: timedelta = timedelta(minutes=5)

    def enrol(self, person: str) -> str:
        """A new secret for a person, as the address that an authenticator app reads off a picture.

        Until a code of it was right another may take its place. Raises AlreadyEnrolled.
        """
        secret = pyotp.random_base32()

        def turn(known: Enrolment | None) -> Enrolment:
            if known and known.confirmed:
                raise AlreadyEnrolled
            # Whoever enrols anew has no more tries for it.
            return Enrolment(person, secret, tried=known.tried if known else ())

        self.enrolments.change(person, turn)
        return str(pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=_ISSUER))

    def remove(self, person: str) -> None:
        """Forget a person's second factor."""
        self.enrolments.change(person, lambda _: None)

    def show(self, person: str, code: str, proposal_id: str, now: datetime) -> Shown:
        """Take a code. Each is right once; five tries in five minutes are looked at, whatever came of them."""
        became: list[Shown] = []

        def turn(known: Enrolment | None) -> Enrolment | None:
            if known is None:
                became.append("not enrolled")
                return None
            shown, after = _taken(known, code, now)
            became.append(shown)
            if shown != "passed":
                return after
            still = {id: until for id, until in after.passed.items() if now < until}
            return replace(after, passed={**still, proposal_id: now + self.good_for})

        self.enrolments.change(person, turn)
        return became[-1]

    def holds(self, person: str, proposal_id: str, now: datetime) -> bool:
        """Whether a person has shown a code for this proposal, a short time ago."""
        known = self.enrolments.find(person)
        until = known.passed.get(proposal_id) if known else None
        return until is not None and now < until


def _taken(known: Enrolment, code: str, now: datetime) -> tuple[Shown, Enrolment]:
    tried = tuple(at for at in known.tried if now - at < WITHIN)
    if len(tried) >= TRIES:
        return "too many", known
    after = replace(known, tried=(*tried, now))
    written = re.sub(r"\s", "", code)
    try:
        if not _CODE.fullmatch(written):
            return "wrong", after
        step = pyotp.TOTP(known.secret).verify_and_get_timecode(written, for_time=now, valid_window=_STEPS)
    except OTPVerificationError:
        return "wrong", after
    if step <= known.step:
        return "used", after
    return "passed", replace(after, confirmed=True, step=step)
