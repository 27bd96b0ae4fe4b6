"""What becomes of an incident: whether it is diagnosed, and where it is posted, by its service and the channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.incident import Incident, Mode
from bot.rules.conversations import EVERYWHERE
from bot.vocabulary import Language

LOUDNESS: Mapping[Mode, int] = {"off": 0, "shadow": 1, "live": 2}
Places = tuple[tuple[str, str], ...]
"""Platforms and conversations on them."""


@dataclass(frozen=True)
class OfService:
    """What differs for one service; None and no channels: as for all."""

    mode: Mode | None = None
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class IncidentRules:
    """What becomes of incidents. ``modes`` and ``languages`` are those of channels; ``*`` stands for all others."""

    mode: Mode = "live"
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: Mapping[str, OfService] = field(default_factory=dict)
    modes: Mapping[str, Mode] = field(default_factory=dict)
    languages: Mapping[str, Language] = field(default_factory=dict)
    language: Language = "en"
    wait_seconds: float = 20.0
    deadline_seconds: float = 300.0
    budget_seconds: float = 600.0
    calls: int = 120
    tokens: int = 200_000
    cost: float | None = None
    again_hours: float = 72.0


def mode_of(incident: Incident, rules: IncidentRules) -> Mode:
    """How an incident is treated: the loudest of its services' modes; that of all where none has its own."""
    own = [one.mode for name in incident.services if (one := rules.services.get(name)) and one.mode]
    return max(own, key=LOUDNESS.__getitem__) if own else rules.mode


def places_of(incident: Incident, rules: IncidentRules) -> Places:
    """Where a live incident is posted: the channels of its services, or else those of all, unless they are not live."""
    own = [one.channels for name in incident.services if (one := rules.services.get(name)) and one.channels]
    wanted = [(channel, place) for of in own or [rules.channels] for channel, places in of.items() for place in places]
    others = rules.modes.get(EVERYWHERE, "live")
    return tuple(dict.fromkeys(one for one in wanted if rules.modes.get(one[1], others) == "live"))


def language_of(incident: Incident, rules: IncidentRules) -> Language:
    """The language of the first place where an incident is posted that has one; that of all where none has."""
    places = [place for _, place in places_of(incident, rules)]
    own = [rules.languages.get(place) or rules.languages.get(EVERYWHERE) for place in places]
    return next((one for one in own if one), rules.language)
