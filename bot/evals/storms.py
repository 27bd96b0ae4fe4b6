"""Makes alert storms whose incidents are known: seeded, over a given or a made call graph.

An incident begins at a node, a pod or a service and climbs to callers with a chance and a delay per call. What it
reaches raises alerts after a detection delay of its own, some of them again and again; some texts name what they wait
for. Storms have several incidents, noise that belongs to none, clocks that disagree, and a topology with errors.
"""

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Calls = Sequence[tuple[str, str]]
"""Pairs of caller and callee."""

_CAUSES = {
    "Node": ("NodePressure", ("memory pressure, 97% used", "disk 98% full", "load average 64", "not ready for 60 s")),
    "Pod": (
        "PodResource",
        ("OOMKilled, restart 3", "CPU throttled 80% of the time", "CrashLoopBackOff", "network loss 30%"),
    ),
    "Service": (
        "ServiceFault",
        ("error rate 35% after release", "connection pool exhausted", "exceptions 120 per minute"),
    ),
}
_CAUGHT = {
    "Pod": (("PodUnhealthy", "readiness probe failed"), ("PodLatency", "requests take 3.1 s")),
    "Service": (("Latency", "p99 latency 2400 ms above 500 ms"), ("ErrorRate", "5xx share 12% above 1%")),
}
_MOST_REFIRES = 3


@dataclass(frozen=True)
class Climate:
    """How storms are: what is drawn for each of them. Times are seconds, shares are from 0 to 1."""

    incidents: tuple[int, int] = (1, 6)
    span: float = 3600
    """The incidents of a storm begin within this time."""
    hop: float = 25
    """Median delay per call that an incident climbs."""
    detection: float = 60
    """An alert is raised up to so much after its cause."""
    climbs: float = 0.6
    jitter: float = 3
    """Standard deviation of the clocks."""
    noise: float = 0.05
    """Alerts of no incident, as a share of the others."""
    refires: float = 0.2
    naming: float = 0.35
    """Share of the texts that name what they wait for."""
    unwatched: float = 0.0
    """Share of the services that raise no alert."""
    missing: float = 0.05
    """Share of the calls that the topology leaves out."""
    wrong: float = 0.0
    """Calls that the topology makes up, as a share of the true ones."""


CLIMATES: Mapping[str, Climate] = {
    "plain": Climate(),
    "single": Climate(incidents=(1, 1)),
    "many": Climate(incidents=(5, 6)),
    "crowded": Climate(span=600),
    "at-once": Climate(incidents=(2, 3), span=30),
    "apart": Climate(incidents=(2, 6), span=14400),
    "jitter": Climate(jitter=30),
    "slow": Climate(hop=90, detection=180),
    "quick": Climate(hop=3, detection=10, span=900),
    "far-reaching": Climate(climbs=0.9),
    "noisy": Climate(noise=0.3, refires=0.5),
    "silent": Climate(naming=0.0),
    "unwatched": Climate(unwatched=0.35),
    "wrong-graph": Climate(missing=0.3, wrong=0.3),
}


Alert = dict[str, object]
_Said = tuple[str, str]
"""Category and text."""
_Part = tuple[str, str]
"""Type and name."""


