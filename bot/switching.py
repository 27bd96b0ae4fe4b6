"""What is on or off for all remedies: a stop, and a freeze of changes; each change of them is in the audit."""

from collections.abc import Sequence
from datetime import datetime

from bot.guards.cases import FREEZE, STOP
from bot.remedy_ports import noted
from connectors.state.remedy_port import Entry, Remedies, Switch

LONGEST = 300


async def stop(state: Remedies, by: str, why: str, now: datetime, entries: Sequence[Entry] = ()) -> None:
    """From now on nothing is approved or begun; what runs already runs to its end. ``entries`` say who allowed it."""
    told = entries or (noted("stopped", STOP, now, {"why": why[:LONGEST]}, by),)
    await state.switch(Switch(STOP, why[:LONGEST], by, now), told)


async def go(state: Remedies, by: str, now: datetime, entries: Sequence[Entry] = ()) -> bool:
    """End a stop; False when there was none. What was withdrawn meanwhile stays so."""
    held = (await state.switches(now)).get(STOP)
    told = entries or (noted("let go", STOP, now, {}, by),)
    await state.switch(Switch(STOP, "", by, now, until=now), told)
    return held is not None


async def freeze(state: Remedies, by: str, name: str, now: datetime, until: datetime | None = None) -> None:
    """Until then, or until it is lifted, no change is approved or begun."""
    detail = {"name": name[:LONGEST], "until": until.isoformat() if until else None}
    switch = Switch(FREEZE, name[:LONGEST], by, now, until)
    await state.switch(switch, [noted("frozen", FREEZE, now, detail, by)])


async def thaw(state: Remedies, by: str, now: datetime) -> bool:
    """Lift a freeze that somebody set; False when there was none. Those of the settings stay."""
    held = (await state.switches(now)).get(FREEZE)
    await state.switch(Switch(FREEZE, "", by, now, until=now), [noted("thawed", FREEZE, now, {}, by)])
    return held is not None
