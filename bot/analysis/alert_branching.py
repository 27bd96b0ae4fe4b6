"""A branching of firings: each hangs on the one that explains it, or is where an incident begins."""

from collections import defaultdict
from dataclasses import dataclass, field

from bot.analysis.alert_relations import Onset


@dataclass
class Branching:
    """Trees of firings in the order they came; a tree is an incident and has the id of the first firing it ever had."""

    onsets: dict[int, Onset] = field(default_factory=dict)
    _children: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def incident(self, firing: int) -> int:
        """The incident of a firing; KeyError where it is not here."""
        return self._root(self.onsets[firing]).incident

    def is_under(self, onset: Onset, other: Onset) -> bool:
        """Whether the one hangs on the other, directly or not, or is it."""
        while onset is not other and onset.parent is not None:
            onset = self.onsets[onset.parent]
        return onset is other

    def hang(self, onset: Onset, cause: Onset, weight: float) -> None:
        """Hang it, with all that hangs on it, on another that is not under it."""
        began = onset.incident if onset.parent is None else None
        self.cut(onset)
        onset.parent, onset.weight = cause.id, weight
        self._children[cause.id].add(onset.id)
        if began is not None:
            root = self._root(cause)
            root.incident = min(root.incident, began)

    def cut(self, onset: Onset) -> None:
        """Let it hang on nothing."""
        if onset.parent is not None:
            self._children[onset.parent].discard(onset.id)
        onset.parent, onset.weight = None, 0.0

    def remove(self, onset: Onset) -> int:
        """Take it away; what hung on it stays in its incident, which comes back."""
        incident = self.incident(onset.id)
        for id in self._children.pop(onset.id, set()).copy():
            self.cut(self.onsets[id])
            self.onsets[id].incident = incident
        self.cut(onset)
        del self.onsets[onset.id]
        return incident

    def _root(self, onset: Onset) -> Onset:
        while onset.parent is not None:
            onset = self.onsets[onset.parent]
        return onset
