"""Settings of remedies: what may be proposed for an incident, who decides, and when nothing is changed."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, SecretStr, field_validator, model_validator

from bot.guards.keys import kept_key
from bot.guards.terms import Day, Freeze, Terms
from bot.remedy import Autonomy, Risk
from knowledge.settings import Names, Section

KEY_FILE = "approval.key"
"""The file in the home folder with the key of buttons, where the settings hold none."""


class FreezeTime(Section):
    """A time in which nothing is approved or carried out: once, or every week."""

    begins: AwareDatetime | None = None
    """Once: from this moment, such as `2026-12-18T18:00:00+01:00` …"""

    ends: AwareDatetime | None = None
    """… up to this one."""

    days: tuple[Day, ...] = ()
    """Every week: it begins on these days, such as `["fri"]` …"""

    at: time = time()
    """… at this time of the day, such as `18:00:00` …"""

    hours: Annotated[float, Field(gt=0, le=168)] = 24.0
    """… and lasts this long."""

    zone: str = "UTC"
    """The time zone of `days` and `at`, such as `Europe/Berlin` or `Asia/Shanghai`."""

    services: Names = ()
    """Only for these services; all when empty."""

    environments: Names = ()
    """Only in these environments; all when empty. A remedy that names none may be in any."""

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone {zone!r}; write one such as Europe/Berlin or Asia/Shanghai") from None
        return zone

    @model_validator(mode="after")
    def _is_a_time(self) -> "FreezeTime":
        once = _is_once(self.begins, self.ends)
        if once == bool(self.days):
            raise ValueError("write either begins and ends, the earlier first, or days, at and hours")
        return self


class Remedies(Section):
    """What may be proposed for an incident, from a catalogue of your own, and who decides on it."""

    folder: Path | None = None
    """The folder with the catalogue, YAML files of remedies (`docs/remedies.md`). None: nothing is proposed."""

    policies: Path | None = None
    """Your own policies in Cedar: a file, or a folder of `*.cedar` files. What always holds stands beside them:
    nobody approves what they asked for, or while remedies are stopped or frozen, or from another workspace."""

    our_policies: bool = True
    """Whether your own policies add to ours (owners approve low and medium risk, groups named for it high and
    critical), or, when false, are in their place."""

    groups: dict[Risk, tuple[str, ...]] = Field(default={})
    """Groups that are entrusted with a risk: `high = ["incident-leads"]`, `critical = ["incident-leads"]`. Nobody can
    approve a risk of these two that has no group. Those for critical also agree to more autonomy."""

    operators: Names = ()
    """Groups that may let remedies run again after a stop; those for critical risk when empty. Everybody may stop."""

    needed: dict[Risk, Annotated[int, Field(ge=1, le=10)]] = Field(default={})
    """How many people have to approve, where it shall be more than 1 (low, medium) or 2 (high, critical)."""

    step_up: bool = True
    """Whether a critical remedy is approved with a second factor only, a code of an authenticator app."""

    step_up_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """How long a second factor counts for the proposal that it was shown for."""

    key: Annotated[SecretStr, Field(min_length=32)] | None = None
    """The key that buttons are signed with; the same for all machines that share one database. None: one is made, and
    kept in `home`."""

    expires_seconds: Annotated[float, Field(gt=0)] = 86_400.0
    """A proposal that nobody decides on expires after this time at the latest, whatever its remedy says."""

    window_seconds: Annotated[float, Field(gt=0)] = 3600.0
    """What is approved is carried out within this time or not at all, whatever its remedy says."""

    freezes: dict[str, FreezeTime] = Field(default={})
    """When nothing is changed, each with a name: `[remedies.freezes.weekend]`."""

    autonomy: dict[str, Autonomy] = Field(default={})
    """Levels of autonomy by remedy, or by remedy and service: `"restart-service/checkout" = "automatic"`. `propose`
    (the default): people approve, as many as `needed` says; `several`: two at least; `one`: no more than the risk asks
    for; `automatic`: nobody has to, where the risk is low, the remedy idempotent and proven."""

    verified_before: Annotated[int, Field(ge=1)] = 5
    """How often people must have approved a remedy, and its verification succeeded, before it may be automatic."""

    automatic_per_day: Annotated[int, Field(ge=0)] = 3
    """How often one remedy may run within 24 hours without an approval."""

    @property
    def terms(self) -> Terms:
        """What was agreed on, as the guard knows it."""
        freezes = (Freeze(name=name, **one.model_dump()) for name, one in self.freezes.items())
        return Terms(
            needed=self.needed,
            step_up=frozenset({"critical"}) if self.step_up else frozenset(),
            groups=self.groups,
            operators=self.operators or self.groups.get("critical", ()),
            freezes=tuple(freezes),
            autonomy=self.autonomy,
            verified_before=self.verified_before,
            automatic_per_day=self.automatic_per_day,
            window_seconds=self.window_seconds,
        )

    def expires_at(self, seconds: float, proposed_at: datetime) -> datetime:
        """When a proposal expires whose remedy says so many seconds."""
        return proposed_at + timedelta(seconds=min(seconds, self.expires_seconds))

    def signing_key(self, home: Path) -> bytes:
        """The key of buttons; made once and kept in ``home`` where none is set. Raises UnsafeKey."""
        return self.key.get_secret_value().encode() if self.key else kept_key(home / KEY_FILE)


def _is_once(begins: datetime | None, ends: datetime | None) -> bool:
    if begins is None and ends is None:
        return False
    if begins is None or ends is None or ends <= begins:
        raise ValueError("a freeze that happens once needs begins and ends, the earlier first")
    return True
