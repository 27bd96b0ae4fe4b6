"""How alerts may hang together: which trouble can show at which service, pod or node, by the call graph and by text.

Trouble travels from a callee to its callers, from a node to its pods and from a pod to its service, as in the causality
graphs of Groot (H. Wang et al., "Groot: An Event-graph-based Approach for Root Cause Analysis in Industrial Settings",
ASE 2021). A text that names another part overrides what the graph says, and tells on which node a pod runs.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# How likely trouble at one part shows at the other, of those related in this way. Rounded to one digit: what matters is
# their order, and the grouping hardly changes when any of them is doubled or halved.
SAME, OWN_POD, OWN_SERVICE, OWN_NODE, ANY_NODE = 0.3, 0.5, 0.3, 0.6, 0.2
CALLEE, INDIRECT, SAME_NAMED, NAMED = 0.5, 0.04, 0.3, 15.0
NAMES_ANOTHER = 0.3
_MOST_HOPS = 2
_MARKS = re.compile(r"-(?:[a-z0-9]{6,10}-[a-z0-9]{5}|[a-z0-9]{5}|\d+)$")
_TOKEN = re.compile(r"\w[\w./:@-]*\w")
# Addresses, host names of three parts and more, and hyphenated hosts with a port.
_PLACE = re.compile(
    r"(?<![\w.-])(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[\w-]+(?:\.[\w-]+){2,}(?::\d+)?|[a-z]\w*(?:-\w+)+:\d{2,5})"
)
_LONGEST = 4000


@dataclass(frozen=True)
class Alert:
    """One firing of an alert rule: when, in seconds, and at which ``Service``, ``Pod`` or ``Node``."""

    at: float
    type: str
    name: str
    category: str
    evidence: tuple[str, ...] = ()


@dataclass
class Onset:
    """A firing as the grouping keeps it: its service and the parts that its text names."""

    id: int
    alert: Alert
    service: str
    names: frozenset[str]
    count: int = 1
    last: float = 0.0
    parent: int | None = None
    weight: float = 0.0
    incident: int = -1


@dataclass
class Surroundings:
    """What is known of the parts: the calls between them (caller, callee), and what alerts have told since."""

    calls: Iterable[tuple[str, str]]
    below: Mapping[str, Mapping[str, int]] = field(init=False)
    """Of each service the callees with the number of calls to them, two at most."""
    above: Mapping[str, frozenset[str]] = field(init=False)
    _known: set[str] = field(init=False)
    _nodes: set[str] = field(default_factory=set)
    _runs_on: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        callees: defaultdict[str, set[str]] = defaultdict(set)
        for caller, callee in self.calls:
            callees[caller].add(callee)
        self._known = {name for caller, some in callees.items() for name in (caller, *some)}
        self.below = {name: _callees(name, callees) for name in self._known}
        callers: defaultdict[str, set[str]] = defaultdict(set)
        for name, some in self.below.items():
            for callee in some:
                callers[callee].add(name)
        self.above = {name: frozenset(callers[name]) for name in self._known}

    def learn(self, id: int, alert: Alert) -> Onset:
        """The alert with what its text names; from now on its part is known by name too."""
        self._known.add(alert.name)
        if alert.type == "Node":
            self._nodes.add(alert.name)
        service = self.service_of(alert)
        text = " ".join(alert.evidence)[:_LONGEST]
        tokens = {token.rstrip(".:/-") for token in _TOKEN.findall(text)}
        names = (tokens & self._known) | set(_PLACE.findall(text))
        names -= {alert.name, service}
        self._runs_on[alert.name] |= names & self._nodes
        return Onset(id, alert, service, frozenset(names), last=alert.at, incident=id)

    def forget(self, name: str) -> None:
        """Drop what alerts told of a part: it has none any more."""
        self._nodes.discard(name)
        self._runs_on.pop(name, None)
        if name not in self.below:
            self._known.discard(name)

    def service_of(self, alert: Alert) -> str:
        """The service that the alert is about: of a pod's name the longest beginning that is a service's."""
        name = alert.name
        if alert.type != "Pod":
            return name
        while "-" in name:
            name = name.rpartition("-")[0]
            if name in self.below:
                return name
        return _MARKS.sub("", alert.name)

    def is_stranger(self, onset: Onset) -> bool:
        """Whether the graph says nothing of its service."""
        return onset.service not in self.below and onset.alert.type != "Node"

    def shows(self, cause: Onset, effect: Onset) -> float:
        """How likely trouble at ``cause`` shows at ``effect``, from 0; above 1 where the effect's text says so."""
        if cause.alert.name == effect.alert.name:
            return SAME
        if cause.alert.name in effect.names or (cause.service in effect.names and cause.alert.type != "Node"):
            return NAMED
        if cause.names & effect.names:
            return SAME_NAMED
        likely = self._by_graph(cause, effect)
        return likely * NAMES_ANOTHER if effect.names else likely

    def related(self, onset: Onset) -> set[str]:
        """The parts at which what causes it may be, or what it causes, by the graph."""
        own = {onset.service, onset.alert.name}
        return own.union(*(self.below.get(name, ()) for name in own), *(self.above.get(name, ()) for name in own))

    def _by_graph(self, cause: Onset, effect: Onset) -> float:
        if hops := self._hops(cause, effect):
            return (CALLEE, INDIRECT)[hops - 1]
        if cause.alert.type == "Node":
            return self._on_node(cause, effect)
        if effect.alert.type == "Node" or cause.service != effect.service:
            return 0.0
        return OWN_POD if cause.alert.type == "Pod" else OWN_SERVICE

    def _on_node(self, node: Onset, effect: Onset) -> float:
        nodes = self._runs_on.get(effect.alert.name)
        if nodes:
            return OWN_NODE if node.alert.name in nodes else 0.0
        return {"Pod": ANY_NODE, "Service": ANY_NODE / 2}.get(effect.alert.type, 0.0)

    def _hops(self, cause: Onset, effect: Onset) -> int:
        """The calls from the effect down to the cause; 0 for none. A graph may have pods and nodes among its parts."""
        own = self.below.get(effect.alert.name, {}).get(cause.alert.name, 0)
        return own or self.below.get(effect.service, {}).get(cause.service, 0)


def _callees(name: str, callees: Mapping[str, set[str]]) -> dict[str, int]:
    found, edge = {name: 0}, [name]
    for hops in range(1, _MOST_HOPS + 1):
        edge = [callee for one in edge for callee in callees.get(one, ()) if callee not in found]
        found |= dict.fromkeys(edge, hops)
    del found[name]
    return found
