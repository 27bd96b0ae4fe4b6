"""The groups of alerts that fire, as the grouping has them now, and the incidents that they are known as."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.analysis.alert_grouping import Grouping
from bot.analysis.alert_relations import Alert, Onset, Surroundings
from bot.rules.alert_folding import Key


@dataclass(frozen=True)
class Group:
    """Alerts that hang together, the one where they begin first.

    ``homes`` are the incidents that began here: several become one, and without any there is to be a new one.
    ``foreign`` are alerts that were just placed, or belong to another incident or none: they are to move.
    """

    firings: tuple[int, ...]
    keys: tuple[Key, ...]
    homes: tuple[str, ...] = ()
    foreign: tuple[Key, ...] = ()


@dataclass
class AlertGroups:
    """A grouping that knows which incident each firing was committed to.

    It is no truth: it is built anew from what is stored, and what is placed counts once it was committed.
    """

    calls: Iterable[tuple[str, str]]
    _placed: dict[int, tuple[Key, int]] = field(default_factory=dict, init=False)
    _keys: defaultdict[int, dict[Key, None]] = field(default_factory=lambda: defaultdict(dict), init=False)
    _latest: dict[Key, int] = field(default_factory=dict, init=False)
    _incident: dict[int, str] = field(default_factory=dict, init=False)
    _firings: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set), init=False)

    def __post_init__(self) -> None:
        self._grouping = Grouping(Surroundings(self.calls), self._settled)

    def place(self, number: int, key: Key, alert: Alert, incident_id: str = "") -> None:
        """Take in the alert of a report, which belongs to an incident already where it is one that is back.

        One that was placed and not committed yet stays where it is.
        """
        if number not in self._placed:
            self._placed[number] = key, self.restore(key, alert, incident_id)

    def restore(self, key: Key, alert: Alert, incident_id: str) -> int:
        """Take in an alert as it is stored."""
        firing = self._add(key, alert)
        if incident_id and firing in self._keys and firing not in self._incident:
            self._assign(firing, incident_id)
        return firing

    def touched(self) -> list[Group]:
        """The groups of what was placed since the last commit."""
        live = self._grouping.incidents()
        placed = {firing for _, firing in self._placed.values()}
        found = [self._group(onsets) for onsets in live.values() if any(one.id in placed for one in onsets)]
        here = {firing for group in found for firing in group.firings}
        # What began long ago has left again: it is on its own.
        alone = dict.fromkeys(key for key, firing in self._placed.values() if firing not in here)
        return found + [Group((), (key,), (), (key,)) for key in alone]

    def committed(self, groups: Sequence[tuple[Group, str]], merged: Iterable[tuple[str, str]]) -> None:
        """Keep what the groups are now known as, empty for no incident, and which incident went into which."""
        for gone, into in merged:
            for firing in self._firings.pop(gone, set()):
                self._incident.pop(firing)
                self._assign(firing, into)
        for group, incident_id in groups:
            for firing in group.firings:
                if incident_id:
                    self._assign(firing, incident_id)
        self._placed.clear()

    def _add(self, key: Key, alert: Alert) -> int:
        firing = self._grouping.add(alert)
        try:
            self._grouping.incident(firing)
        except KeyError:
            return firing
        self._keys[firing][key] = None
        self._latest[key] = firing
        return firing

    def _assign(self, firing: int, incident_id: str) -> None:
        self._firings[self._incident.get(firing, incident_id)].discard(firing)
        self._incident[firing] = incident_id
        self._firings[incident_id].add(firing)

    def _group(self, onsets: Sequence[Onset]) -> Group:
        ordered = sorted(onsets, key=lambda one: (one.parent is not None, one.id))
        firings = tuple(one.id for one in ordered)
        here = set(firings)
        known = dict.fromkeys(self._incident[one] for one in sorted(here) if one in self._incident)
        began_elsewhere = (self._incident[firings[0]],) if firings[0] in self._incident else ()
        homes = tuple(id for id in known if min(self._firings[id]) in here) or began_elsewhere
        pairs = [(one, key) for one in firings for key in self._keys[one] if self._latest[key] == one]
        settled, fresh = homes[0] if len(homes) == 1 else "", {key for key, _ in self._placed.values()}
        foreign = (key for one, key in pairs if key in fresh or not settled or self._incident.get(one) != settled)
        return Group(firings, tuple(dict.fromkeys(key for _, key in pairs)), homes, tuple(dict.fromkeys(foreign)))

    def _settled(self, firing: int, _incident: int) -> None:
        for key in self._keys.pop(firing, {}):
            if self._latest.get(key) == firing:
                del self._latest[key]
        incident = self._incident.pop(firing, "")
        self._firings[incident].discard(firing)
        if not self._firings[incident]:
            del self._firings[incident]