@dataclass
class _World:
    calls: Calls
    climate: Climate
    chance: random.Random
    pods: dict[str, list[str]] = field(default_factory=dict)
    node_of: dict[str, str] = field(default_factory=dict)
    unwatched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        services = sorted({name for call in self.calls for name in call})
        nodes = [f"node-{at + 1}" for at in range(max(2, len(services) // 4))]
        for service in services:
            self.pods[service] = [
                f"{service}-{self._mark(9)}-{self._mark(5)}" for _ in range(self.chance.randint(1, 3))
            ]
            self.node_of |= {pod: self.chance.choice(nodes) for pod in self.pods[service]}
        self.unwatched = {service for service in services if self.chance.random() < self.climate.unwatched}

    def _mark(self, length: int) -> str:
        return "".join(self.chance.choices("bcdfghjklmnpqrstvwxz2456789", k=length))

    def delay(self) -> float:
        return self.climate.hop * self.chance.lognormvariate(0, 0.7)

    def climbs(self) -> bool:
        return self.chance.random() < self.climate.climbs

    def caught(self, kind: str, because: str) -> _Said:
        category, text = self.chance.choice(_CAUGHT[kind])
        return category, f"{text}; waiting for {because}" if self.chance.random() < self.climate.naming else text

    def raised(self, at: float, part: _Part, said: _Said, truth: str) -> list[Alert]:
        times = [at + self.chance.uniform(0, self.climate.detection)]
        if self.chance.random() < self.climate.refires:
            for _ in range(self.chance.randint(1, _MOST_REFIRES)):
                times.append(times[-1] + self.chance.uniform(60, 300))
        return [_alert(time, part, said, truth) for time in times]


def graph(services: int, calls: float, chance: random.Random) -> Calls:
    """A made call graph without cycles: each service but the first has a caller, and ``calls`` callees on average."""
    made = {(chance.randrange(at), at) for at in range(1, services)}
    while len(made) < calls * services:
        caller, callee = sorted(chance.sample(range(services), 2))
        made.add((caller, callee))
    return [(f"svc-{caller:02d}", f"svc-{callee:02d}") for caller, callee in sorted(made)]


def storm(name: str, system: str, calls: Calls, climate: Climate, chance: random.Random) -> dict[str, object]:
    """One storm in the form of ``storms.jsonl``, its alerts in order of time."""
    world = _World(calls, climate, chance)
    alerts: list[Alert] = []
    for at in range(chance.randint(*climate.incidents)):
        raised = _incident(f"{name}-{at}", world, chance.uniform(0, climate.span))
        alerts += [alert for alert in raised if alert["name"] not in world.unwatched] or raised[:1]
    end = max(_time(alert) for alert in alerts)
    for at in range(round(climate.noise * len(alerts))):
        service = chance.choice(sorted(world.pods))
        part = chance.choice([("Service", service), ("Pod", world.pods[service][0])])
        alerts.append(_alert(chance.uniform(0, end), part, chance.choice(_CAUGHT[part[0]]), f"{name}-noise-{at}"))
    for alert in alerts:
        alert["t"] = round(max(0.0, _time(alert) + chance.gauss(0, climate.jitter)), 1)
    return {"storm": name, "system": system, "alerts": sorted(alerts, key=_time)}


def told(calls: Calls, climate: Climate, chance: random.Random) -> list[list[str]]:
    """What the topology says of the calls: some are missing, some made up."""
    names = sorted({name for call in calls for name in call})
    kept = [list(call) for call in calls if chance.random() >= climate.missing]
    return kept + [chance.sample(names, 2) for _ in range(round(climate.wrong * len(calls)))]


def make(folder: Path, climate: Climate, count: int, seed: int, graphs: Mapping[str, Calls] | None = None) -> None:
    """Write ``storms.jsonl.gz`` and ``topology.json`` into an existing folder: so many storms, over graphs in turn.

    Without graphs there are made ones: small and large, sparse and dense.
    """
    chance = random.Random(seed)  # noqa: S311  # not a secret: the same seed must give the same storms
    made = {f"{n}x{calls}": graph(n, calls, chance) for n in (12, 40) for calls in (1.3, 3.0)}
    systems = dict(graphs or made)
    names = sorted(systems)
    storms = [
        storm(f"storm-{at}", names[at % len(names)], systems[names[at % len(names)]], climate, chance)
        for at in range(count)
    ]
    lines = "\n".join(json.dumps(one) for one in storms) + "\n"
    (folder / "storms.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    topology = {name: told(calls, climate, chance) for name, calls in systems.items()}
    (folder / "topology.json").write_text(json.dumps(topology), "utf-8")


def _incident(truth: str, world: _World, start: float) -> list[Alert]:
    """Begins at a part, reaches the pods of a node and the services of these, and climbs from there."""
    chance = world.chance
    kind = chance.choice(("Node", "Pod", "Service"))
    service = chance.choice(sorted(world.pods))
    pod = chance.choice(world.pods[service])
    root = {"Node": world.node_of[pod], "Pod": pod, "Service": service}[kind]
    category, texts = _CAUSES[kind]
    alerts = world.raised(start, (kind, root), (category, chance.choice(texts)), truth)
    if kind == "Service":
        return alerts + _climb({service: start}, root, world, truth)
    hit = {pod} if kind == "Pod" else {one for one, node in world.node_of.items() if node == root and world.climbs()}
    for one in sorted(hit - {root}):
        alerts += world.raised(start + world.delay(), ("Pod", one), world.caught("Pod", root), truth)
    owners = [name for name, own in world.pods.items() if hit.intersection(own)]
    return alerts + _climb({name: start + world.delay() for name in owners}, root, world, truth)


def _climb(reached: dict[str, float], root: str, world: _World, truth: str) -> list[Alert]:
    """The alerts of the services reached so far, each with its time, and of those that call them."""
    alerts: list[Alert] = []
    because = dict.fromkeys(reached, root)
    waiting = list(reached)
    while waiting:
        callee = waiting.pop(0)
        for _ in range(world.chance.randint(1, 2) if callee != root else 0):
            said = world.caught("Service", because[callee])
            alerts += world.raised(reached[callee], ("Service", callee), said, truth)
        for caller in (one for one, other in world.calls if other == callee):
            if caller not in reached and world.climbs():
                reached[caller], because[caller] = reached[callee] + world.delay(), callee
                waiting.append(caller)
    return alerts


def _alert(at: float, part: _Part, said: _Said, truth: str) -> Alert:
    kind, name = part
    return {"t": at, "type": kind, "name": name, "category": said[0], "evidence": [said[1]], "truth_incident": truth}


def _time(alert: Alert) -> float:
    return float(str(alert["t"]))
