"""Alerts become incidents: each alert hangs on the one that best explains it, and an incident is what hangs together.

Every alert has its most likely cause among the others or is itself where an incident begins: the maximum branching of a
graph whose edges are log-likelihoods (J. Edmonds, "Optimum Branchings", 1967). The likelihood of an edge is that of a
Hawkes process over the graph (A. Hawkes, 1971; N. Du et al., "Dirichlet-Hawkes Processes with Applications to
Clustering Continuous-Time Document Streams", KDD 2015): how likely trouble travels there, times the density of the
delay. Alerts come one by one, in any order; a branching is kept by exchanging edges, so a late alert joins an incident
or joins several.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median_low

from bot.analysis.alert_branching import Branching
from bot.analysis.alert_relations import SAME, Alert, Onset, Surroundings

_DELAY, _LONG_DELAY, _LONG_SHARE = 90.0, 600.0, 0.1
"""Mean seconds from a cause's alert to its effect's, and of the share of them that takes long."""
_AHEAD, _AHEAD_SHARE = 40.0, 0.5
"""Mean seconds by which an effect's alert comes before its cause's, where it does."""
_REFIRE, _REFIRE_SHARE, _AGAIN = 400.0, 0.5, 60.0
"""Mean seconds until an alert fires again; within ``_AGAIN`` it is the same firing."""
_BETWEEN = 300.0
"""Mean seconds between two incidents in a storm, before anything is known of it."""
_HORIZON, _MOST_AHEAD = 2400.0, 200.0
_FEWEST_PARTS = 10
_NEWEST = 8
_LATEST = 64


def _recent() -> defaultdict[str, deque[Onset]]:
    return defaultdict(lambda: deque(maxlen=_NEWEST))


@dataclass
class Grouping:
    """The incidents of a stream of alerts; an incident has the id of its first firing.

    A firing leaves 40 minutes after it began, or when there are ``most`` later ones, so memory is bounded; ``settled``
    is called with it and its incident then. Until then an incident may join an older one.
    """

    surroundings: Surroundings
    settled: Callable[[int, int], None]
    most: int = 20_000
    _branching: Branching = field(default_factory=Branching)
    _fired: dict[tuple[str, str], Onset] = field(default_factory=dict)
    _about: defaultdict[str, deque[Onset]] = field(default_factory=_recent)
    _naming: defaultdict[str, deque[Onset]] = field(default_factory=_recent)
    _latest: deque[Onset] = field(default_factory=lambda: deque(maxlen=_LATEST))
    _parts: Counter[str] = field(default_factory=Counter)
    _next: int = 0

    def add(self, alert: Alert) -> int:
        """Take in an alert; the id of its firing, which is an earlier one's where it fires again within a minute."""
        again = self._fired.get((alert.name, alert.category))
        if again and abs(alert.at - again.alert.at) <= _AGAIN:
            again.count += 1
            again.last = max(again.last, alert.at)
            return again.id
        onset = self.surroundings.learn(self._next, alert)
        self._next += 1
        self._place(onset)
        self._remember(onset)
        self._forget()
        return onset.id

    def incident(self, firing: int) -> int:
        """The incident of a firing that is not settled yet; KeyError of others."""
        return self._branching.incident(firing)

    def incidents(self) -> dict[int, list[Onset]]:
        """The incidents that are not settled, with their firings in the order they came."""
        found: defaultdict[int, list[Onset]] = defaultdict(list)
        for id, onset in self._branching.onsets.items():
            found[self._branching.incident(id)].append(onset)
        return dict(found)

    def settle(self) -> None:
        """Settle all firings: nothing more is coming."""
        for onset in list(self._branching.onsets.values()):
            self._leave(onset)

    def _place(self, onset: Onset) -> None:
        """Hang it on what explains it best, and on it what it explains better than what that hangs on."""
        self._branching.onsets[onset.id] = onset
        pool = self._pool(onset)
        causes = sorted(
            ((weight, cause.id) for cause in pool if (weight := self._weight(cause, onset)) > self._alone), reverse=True
        )
        if causes:
            self._branching.hang(onset, self._branching.onsets[causes[0][1]], causes[0][0])
        for effect in pool:
            weight = self._weight(onset, effect)
            if weight > (effect.weight or self._alone):
                self._take(effect, onset, weight, causes)

    def _take(self, effect: Onset, onset: Onset, weight: float, causes: Sequence[tuple[float, int]]) -> None:
        if not self._branching.is_under(onset, effect):
            self._branching.hang(effect, onset, weight)
            return
        # The new one hangs on what it would explain: it must find another cause, and the exchange must pay.
        onsets = self._branching.onsets
        free = ((w, id) for w, id in causes if not self._branching.is_under(onsets[id], effect))
        other = next(free, (self._alone, -1))
        if weight * other[0] > (effect.weight or self._alone) * onset.weight:
            self._branching.cut(onset)
            if other[1] >= 0:
                self._branching.hang(onset, onsets[other[1]], other[0])
            self._branching.hang(effect, onset, weight)

    @property
    def _alone(self) -> float:
        """The weight of being where an incident begins."""
        return 1 / (_BETWEEN * max(_FEWEST_PARTS, len(self._parts)))

    def _weight(self, cause: Onset, effect: Onset) -> float:
        delay = effect.alert.at - cause.alert.at
        if not -_MOST_AHEAD <= delay <= _HORIZON:
            return 0.0
        if cause.alert.name == effect.alert.name:
            again = cause.alert.category == effect.alert.category
            latest = self._fired.get((cause.alert.name, cause.alert.category)) is cause
            if delay < 0 or (again and not latest):
                return 0.0
            return _REFIRE_SHARE * _fading(delay, _REFIRE) if again else SAME * _fading(delay, _DELAY)
        if self.surroundings.is_stranger(effect) and not effect.names & {cause.alert.name, *cause.names}:
            return _density(delay) / max(_FEWEST_PARTS, len(self._parts))
        return self.surroundings.shows(cause, effect) * _density(delay)

    def _pool(self, onset: Onset) -> list[Onset]:
        """What may cause it or be caused by it."""
        parts = self.surroundings.related(onset) | onset.names
        found = [one for name in parts for one in self._about.get(name, ())]
        found += [one for name in (onset.alert.name, onset.service, *onset.names) for one in self._naming.get(name, ())]
        found += self._about.get("", ())
        if onset.alert.type == "Node":
            found += self._latest
        elif self.surroundings.is_stranger(onset):
            found += list(self._latest)[-_NEWEST:]
        return [one for id, one in sorted({one.id: one for one in found}.items()) if id in self._branching.onsets]

    def _remember(self, onset: Onset) -> None:
        for name in _stands_under(onset):
            self._about[name].append(onset)
        for name in onset.names:
            self._naming[name].append(onset)
        self._latest.append(onset)
        self._fired[onset.alert.name, onset.alert.category] = onset
        self._parts[onset.alert.name] += 1

    def _forget(self) -> None:
        # The middle of the latest times: one wrong clock must not settle everything.
        now = median_low(onset.alert.at for onset in self._latest)
        onsets = self._branching.onsets
        while len(onsets) > self.most or now - next(iter(onsets.values())).alert.at > _HORIZON:
            self._leave(next(iter(onsets.values())))

    def _leave(self, onset: Onset) -> None:
        self.settled(onset.id, self._branching.remove(onset))
        for index, names in ((self._about, _stands_under(onset)), (self._naming, onset.names)):
            for name in names:
                index[name] = deque((one for one in index[name] if one is not onset), maxlen=_NEWEST)
                if not index[name]:
                    del index[name]
        if self._fired.get((onset.alert.name, onset.alert.category)) is onset:
            del self._fired[onset.alert.name, onset.alert.category]
        self._parts[onset.alert.name] -= 1
        if not self._parts[onset.alert.name]:
            del self._parts[onset.alert.name]
            self.surroundings.forget(onset.alert.name)


def group(alerts: Iterable[Alert], calls: Iterable[tuple[str, str]]) -> list[int]:
    """The incident of each alert, in the order given; any number stands for an incident.

    Alerts are taken in by their time. Calls are pairs of caller and callee; without any, time and text alone decide.
    """
    given = list(alerts)
    settled: dict[int, int] = {}
    grouping = Grouping(Surroundings(calls), settled.__setitem__)
    firings = {at: grouping.add(given[at]) for at in sorted(range(len(given)), key=lambda at: given[at].at)}
    grouping.settle()
    return [settled[firings[at]] for at in range(len(given))]


def _stands_under(onset: Onset) -> set[str]:
    # Nodes are found without a name too: which parts run on them is mostly not known.
    return {onset.alert.name, "" if onset.alert.type == "Node" else onset.service}


def _fading(delay: float, mean: float) -> float:
    return math.exp(-delay / mean) / mean


def _density(delay: float) -> float:
    """Of a delay in seconds between the alerts of a cause and its effect; negative where the effect's came first."""
    if delay < 0:
        return _AHEAD_SHARE * _fading(-delay, _AHEAD)
    return (1 - _LONG_SHARE) * _fading(delay, _DELAY) + _LONG_SHARE * _fading(delay, _LONG_DELAY)
